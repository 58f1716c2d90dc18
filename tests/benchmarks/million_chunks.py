"""Build, open and ask an index of a million chunks, and draw how its vectors lie beside real ones.

Usage: ``python tests/benchmarks/million_chunks.py VECTORS.npy FOLDER [--count N] [--picture FILE.svg]``

``VECTORS.npy`` is what ``noisy_sentences.py`` makes. Building, opening and asking are processes of their own, so that
times and peaks of memory are those of each. Questions are further noisy copies that are not in the index.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

from ftadvisor.executors.report.bars import Scale
from ftadvisor.executors.report.svg import curve, drawing, line, text, ticks, with_style
from ftadvisor.rag.build import build_index
from ftadvisor.rag.embedders import sentence_transformer
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.records import IndexOptions
from ftadvisor.rag.retrievers import bm25, dense, hybrid
from ftadvisor.rag.store import open_generation
from noisy_sentences import MARK, NoisyEmbedder, sentences, write_chunks
from retrieval_peers import peak_megabytes

QUESTIONS = 300


def main() -> None:
    """Run the three parts and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--part", choices=["build", "open", "ask", "draw"])
    arguments = parser.parse_args()
    if arguments.part:
        parts = {"build": _build, "open": _open, "ask": _ask, "draw": _draw}
        with patch.object(sentence_transformer, "open_embedder", lambda name: _embedder(arguments.vectors)):
            found = parts[arguments.part](arguments)
        print(json.dumps({arguments.part: found | {"peak_mb": peak_megabytes()}}), flush=True)
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_chunks(sentences(), arguments.count, arguments.folder / "chunks.jsonl")
    for part in ("build", "open", "ask"):
        subprocess.run([sys.executable, *sys.argv, "--part", part], check=True)
    if arguments.picture:
        subprocess.run([sys.executable, *sys.argv, "--part", "draw"], check=True)


def _embedder(path: Path) -> NoisyEmbedder:
    import numpy as np

    return NoisyEmbedder(np.load(path, mmap_mode="r"))


def _build(arguments: argparse.Namespace) -> dict[str, Any]:
    started, worked, said = perf_counter(), process_time(), [("", 0.0)]

    def progress(label: str, done: float, total: float | None, /) -> None:
        if label != said[-1][0]:
            said.append((label, round(perf_counter() - started, 1)))

    options = IndexOptions(embedder="noisy", chunker="whole")
    summary = build_index([arguments.folder / "chunks.jsonl"], arguments.folder / "index", options, progress)
    times = {"seconds": round(perf_counter() - started, 1), "cpu_seconds": round(process_time() - worked, 1)}
    return {**times, "chunks": summary.chunks, "began": dict(said[1:])}


def _open(arguments: argparse.Namespace) -> dict[str, Any]:
    import faiss  # noqa: F401 - importing libraries is not opening the index
    import numpy as np  # noqa: F401

    started, worked = perf_counter(), process_time()
    index = open_index(arguments.folder / "index")
    opened, worked = perf_counter() - started, process_time() - worked
    hits = index.search(_questions(arguments.count, 1)[0], 10)
    return {
        "open_seconds": opened,
        "open_cpu_seconds": worked,
        "open_and_ask_seconds": perf_counter() - started,
        "hits": len(hits),
    }


def _ask(arguments: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    index = open_index(arguments.folder / "index")
    questions = _questions(arguments.count, QUESTIONS)
    ranker = index._ranker
    assert isinstance(ranker, hybrid.Retriever)
    assert isinstance(ranker._near, dense.Retriever)
    assert isinstance(ranker._lexical, bm25.Retriever)
    near, words, whole, worked = [], [], [], 0.0
    found = []
    for question in questions:
        started = perf_counter()
        ranking = ranker._near.rank([question], 10)[0]
        near.append(perf_counter() - started)
        found.append([place for place, _ in ranking])
        started = perf_counter()
        ranker._lexical.rank([question], 10)
        words.append(perf_counter() - started)
        started, before = perf_counter(), process_time()
        index.search(question, 10)
        whole.append(perf_counter() - started)
        worked += process_time() - before
    exact = _exact(arguments, index, questions)
    shares = [len({*one} & {*other}) / 10 for one, other in zip(found, exact, strict=True)]
    entry = index.manifest.structure
    assert entry is not None
    return {
        "structure": entry.model_dump(),
        "recall@10": round(float(np.mean(shares)), 4),
        "vector_ms": _quantiles(near),
        "word_ms": _quantiles(words),
        "search_ms": _quantiles(whole),
        "search_cpu_ms": round(1000 * worked / len(questions), 2),
        "megabytes": round(sum(entry.bytes for entry in index.manifest.files.values()) / 1e6),
    }


def _exact(arguments: argparse.Namespace, index: Index, questions: list[str]) -> list[list[int]]:
    import faiss
    import numpy as np

    asked = _embedder(arguments.vectors).embed(questions, "question")
    matrix = np.frombuffer(open_generation(arguments.folder / "index")["vectors.f32"].unchecked, "<f4")
    matrix = matrix.reshape(len(index.chunks), -1)
    _, places = faiss.knn(asked, matrix, 10, metric=faiss.METRIC_INNER_PRODUCT)
    return [row.tolist() for row in places]


def _questions(count: int, number: int) -> list[str]:
    """Return texts of rows that are not in the index."""
    import numpy as np

    texts = sentences()
    rows = count + np.random.default_rng(7).choice(len(texts), number, replace=False)
    return [f"{texts[row % len(texts)]}{MARK}{row}" for row in rows.tolist()]


def _quantiles(seconds: list[float]) -> dict[str, float]:
    import numpy as np

    return {f"p{percent}": round(1000 * float(np.percentile(seconds, percent)), 2) for percent in (50, 99)}


def _draw(arguments: argparse.Namespace) -> dict[str, Any]:
    """Draw the share of vectors whose tenth neighbour is at least so near, for real vectors and for noisy ones."""
    import faiss
    import numpy as np

    base = np.load(arguments.vectors)
    stored = open_generation(arguments.folder / "index")["vectors.f32"].unchecked
    noisy = np.frombuffer(stored, "<f4").reshape(-1, base.shape[1])
    lines = []
    for vectors in (base, noisy):
        rows = np.random.default_rng(3).choice(len(vectors), 300, replace=False)
        scores, _ = faiss.knn(vectors[rows], vectors, 11, metric=faiss.METRIC_INNER_PRODUCT)
        lines.append(np.sort(scores[:, 10]))
    across, up = Scale(0.2, 1.0, 44, 418), Scale(0, 1, 226, 50)
    parts = [text(0, 16, "cosine of the tenth neighbour: real sentences, and noisy copies", "strong")]
    parts += [text(across(x), 244, f"{x:g}", "soft small", "middle") for x in ticks(0.2, 1.0, 5)]
    parts += [line(44, up(y), 418, up(y), "grid") for y in (0, 0.5, 1)]
    for scores, kind, place, name in zip(
        lines, ("main-line", "other-line"), (60, 240), (f"real, {len(base):,}", f"noisy, {len(noisy):,}"), strict=True
    ):
        shares = np.linspace(0, 1, len(scores))
        parts.append(curve([(across(float(x)), up(float(y))) for x, y in zip(scores, shares, strict=True)], kind))
        parts += [line(place, 36, place + 24, 36, kind), text(place + 30, 40, name, "small")]
    arguments.picture.write_text(with_style(drawing(430, 260, parts, "neighbours")), encoding="utf-8")
    return {"median_cosine": [round(float(np.median(scores)), 3) for scores in lines]}


if __name__ == "__main__":
    main()
