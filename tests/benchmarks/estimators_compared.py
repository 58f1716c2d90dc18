"""Estimate published, byte-exact training peaks with ftadvisor and with other estimators' own code, side by side.

    python tests/benchmarks/estimators_compared.py --peers PYTHON [--readme]

PYTHON is an interpreter of an environment of its own, in which the others are installed:
``pip install torch transformers peft accelerate fm-training-estimator ftuneai deepspeed``. What is not installed there
is left out. Rows: one GPU, ``torch.cuda.max_memory_allocated`` in bytes, without fused kernels, from
foundation-model-stack/fms-acceleration; looked for as ``memory_accuracy.py`` does. Nothing is downloaded: the models'
configs come from the catalogue. ``--readme`` writes the table into README.md.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ftadvisor.executors.estimate.rows import answer_row, read_rows, request_of_row
from ftadvisor.knowledge.errors import UserError
from memory_accuracy import default_path
from readme import README, replaced

FRAMEWORKS = ("none", "baseline-peft-bnb", "accelerated-peft-bnb")
OURS = "ftadvisor"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="python of the environment with the other estimators")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    words = parser.parse_args()
    if not default_path().is_file():
        print(f"skipped: no measurements at {default_path()}; set FTADVISOR_DATA to the folder that holds cases/")
        return 0
    rows = [row for row in read_rows(default_path()) if is_plain(row)]
    with TemporaryDirectory() as folder:
        answers = _peers(words.peers, [question(row, Path(folder)) for row in rows])
    answers = {OURS: [_ours(row) for row in rows], **answers}
    content = table(answers, [measured_bytes(row) for row in rows])
    print(content)
    if words.readme:
        README.write_text(replaced(README.read_text(encoding="utf-8"), "estimators", content), encoding="utf-8")
    return 0


def is_plain(row: Mapping[str, str]) -> bool:
    """Tell whether a row is byte-exact, of one GPU, and without fused kernels."""
    notes = row["notes"]
    framework = re.search(r"framework=([\w-]+)", notes)
    exact = "fms-acceleration" in row["source"] and row["kind"] == "allocated" and "bytes=" in notes
    return exact and "num_gpus=1;" in notes and framework is not None and framework[1] in FRAMEWORKS


def measured_bytes(row: Mapping[str, str]) -> int:
    """Return the measured peak."""
    return int(re.findall(r"(?<!_)bytes=(\d+)", row["notes"])[0])


def question(row: Mapping[str, str], folder: Path) -> dict[str, Any] | None:
    """Return what ``peers.py`` needs to know of a row; None where the row's model is not in the catalogue."""
    try:
        request = request_of_row(dict(row))
    except (UserError, ValueError):
        return None
    place = folder / request.model
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps(request.config))
    names = ("method", "batch", "seq_len", "rank", "grad_checkpointing", "quant", "dtype")
    return {name: getattr(request, name) for name in names} | {"folder": str(place), "targets": list(request.targets)}


def _ours(row: Mapping[str, str]) -> int | None:
    answer = answer_row(dict(row))
    return None if "unsupported" in answer else int(answer["peak"]["allocated_bytes"])


def _peers(python: str, questions: list[dict[str, Any] | None]) -> dict[str, list[int | None]]:
    script = Path(__file__).with_name("peers.py")
    lines = "\n".join(map(json.dumps, questions))
    done = subprocess.run([python, str(script)], input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    print(*(line for line in done.stderr.splitlines() if line.startswith("peer: ")), sep="\n", file=sys.stderr)
    answers: dict[str, list[int | None]] = json.loads(done.stdout.splitlines()[-1])
    return answers


def table(answers: Mapping[str, list[int | None]], measured: list[int]) -> str:
    """Return one line per estimator as Markdown."""
    head = [f"| estimator 估算器 | answered 能回答，of 共 {len(measured)} | median error 误差中位数 | largest 最大 |"]
    lines = [*head, "| --- | ---: | ---: | ---: |"]
    for name, found in answers.items():
        errors = [abs(got / true - 1) for got, true in zip(found, measured, strict=True) if got]
        quality = f"{median(errors):.1%} | {max(errors):.1%}" if errors else "- | -"
        lines.append(f"| {name} | {len(errors)} | {quality} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
