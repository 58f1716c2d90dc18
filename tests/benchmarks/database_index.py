"""Measure an index in PostgreSQL on the chunks, vectors and questions of ``retrieval_peers.py``.

    python tests/benchmarks/database_index.py VECTORS.npy FOLDER postgresql://user@host/database?index=NAME

Prepare FOLDER with ``retrieval_peers.py VECTORS.npy FOLDER --systems ftadvisor``, which makes the folder's
index. Each of
``build`` and ``ask`` runs in a process of its own; ``--parts ask`` asks an index that is there and that of the folder.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

from retrieval_peers import DEPTH, Vectors, _building, _ours, peak_megabytes

QUESTIONS = 120


def main() -> None:
    """Measure the parts that are asked for, and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("address")
    parser.add_argument("--parts", nargs="*", default=["build", "ask"])
    parser.add_argument("--part", help="used by the script itself")
    arguments = parser.parse_args()
    if arguments.part:
        found = {"build": build, "ask": ask}[arguments.part](arguments.folder, arguments.address)
        print(json.dumps({arguments.part: {**found, "peak_mb": peak_megabytes()}}), flush=True)
        return
    for part in arguments.parts:
        words = [sys.executable, __file__, *sys.argv[1:4], "--part", part]
        subprocess.run(words, check=True, env=os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"})


def build(folder: Path, text: str) -> dict[str, Any]:
    """Build the index."""
    from ftadvisor.rag.address import parse_address
    from ftadvisor.rag.build import build_index
    from ftadvisor.rag.embedders import sentence_transformer
    from ftadvisor.rag.inspect import inspect_index
    from ftadvisor.rag.records import IndexOptions

    address = parse_address(text)
    options = IndexOptions(embedder="look-up", chunker="whole")
    with (
        _building(folder, "database", "asyncpg") as (_, vectors, found),
        patch.object(sentence_transformer, "open_embedder", lambda name: _ours(vectors)),
    ):
        build_index([folder / "chunks.jsonl"], address, options)
    inspection = inspect_index(address)
    found["megabytes"] = sum(inspection.bytes.values()) / 1e6
    found["structure"] = None if inspection.structure is None else inspection.structure.model_dump()
    return found


def ask(folder: Path, text: str) -> dict[str, Any]:
    """Ask the index and the one in the folder the same questions in turn, so that both have the same machine."""
    from ftadvisor.rag.address import parse_address
    from ftadvisor.rag.embedders import sentence_transformer
    from ftadvisor.rag.index import open_index

    vectors = Vectors(folder, "questions")
    with patch.object(sentence_transformer, "open_embedder", lambda name: _ours(vectors)):
        indexes = {"database": open_index(parse_address(text)), "folder": open_index(folder / "ftadvisor" / "index")}
    seconds: dict[str, list[float]] = {name: [] for name in indexes}
    same = 0
    for question in vectors.texts[:QUESTIONS]:
        documents = []
        for name, index in indexes.items():
            started = perf_counter()
            hits = index.search(question, DEPTH)
            seconds[name].append(perf_counter() - started)
            documents.append([hit.document for hit in hits])
        same += set(documents[0][:10]) == set(documents[1][:10])
    quantiles = {
        name: {f"p{percent}": 1000 * sorted(each)[len(each) * percent // 100] for percent in (50, 90)}
        for name, each in seconds.items()
    }
    return {**quantiles, "same_first_ten": same / QUESTIONS}


if __name__ == "__main__":
    main()
