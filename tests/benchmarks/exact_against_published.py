"""Compare the exact tier with published measurements, on the libraries that were measured.

Usage: python tests/benchmarks/exact_against_published.py PYTHON [--only WORD]

PYTHON is the interpreter of an environment of its own with

    pip install torch==2.13.0 transformers==4.48.1 peft==0.13.2 accelerate==1.2.1 bitsandbytes==0.45.0
    pip install --no-deps --editable .    and    pip install pydantic rich questionary ruamel.yaml

The measurements were made with torch 2.4.1 and bitsandbytes 0.43.3 on an A100; neither is needed for the trace, which
looks at transformers' and peft's own work. No GPU and no weights are needed; a few minutes per row on one core.
Rows of measured_memory.csv (in ``cases/`` under FTADVISOR_DATA) for the same model, one GPU and no fused kernels are
compared too, where the file is there.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ftadvisor.executors.estimate.device import workspace_of
from ftadvisor.executors.estimate.exact.job import Job
from ftadvisor.executors.estimate.exact.process import traced
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.rows import read_rows, request_of_row
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.find import find_model

MODEL = "mistralai/Mistral-7B-v0.1"
PUBLISHED = (
    ("full", "none", 4, False, 72_434_837_504),
    ("full", "none", 8, False, 72_435_230_720),
    ("lora", "none", 4, False, 26_704_571_904),
    ("lora", "none", 8, False, 38_742_912_512),
    ("qlora", "nf4-dq", 4, False, 16_373_838_336),
    ("qlora", "nf4-dq", 8, False, 28_412_178_944),
    ("qlora", "nf4-dq", 4, True, 20_669_338_112),
    ("qlora", "nf4-dq", 8, True, 37_002_646_016),
)
"""Method, quantisation, batch, k-bit preparation, measured bytes; 4,096 tokens per row.

Source: github.com/foundation-model-stack/fms-acceleration, scripts/benchmarks/refs/a100_80gb.csv,
``torch.cuda.max_memory_allocated`` of Hugging Face's trainer.
"""
BARS = {False: 0.0001, True: 0.0025}
"""The largest error allowed without and with k-bit preparation."""


def published() -> Iterator[tuple[str, EstimateRequest, int]]:
    """Yield a name, the question and the measured bytes of each row."""
    for method, quant, batch, prepared, measured in PUBLISHED:
        values: dict[str, Any] = {
            "config": find_model(MODEL).config,
            "method": method,
            "quant": quant,
            "batch": batch,
            "kbit_prepare": prepared,
            "outer_dtype": "bf16" if prepared else "",
            "seq_len": 4096,
            "optimizer": "adamw_torch",
            "attention": "flash",
            "stack": "transformers-4.48",
            "amp": quant != "none",
            "rank": 16,
            "targets": ("q_proj", "k_proj", "v_proj", "o_proj") if method != "full" else (),
            "dropout": 0.1 if method != "full" else 0.0,
        }
        name = f"{method} {quant} batch {batch}{' prepared' if prepared else ''}"
        yield name, EstimateRequest.model_validate(values), measured


def further() -> Iterator[tuple[str, EstimateRequest, int]]:
    """Yield the rows of the collected measurements that are not among the published ones above."""
    path = Path(os.environ.get("FTADVISOR_DATA", "")) / "cases" / "measured_memory.csv"
    known = {row[-1] for row in PUBLISHED}
    for row in read_rows(path) if path.is_file() else ():
        size = re.search(r"(?<!_)bytes=(\d+)", row["notes"])
        if row["model"] != MODEL or row["kind"] != "allocated" or "num_gpus=1;" not in row["notes"]:
            continue
        if size is None or int(size[1]) in known:
            continue
        try:
            request = request_of_row(row)
        except UserError:  # fused kernels and the like
            continue
        if request.stack == "transformers-4.48":
            yield f"{row['method']} {row['quant']} batch {row['batch']}", request, int(size[1])


def main(words: list[str]) -> int:
    """Print one line per row; 1 when a row misses its bar."""
    if not words:
        print(__doc__)
        return 2
    only = words[words.index("--only") + 1] if "--only" in words else ""
    missed = 0
    for name, request, measured in (*published(), *further()):
        if only not in name:
            continue
        job = Job(request=request, workspace=workspace_of(request, None), limit=None, language="en")
        found = traced(job, lambda label, done, total: None, words[0])
        phase = max(found.phases, key=lambda key: found.phases[key])
        error = found.phases[phase] / measured - 1
        missed += abs(error) > BARS[request.quant != "none" and request.kbit_prepare]
        print(f"{error:+9.4%}  {found.phases[phase]:>14,}  measured {measured:>14,}  {phase:<8}  {name}", flush=True)
        if "--parts" in words:
            print(found.model_dump_json(indent=1))
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
