"""Compare the estimate for a CPU with the resident memory of real training steps there, random weights, no download.

Usage: python tests/benchmarks/cpu_memory.py [METHOD BATCH LENGTH CHECKPOINTING KIND]; without words, the settings of
``SETTINGS``, each in a process of its own, as freed memory stays with the process. Linux only; needs the extra [train].
KIND is ``text`` for a language model, ``words`` for one that learns 64 new words beside an adapter, ``sequence``,
``token`` or ``span`` for an encoder with that head, or ``half`` for a small one that tells classes in bfloat16, in
batches of 25 lengths up to LENGTH.
"""

import gc
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.freed_memory import is_returned, return_freed_memory
from ftadvisor.executors.kernel_cache import bound_kernels

MIB = 2**20
CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 16000,
    "hidden_size": 768,
    "intermediate_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 12,
    "num_key_value_heads": 4,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
ENCODER: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 16000,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 8,
    "num_attention_heads": 12,
    "max_position_embeddings": 512,
}
SMALL_ENCODER: dict[str, Any] = ENCODER | {
    "vocab_size": 30522,
    "hidden_size": 384,
    "intermediate_size": 1536,
    "num_hidden_layers": 6,
}
LABELS = {"sequence": 7, "token": 9, "span": 2, "half": 77}
LENGTHS, SHORTEST = 24, 8
"""Lengths of batches before the longest one, and the shortest that they may have, where they differ."""
WORDS = 64
SMALL = {"hidden_size": 48, "intermediate_size": 128, "vocab_size": 320, "num_hidden_layers": 2}
SETTINGS = (
    ("full", 4, 512, False, "text"),
    ("full", 8, 512, True, "text"),
    ("lora", 4, 512, False, "text"),
    ("ia3", 4, 512, False, "text"),
    ("adapter", 8, 256, False, "text"),
    ("bitfit", 8, 512, True, "text"),
    ("lora", 4, 512, False, "words"),
    ("full", 8, 256, False, "sequence"),
    ("lora", 8, 256, False, "token"),
    ("full", 4, 384, False, "span"),
    ("lora", 32, 96, False, "half"),
    ("full", 32, 96, False, "half"),
)
"""Method, rows, tokens a row, gradient checkpointing, kind; tensors of a GiB or more each but for the last two."""


def main(words: list[str]) -> int:
    """Print the measured and the estimated peak of one setting, or of all."""
    if words:
        compare(words[0], int(words[1]), int(words[2]), words[3] == "True", words[4])
        return 0
    print(f"{'setting':<32} {'measured':>9} {'tensors':>8} {'low':>6} {'likely':>7} {'high':>6}  MiB   error of likely")
    for setting in SETTINGS:
        subprocess.run([sys.executable, __file__, *map(str, setting)], check=True)
    return 0


def compare(method: str, batch: int, length: int, checkpointing: bool, kind: str) -> None:
    """Measure one setting in this process and print it beside its estimate."""
    values: dict[str, Any] = {"method": method, "batch": batch, "seq_len": length, "grad_checkpointing": checkpointing}
    config = SMALL_ENCODER if kind == "half" else ENCODER if kind in LABELS else CONFIG
    config = config | ({"attention_bias": True, "mlp_bias": True} if method == "bitfit" else {})
    if kind in LABELS:
        told = kind in {"sequence", "half"}
        values |= {"labels": LABELS[kind], "head": "sequence" if told else kind, "fresh_pooler": told}
    grown = config | ({"vocab_size": config["vocab_size"] + WORDS} if kind == "words" else {})
    values |= {"added_tokens": WORDS} if kind == "words" else {}
    values |= {"config": grown, "dtype": "fp32", "amp": kind == "half", "device": "cpu"}
    request = EstimateRequest.model_validate(values)
    peak = estimate(request).peak
    bound_kernels()
    if is_returned(peak.allocated_bytes):  # as the trainer does
        return_freed_memory()
    train(config | SMALL, method, 2, 32, checkpointing, kind)  # loads the libraries
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    train(config, method, batch, length, checkpointing, kind)
    measured = resident("VmHWM") - before
    figures = (measured, peak.allocated_bytes, peak.low_bytes, peak.device_bytes, peak.high_bytes)
    shown = [f"{figure / MIB:.0f}" for figure in figures]
    name = f"{method} {batch}x{length}{' checkpoints' if checkpointing else ''} {kind}"
    widths = zip(shown, (9, 8, 6, 7, 6), strict=True)
    print(
        f"{name:<32}", *(f"{text:>{width}}" for text, width in widths), f"      {peak.device_bytes / measured - 1:+.1%}"
    )


def train(config: dict[str, Any], method: str, batch: int, length: int, checkpointing: bool, kind: str) -> None:
    """Run some optimization steps of a method as the trainer attaches it."""
    import torch
    from ftadvisor.executors.method import method_module
    from ftadvisor.executors.recomputing import recompute_activations
    from ftadvisor.executors.vocabulary import grow_model

    module = method_module(method)
    bare = base_model(config, kind)
    if kind == "words":
        grow_model(bare, {config["vocab_size"] + place: [1, 2] for place in range(WORDS)})
    model = module.attach(bare, module.Options())
    if checkpointing:
        recompute_activations(model)
    model.train()
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], fused=True)
    for long in lengths(length, kind):
        ids = torch.randint(1, 300, (batch, long))
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == "half"):
            loss = model(input_ids=ids, **wanted(kind, ids)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def lengths(longest: int, kind: str) -> list[int]:
    """Return how long the batches are, one after the other."""
    if kind != "half":
        return [longest, longest]
    return [*random.Random(0).sample(range(SHORTEST, longest), min(LENGTHS, longest - SHORTEST)), longest]


def wanted(kind: str, ids: Any) -> dict[str, Any]:
    """Return what a model is to say of rows, by its own names."""
    if kind == "span":
        return {"start_positions": ids[:, 0] % 8, "end_positions": ids[:, 1] % 8}
    if kind in LABELS:
        return {"labels": (ids if kind == "token" else ids[:, 0]) % LABELS[kind]}
    return {"labels": ids, "use_cache": False}


def base_model(config: dict[str, Any], kind: str) -> Any:
    """Return a model with random weights, read from a file as the trainer reads it."""
    from tempfile import TemporaryDirectory

    import transformers
    from ftadvisor.executors.models import load_model
    from ftadvisor.executors.plan import ModelSource
    from ftadvisor.executors.task import LANGUAGE_MODEL, Loader
    from ftadvisor.knowledge.progress import silent
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    heads = {"sequence": "SequenceClassification", "token": "TokenClassification", "span": "QuestionAnswering"}
    heads["half"] = heads["sequence"]
    auto = f"AutoModelFor{heads[kind]}" if kind in heads else LANGUAGE_MODEL
    loader = Loader(auto, {"num_labels": LABELS[kind]} if kind in heads else None)
    made = transformers.AutoConfig.for_model(**config)
    written = transformers.AutoModelForMaskedLM if kind in heads else transformers.AutoModelForCausalLM
    with TemporaryDirectory() as folder:
        written.from_config(made).save_pretrained(folder)
        gc.collect()
        source = ModelSource.model_validate({"source": folder, "dtype": "float32"})
        return load_model(source, silent, loader)


def resident(name: str) -> int:
    """Return a figure of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
