"""Compare the analytic estimator with published measurements, and print the error per source and kind.

Usage: python tests/benchmarks/memory_accuracy.py [FILE.csv] [--rows]

Data: measured_memory.csv, collected from public sources; each row names its own. Its place is the first argument,
or ``cases/`` under the folder that FTADVISOR_DATA names, or under ``../shared``.
"""

import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from ftadvisor.executors.estimate.rows import answer_row, read_rows

GIB = 2**30
PLAIN = re.compile(r"(full|lora|qlora|full-finetuning|full\(pretrain\))$")
FUSED_OR_GPTQ = re.compile(r"foak|liger|scattermoe|gptq", re.IGNORECASE)
NAMED = {
    "kernels of torch.compile, float8 among them": r"compile|float8",
    "Unsloth's kernels": r"unslothai",
    "LoRA-FA, which is no listed method": r"lorafa",
    "BD-LoRA, which is no listed method": r"bdlora",
}
"""Fused kernels and unlisted methods, which may be unsupported by name; how a row says that it has them."""
FIELDS = {"allocated": "allocated_bytes", "reserved": "reserved_bytes", "nvidia-smi": "device_bytes"}


def main(words: list[str]) -> int:
    """Print the table; 0 also when there is no data, which is said."""
    names = [word for word in words if not word.startswith("--")]
    path = Path(names[0]) if names else default_path()
    if not path.is_file():
        print(f"skipped: no measurements at {path}; set FTADVISOR_DATA to the folder that holds cases/")
        return 0
    errors: dict[tuple[str, ...], list[float]] = defaultdict(list)
    refused: dict[tuple[str, ...], int] = defaultdict(int)
    for row in read_rows(path):
        group, error = compared(row)
        if error is None:
            refused[group] += 1
            continue
        errors[group].append(error)
        if "--rows" in words:
            print(
                f"{error:+8.3%}",
                row["model"],
                row["method"],
                row["quant"],
                row["batch"],
                row["kind"],
                row["notes"][:90],
            )
    print_table(errors, refused)
    print_share(path)
    print_honesty(path)
    return 0


def verdicts(path: Path) -> Iterator[tuple[Mapping[str, str], str]]:
    """Yield every answered row with what would be wrong about its range; empty when nothing is.

    A device with the measured peak less 5 % must not be said to fit, nor one with the peak and 12 % to be too small.
    """
    for row in read_rows(path):
        answer = answer_row(row)
        if "unsupported" in answer or row["kind"] not in FIELDS:
            continue
        measured, peak = float(row["measured_gib"]) * GIB, answer["peak"]
        if peak["high_bytes"] <= 0.95 * measured:
            yield row, "fits, said of a device that is too small"
        elif peak["low_bytes"] > 1.12 * measured:
            below = measured < answer["steady_bytes"]
            yield row, "too small, said of a device that fits" + below * ", though it is below the weights and states"
        else:
            yield row, ""


def print_share(path: Path) -> None:
    """Print how many plain rows are answered, of all and without those named above, and why others are not."""
    plain = [row for row in read_rows(path) if PLAIN.match(row["method"]) and not FUSED_OR_GPTQ.search(_words(row))]
    refusals = [str(answer_row(row).get("unsupported", "")) for row in plain]
    answered = refusals.count("")
    print(f"full, LoRA and bitsandbytes-QLoRA rows: {len(plain)}, answered: {answered} ({answered / len(plain):.1%})")
    names = [_named(row) if refusal else "" for row, refusal in zip(plain, refusals, strict=True)]
    others = names.count("")
    print(f"without fused kernels and unlisted methods: {others}, answered: {answered} ({answered / others:.1%})")
    for name, count in Counter(filter(None, names)).most_common():
        print(f"  {count} left out: {name}")
    left = [refusal for refusal, name in zip(refusals, names, strict=True) if refusal and not name]
    for reason, count in Counter(left).most_common():
        print(f"  {count} not: {reason}")


def _words(row: Mapping[str, str]) -> str:
    return " ".join((row["model"], row["quant"], row["notes"]))


def _named(row: Mapping[str, str]) -> str:
    """Return which of the fused kernels and unlisted methods a row has; empty when none."""
    words = " ".join((row["source"], row["dtype"], row["notes"]))
    return next((name for name, pattern in NAMED.items() if re.search(pattern, words, re.IGNORECASE)), "")


def print_honesty(path: Path) -> None:
    """Print how many verdicts about devices around the measured size are honest, and the others."""
    found = list(verdicts(path))
    print(f"verdicts: {len(found)}, of which honest: {sum(not wrong for _, wrong in found)}")
    for row, wrong in found:
        if wrong:
            print(f"  {_short(row['source'])} {row['model']} {row['method']} {row['batch']} {row['kind']}: {wrong}")


def default_path() -> Path:
    """Return where the measurements lie beside the checkout."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    return Path(os.environ.get("FTADVISOR_DATA", beside)) / "cases" / "measured_memory.csv"


def compared(row: Mapping[str, str]) -> tuple[tuple[str, ...], float | None]:
    """Return a row's group, and the relative error of its estimate; None when there is no estimate."""
    answer = answer_row(row)
    devices = "2+ GPUs" if "num_gpus=" in row["notes"] and "num_gpus=1;" not in row["notes"] else "1 GPU"
    group = (_short(row["source"]), row["kind"], row["method"], devices)
    if "unsupported" in answer or row["kind"] not in FIELDS:
        return group, None
    measured = float(row["measured_gib"]) * GIB
    return group, _estimated(answer, row) / (measured * _unit(row)) - 1


def _unit(row: Mapping[str, str]) -> float:
    """Return what a source's GB are in GiB, where its own code divides by a billion: torchtune ``memory_stats_log``."""
    decimal = "torchtune" in row["source"] and "unit=GB as stated" in row["notes"]
    return 1e9 / GIB if decimal else 1.0


def _estimated(answer: Mapping[str, Any], row: Mapping[str, str]) -> int:
    if row["notes"].startswith("STEADY"):
        return int(answer["steady_bytes"])
    return int(answer["peak"][FIELDS[row["kind"]]])


def _short(source: str) -> str:
    return "/".join(source.split()[0].split("/")[1:3])


def print_table(errors: Mapping[tuple[str, ...], list[float]], refused: Mapping[tuple[str, ...], int]) -> None:
    """Print one line per group: answered, refused, median and largest error."""
    print(f"{'source / kind / method / devices':<75} {'rows':>5} {'none':>5} {'median':>8} {'max':>8} {'<=3%':>6}")
    for group in sorted({*errors, *refused}):
        found = [abs(error) for error in errors.get(group, [])]
        print(f"{' / '.join(group):<75} {len(found):>5} {refused.get(group, 0):>5}", *_quality(found))


def _quality(found: list[float]) -> Iterator[str]:
    if not found:
        return
    yield f"{median(found):8.3%}"
    yield f"{max(found):8.3%}"
    yield f"{sum(error <= 0.03 for error in found) / len(found):6.0%}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
