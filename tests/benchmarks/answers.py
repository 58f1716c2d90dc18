"""Fit when to abstain, and print how good answers without a model are.

Usage: ``python tests/benchmarks/answers.py [--embedder E] [--most N]``

The threshold is fitted on one set and reported on another: for English on half of the articles of xquad_en and reported
on the other half, for Chinese on drcd_dev and reported on cmrc2018_trial (see retrieval.py for the sets). Each question
is asked twice: of all passages, and of all but the one that answers it. Exact match and F1 are of the short answer, by
weights that were fitted on these sets; answer_spans.py prints them for articles that the weights never saw.
"""

import argparse
import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from ftadvisor.rag.answer import Answer
from ftadvisor.rag.answer_metrics import exact_match, overlap_f1
from ftadvisor.rag.ask import AskOptions, ask
from ftadvisor.rag.build import build_index
from ftadvisor.rag.evidence import sentences_of
from ftadvisor.rag.generators import open_generator
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.records import IndexOptions
from ftadvisor.rag.search import SearchOptions
from ftadvisor.rag.sufficiency import LEAST_EVIDENCE, evidence_of

DATA = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data"
SETS = ("xquad_en", "drcd_dev", "cmrc2018_trial")
TOP_K = 5
DEEP = 30  # enough that the chunks of one passage can be left out


@dataclass(frozen=True)
class Row:
    """What came of one question."""

    article: str
    evidence: float
    evidence_without: float
    exact: float
    f1: float
    cited_right: bool
    holds_answer: bool


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", default="builtin")
    parser.add_argument("--most", type=int, default=None, help="questions per set, for a quick look")
    arguments = parser.parse_args()
    rows = {name: _asked(name, arguments) for name in SETS}
    articles = sorted({row.article for row in rows["xquad_en"]})
    half = set(articles[::2])
    english = [[row for row in rows["xquad_en"] if (row.article in half) == first] for first in (True, False)]
    _report("en", "half of xquad_en", english[0], "the other half", english[1])
    _report("zh", "drcd_dev", rows["drcd_dev"], "cmrc2018_trial", rows["cmrc2018_trial"])


def _asked(name: str, arguments: argparse.Namespace) -> list[Row]:
    passages = [json.loads(line) for line in (DATA / name / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    titles = {row["id"]: str(row["title"]) for row in passages}
    questions = [json.loads(line) for line in (DATA / name / "qa.jsonl").read_text(encoding="utf-8").splitlines()]
    random.Random(0).shuffle(questions)
    with TemporaryDirectory() as folder:
        options = IndexOptions(embedder=arguments.embedder)
        build_index([DATA / name / "passages.jsonl"], Path(folder), options)
        index = open_index(Path(folder))
        started = perf_counter()
        rows = [_row(index, question, titles) for question in questions[: arguments.most]]
        seconds = (perf_counter() - started) / len(rows)
    answered = [row for row in rows if row.evidence >= LEAST_EVIDENCE["en" if "en" in name else "zh"]]
    print(
        f"{name}: {len(rows)} questions, {1000 * seconds:.0f} ms each; exact {_mean(rows, 'exact'):.3f}"
        f" f1 {_mean(rows, 'f1'):.3f}; quoted sentences hold the answer {_mean(rows, 'holds_answer'):.3f};"
        f" of those answered at the threshold exact {_mean(answered, 'exact'):.3f} f1 {_mean(answered, 'f1'):.3f};"
        f" cited spans that are the document's {_mean(rows, 'cited_right'):.3f}",
        flush=True,
    )
    return rows


def _row(index: Index, question: dict, titles: dict[str, str]) -> Row:
    text, gold = question["question"], question["passage_id"]
    hits = [hit for hit in index.search(text, DEEP) if hit.document != gold][:TOP_K]
    without = evidence_of(sentences_of(text, hits, index.words.rarity))
    answer = ask(index, text, open_generator("extractive"), AskOptions(SearchOptions(TOP_K), least_evidence=0.0))
    wanted = [each["text"] for each in question["answers"]]
    short = answer.short.text if answer.short else ""
    return Row(
        titles[gold],
        answer.evidence,
        without,
        exact_match(short, wanted),
        overlap_f1(short, wanted),
        _cited_right(index, answer),
        any(each in answer.text for each in wanted),
    )


def _cited_right(index: Index, answer: Answer) -> bool:
    """Every citation is the document's own text, and bears the sentence that it stands for."""
    return all(
        index.documents[each.document].text[each.start : each.end] == each.text and statement.text in each.text
        for statement in answer.statements
        for each in statement.citations
    ) and all(statement.citations for statement in answer.statements)


def _mean(rows: Sequence[Row], name: str) -> float:
    return sum(float(getattr(row, name)) for row in rows) / max(len(rows), 1)


def _report(language: str, fitted_on: str, rows: Sequence[Row], reported_on: str, others: Sequence[Row]) -> None:
    """Print the threshold that answers most answerable questions and refuses most others, both counting alike."""
    steps = [step / 100 for step in range(101)]
    best = max(steps, key=lambda least: sum(_rates(rows, least)))
    for name, least in (("fitted", best), ("used", LEAST_EVIDENCE[language])):
        for where, them in ((fitted_on, rows), (reported_on, others)):
            answered, refused = _rates(them, least)
            print(
                f"{language}: {name} {least:.2f}, {where}: answered {answered:.3f}, refused without gold {refused:.3f}"
            )


def _rates(rows: Sequence[Row], least: float) -> tuple[float, float]:
    answered = sum(row.evidence >= least for row in rows) / len(rows)
    return answered, sum(row.evidence_without < least for row in rows) / len(rows)


if __name__ == "__main__":
    main()
