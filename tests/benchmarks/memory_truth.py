"""Measure real training steps on random weights and compare them with the estimates; downloads nothing.

    python tests/benchmarks/memory_truth.py [--device cuda|cpu] [--only N] [--output FILE.jsonl]

On a GPU: the peak of the tensors (``torch.cuda.max_memory_allocated``) and, beside it, the GPU's memory outside the
allocator. On a CPU: resident memory above the process's own before the model is loaded; Linux only. Every configuration
runs in a process of its own, with the trainer that ``ftadvisor run`` uses, and becomes one line of the output; those
that stand there already are not measured again. At the end a Markdown table of errors is printed. Needs the extra
[train]; the whole list for GPUs takes one with 24 GB or more and 20 GB of disk.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.result import Peak
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.executors.expected import training_request
from ftadvisor.executors.method import method_module
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from truth_settings import Setting, settings_for

TYPES = {"cuda": "bfloat16", "cpu": "float32"}


def main() -> int:
    """Measure what is not measured yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=tuple(TYPES), default="cuda")
    parser.add_argument("--only", type=int, metavar="N", help="the first N configurations")
    parser.add_argument("--output", type=Path, default=Path("memory_truth.jsonl"), help="one line per configuration")
    parser.add_argument("--step", nargs=3, metavar=("DO", "SETTING", "FOLDER"), help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.step:
        return _step(*words.step)
    if words.device == "cuda" and not _has_gpu():
        print("skipped: PyTorch finds no CUDA device here. What can be measured without one: --device cpu")
        return 0
    settings = settings_for(words.device)[: words.only]
    done = {line["id"]: line for line in read_lines(words.output)}
    for setting in settings:
        if setting["id"] not in done:
            done[setting["id"]] = _measured(setting, words.device)
            with words.output.open("a", encoding="utf-8") as file:
                print(json.dumps(done[setting["id"]]), file=file, flush=True)
    print(table([done[setting["id"]] for setting in settings]))
    return 0


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the measurements of earlier runs."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _measured(setting: Setting, device: str) -> dict[str, Any]:
    """Return the setting with what was measured and estimated, or why not."""
    words = json.dumps(setting | {"device": device})
    with TemporaryDirectory() as folder:
        for do in ("write", "probe"):  # apart, so that writing leaves no freed memory behind
            command = [sys.executable, __file__, "--step", do, words, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return setting | {"device": device, "failed": done.stderr.strip().splitlines()[-1:]}
    measured = json.loads(done.stdout.splitlines()[-1])
    print(setting["id"], measured["peak_bytes"], measured["estimated"], file=sys.stderr, flush=True)
    libraries = {name: version(name) for name in ("torch", "transformers", "peft", "bitsandbytes")}
    return setting | {"device": device, **measured, "libraries": libraries}


def _step(do: str, words: str, folder: str) -> int:
    from ftadvisor.executors.plan import ModelSource
    from ftadvisor.executors.probe import probe, write_random_model

    setting = json.loads(words)
    number_type = TYPES[setting["device"]]
    if do == "write":
        write_random_model(setting["config"], Path(folder), number_type)
        return 0
    base = ModelSource(source=folder, dtype=number_type, quantisation=setting["quantisation"])
    options = _options(setting)
    found = probe(base, setting["method"], setting["method_options"], options, setting["length"])
    peak = estimated(setting)
    key = "allocated_bytes" if setting["device"] == "cuda" else "device_bytes"
    answer = {"estimated": peak and getattr(peak, key), "range": peak and (peak.low_bytes, peak.high_bytes)}
    print(json.dumps(asdict(found) | answer | {"machine": _machine(setting["device"])}))
    return 0


def estimated(setting: Setting) -> Peak | None:
    """Return the estimator's answer for the same training; None where it gives none."""
    own = method_module(setting["method"]).Options.model_validate(setting["method_options"])
    shape = {"seq_len": setting["length"], "loss_len": setting["length"]}
    number_type, stored = TYPES[setting["device"]], setting["quantisation"]
    request = training_request(
        setting["config"], setting["method"], own, _options(setting), shape, number_type, stored, setting["device"]
    )
    try:
        return estimate(request).peak if request else None
    except (UnsupportedError, UserError):
        return None


def _options(setting: Setting) -> TrainOptions:
    names = {"batch_size", "gradient_checkpointing"}
    return TrainOptions.model_validate({name: setting[name] for name in names})


def _machine(device: str) -> str:
    import platform

    import torch

    return (
        torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()}, {' '.join(platform.libc_ver())}"
    )


def table(lines: Iterable[Mapping[str, Any]]) -> str:
    """Return the errors by method as Markdown."""
    errors: dict[str, list[float]] = defaultdict(list)
    inside: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for line in lines:
        for name in (line["method"], "all"):
            counts[name] += 1
            if line.get("estimated"):
                errors[name].append(abs(line["estimated"] / line["peak_bytes"] - 1))
                inside[name] += line["peak_bytes"] <= line["range"][1]
    rows = ["| method | measured | answered | median error | largest | below the high end |"]
    rows.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in sorted(counts, key=lambda name: (name == "all", name)):
        found = errors[name]
        cells = (f"{median(found):.1%} | {max(found):.1%} | {inside[name]}" if found else "- | - | -") + " |"
        rows.append(f"| {name} | {counts[name]} | {len(found)} | {cells}")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
