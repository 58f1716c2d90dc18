"""Print how well public data sets are retrieved, beside a reference BM25, and each within an index of all of them.

Usage: ``python tests/benchmarks/retrieval.py [--embedder E] [--retriever R] [--chunker C] [--merged] [SET ...]``

Reads ``data/`` under FTADVISOR_DATA, with one folder per set: ``passages.jsonl`` (id, title, text) and ``qa.jsonl``
(id, question, passage_id), or for scifact its corpus, claims and qrels:

* xquad_en: github.com/google-deepmind/xquad at 7d30520c717524000f0d9d2f9c10a069acd9d285, xquad.en.json
* cmrc2018_trial: github.com/ymcui/cmrc2018 at c0eb1b6ba219847457e6af3180da722bbeb656af, cmrc2018_trial.json
* drcd_dev: github.com/DRCKnowledgeTeam/DRCD at b944790de5af02c5fbb7cd9cb1473d27d169eebf, DRCD_dev.json
* scifact: github.com/allenai/scifact, abstracts and training claims with graded relevance

The reference is bm25s, as its README shows it: Lucene's form, words of two letters and more, stemmed, English stop
words left out; k1 and b are 1.5 and 0.75.
"""

import argparse
import csv
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from ftadvisor.rag.build import build_index
from ftadvisor.rag.evaluate import RetrievalMetrics, evaluate_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.metrics import ndcg_at_k, recall_at_k
from ftadvisor.rag.questions import Question, read_questions
from ftadvisor.rag.records import IndexOptions

SETS = ("scifact", "xquad_en", "cmrc2018_trial", "drcd_dev")


def main() -> None:
    """Build, ask and print, set by set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS)
    for name in ("embedder", "retriever", "chunker"):
        parser.add_argument(f"--{name}", default=IndexOptions.model_fields[name].default)
    parser.add_argument("--merged", action="store_true", help="ask each set's questions in one index of all sets, too")
    parser.add_argument("--keep", type=Path, help="keep the indexes in this folder and use what is there")
    arguments = parser.parse_args()
    options = IndexOptions(**{name: getattr(arguments, name) for name in ("embedder", "retriever", "chunker")})
    with TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        corpora = {name: corpus(name, folder) for name in arguments.sets}
        for name, (passages, questions) in corpora.items():
            _say(name, _measured([passages], questions, folder / name / "index", options))
            ranks = reference(passages, questions)
            print(f"  reference BM25: recall@5 {ranks[0]:.4f}, nDCG@10 {ranks[1]:.4f}", flush=True)
        if arguments.merged:
            every = [passages for passages, _ in corpora.values()]
            for name, (_, questions) in corpora.items():
                _say(f"{name} in all", _measured(every, questions, folder / "merged", options))


def corpus(name: str, folder: Path) -> tuple[Path, list[Question]]:
    """Return a set's passages as a file, and its questions."""
    data = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data" / name
    if name != "scifact":
        return data / "passages.jsonl", read_questions(data / "qa.jsonl")
    (folder / name).mkdir(parents=True, exist_ok=True)
    passages, claims = folder / name / "passages.jsonl", folder / name / "claims.jsonl"
    rows = (json.loads(line) for part in sorted(data.glob("corpus.part*.jsonl")) for line in part.open())
    _write(passages, ({"id": row["id"], "title": row["title"], "text": " ".join(row["sentences"])} for row in rows))
    relevant: dict[str, list[str]] = {}
    with (data / "qrels_train.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                relevant.setdefault(row["query-id"], []).append(row["corpus-id"])
    asked = (json.loads(line) for line in (data / "claims_train.jsonl").open())
    kept = [row for row in asked if str(row["id"]) in relevant]
    _write(claims, ({"id": row["id"], "question": row["claim"], "relevant": relevant[str(row["id"])]} for row in kept))
    return passages, read_questions(claims)


def reference(passages: Path, questions: Sequence[Question]) -> tuple[float, float]:
    """Return recall@5 and nDCG@10 of bm25s on whole passages."""
    import bm25s
    import snowballstemmer

    stemmer = snowballstemmer.stemmer("english")
    rows = [json.loads(line) for line in passages.open(encoding="utf-8")]
    texts = [f"{row.get('title') or ''}\n{row['text']}" for row in rows]
    tokens = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer.stemWords, show_progress=False)
    scorer = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    scorer.index(tokens, show_progress=False)
    asked = [question.question for question in questions]
    asked_tokens = bm25s.tokenize(asked, stopwords="en", stemmer=stemmer.stemWords, show_progress=False)
    found, _ = scorer.retrieve(asked_tokens, k=min(10, len(rows)), show_progress=False)
    pairs = [
        ([str(rows[place]["id"]) for place in places], question.answered_by)
        for places, question in zip(found.tolist(), questions, strict=True)
    ]
    recalls, gains = [recall_at_k(*pair, 5) for pair in pairs], [ndcg_at_k(*pair, 10) for pair in pairs]
    return sum(recalls) / len(pairs), sum(gains) / len(pairs)


def _measured(
    sources: Sequence[Path], questions: Sequence[Question], folder: Path, options: IndexOptions
) -> tuple[str, RetrievalMetrics]:
    started = perf_counter()
    summary = build_index(sources, folder, options)
    built = perf_counter() - started
    shares = f"unknown {summary.unknown_share:.3f}  cut {summary.truncated_share:.3f}"
    how = f"{summary.chunks} chunks, {summary.retriever}, {shares}, built in {built:.1f} s"
    return how, evaluate_index(open_index(folder), questions)


def _say(name: str, measured: tuple[str, RetrievalMetrics]) -> None:
    how, metrics = measured
    print(f"{name}: {how}\n  {metrics.model_dump_json()}", flush=True)


def _write(path: Path, rows: Iterable[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
