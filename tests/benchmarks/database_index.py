"""Measure an index in PostgreSQL on the chunks, vectors and questions of ``retrieval_peers.py``.

    python tests/benchmarks/database_index.py VECTORS.npy FOLDER postgresql://user@host/database?index=NAME

Prepare FOLDER with ``retrieval_peers.py VECTORS.npy FOLDER --systems ftadvisor``, which measures the folder. Each of
``build`` and ``ask`` runs in a process of its own; ``--parts ask`` asks an index that is there. Where the server is on
this machine, the processor time of the process that serves us is added to ours; that of its helpers is not.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from retrieval_peers import DEPTH, Vectors, _asked, _building, _ours, peak_megabytes


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
    """Ask the index."""
    from ftadvisor.rag.address import parse_address
    from ftadvisor.rag.embedders import sentence_transformer
    from ftadvisor.rag.index import open_index

    processes: list[int] = []

    def opened(vectors: Vectors) -> Callable[[str], list[int]]:
        with patch.object(sentence_transformer, "open_embedder", lambda name: _ours(vectors)):
            index = open_index(parse_address(text))
        processes.append(index.words._session.one("SELECT pg_backend_pid()")[0])  # type: ignore[attr-defined]
        return lambda question: [int(hit.document) for hit in index.search(question, DEPTH)]

    found = _asked(folder, opened)
    questions = len((folder / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    status = Path(f"/proc/{processes[0]}/stat")
    if status.exists():
        ticks = sum(map(int, status.read_text().rpartition(")")[2].split()[11:13]))
        found["server_cpu_ms"] = 1000 * ticks / os.sysconf("SC_CLK_TCK") / questions
    return found


if __name__ == "__main__":
    main()
