"""How long 1,000 estimates take in one process: ``python tests/benchmarks/estimate_speed.py``. The bar is 2 seconds.

Four models, five methods, and batches, lengths and ranks of many sizes. Timings decide no test.
"""

import time

from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.model import ModelCard

COUNT = 1000
MODELS = ("llama-3-8b", "llama-2-7b", "qwen2.5-7b", "mistral-7b-v0.3")
METHODS = ("lora", "qlora", "full", "ia3", "adapter")


def requests() -> list[EstimateRequest]:
    """Return questions that differ from one to the next."""
    found = []
    for number in range(COUNT):
        method = METHODS[number % len(METHODS)]
        found.append(
            EstimateRequest.model_validate(
                {
                    "config": load(ModelCard)[MODELS[number % len(MODELS)]].config,
                    "method": method,
                    "quant": "nf4-dq" if method == "qlora" else "none",
                    "batch": 1 + number % 7,
                    "seq_len": 128 * (1 + number % 40),
                    "rank": 4 + number % 60,
                    "grad_checkpointing": number % 3 > 0,
                }
            )
        )
    return found


def main() -> None:
    """Time all estimates: by the clock, and by the processor, which other work on the machine does not delay."""
    asked = requests()
    started, worked = time.perf_counter(), time.process_time()
    for request in asked:
        estimate(request)
    clock, processor = time.perf_counter() - started, time.process_time() - worked
    print(f"{COUNT} estimates: {clock:.2f} s, of the processor {processor:.2f} s (bar 2 s)")


if __name__ == "__main__":
    main()
