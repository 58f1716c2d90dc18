"""Compare the estimate for a CPU with the resident memory of a real training step there, random weights, no download.

Usage: python tests/benchmarks/cpu_memory.py METHOD BATCH LENGTH, with METHOD ``full`` or ``lora``.
One configuration per process, as freed memory stays with the process; Linux only. Needs the extra [train].
"""

import gc
import sys
from pathlib import Path
from typing import Any

from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.freed_memory import return_freed_memory

MIB = 2**20
CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 8000,
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
SMALL = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 320, "num_hidden_layers": 2}


def main(words: list[str]) -> int:
    """Print the measured and the estimated peak."""
    method, batch, length = words[0], int(words[1]), int(words[2])
    return_freed_memory()  # as the trainer does
    train(CONFIG | SMALL, method, 2, 32)  # loads the libraries
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    train(CONFIG, method, batch, length)
    measured = resident("VmHWM") - before
    request = EstimateRequest(
        config=CONFIG, method=method, batch=batch, seq_len=length, dtype="fp32", device="cpu", grad_checkpointing=False
    )
    peak = estimate(request).peak
    figures = (measured, peak.allocated_bytes, peak.low_bytes, peak.device_bytes, peak.high_bytes)
    print(
        method,
        batch,
        length,
        *(f"{figure / MIB:.0f}" for figure in figures),
        "MiB: measured, tensors, low, likely, high",
    )
    return 0


def train(config: dict[str, Any], method: str, batch: int, length: int) -> None:
    """Run two optimization steps."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    if method == "lora":
        model = get_peft_model(model, LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    model.train()
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], fused=True)
    for _ in range(2):
        ids = torch.randint(1, 300, (batch, length))
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def resident(name: str) -> int:
    """Return a figure of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
