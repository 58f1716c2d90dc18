"""Print how well public data sets are retrieved, with the built-in setup or any other.

Usage: ``python tests/benchmarks/retrieval.py [--embedder E] [--retriever R] [--chunker C] [SET ...]``

Reads ``data/`` under FTADVISOR_DATA, with one folder per set: ``passages.jsonl`` (id, title, text) and ``qa.jsonl``
(id, question, passage_id):

* xquad_en: github.com/google-deepmind/xquad at 7d30520c717524000f0d9d2f9c10a069acd9d285, xquad.en.json
* cmrc2018_trial: github.com/ymcui/cmrc2018 at c0eb1b6ba219847457e6af3180da722bbeb656af, cmrc2018_trial.json
* drcd_dev: github.com/DRCKnowledgeTeam/DRCD at b944790de5af02c5fbb7cd9cb1473d27d169eebf, DRCD_dev.json
"""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from ftadvisor.rag.build import build_index
from ftadvisor.rag.evaluate import evaluate_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.questions import read_questions
from ftadvisor.rag.records import IndexOptions

SETS = ("xquad_en", "cmrc2018_trial", "drcd_dev")


def main() -> None:
    """Build, ask and print, set by set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS)
    for name in ("embedder", "retriever", "chunker"):
        parser.add_argument(f"--{name}", default=IndexOptions.model_fields[name].default)
    arguments = parser.parse_args()
    options = IndexOptions(**{name: getattr(arguments, name) for name in ("embedder", "retriever", "chunker")})
    data = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data"
    for name in arguments.sets:
        _measure(data / name, options)


def _measure(data: Path, options: IndexOptions) -> None:
    with TemporaryDirectory() as folder:
        started = perf_counter()
        summary = build_index([data / "passages.jsonl"], Path(folder), options)
        built = perf_counter() - started
        metrics = evaluate_index(open_index(Path(folder)), read_questions(data / "qa.jsonl"))
    shares = f"unknown {summary.unknown_share:.3f}  cut {summary.truncated_share:.3f}"
    print(f"{data.name}: {summary.chunks} chunks, {summary.retriever}, {shares}, built in {built:.1f} s")
    print(f"  {metrics.model_dump_json()}", flush=True)


if __name__ == "__main__":
    main()
