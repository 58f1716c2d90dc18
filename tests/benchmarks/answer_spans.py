"""Fit the weights by which answers are chosen, and print how good they are on articles that they never saw.

Usage: ``python tests/benchmarks/answer_spans.py en|zh [--folds N] [--write]``

English is fitted on xquad_en, Chinese on drcd_dev and cmrc2018_trial (see retrieval.py for the sets). The questions are
split by article into folds; each fold is answered with weights fitted on the others, from what the built-in setup
retrieves. ``--write`` fits on all of them and writes ``rag/span_weights``. The files there were written with

    answer_spans.py en --decay 4 --least 0.1 --write
    answer_spans.py zh --decay 1.5 --most 2000 --folds 0 --write
"""

import argparse
import json
import os
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np  # noqa: TID253 - the script is nothing but computing
import torch  # noqa: TID253
from ftadvisor.rag.answer_metrics import exact_match, overlap_f1
from ftadvisor.rag.build import build_index
from ftadvisor.rag.evidence import MOST_SENTENCES, Sentence, sentences_of
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.records import Hit, IndexOptions
from ftadvisor.rag.span_features import features_of, sentence_features
from ftadvisor.rag.spans import LONGEST, WEIGHTS, best_span, length_features
from ftadvisor.rag.units import units_of

SETS = {"en": ("xquad_en",), "zh": ("drcd_dev", "cmrc2018_trial")}
DATA = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data"
TOP_K = 5


class Case(NamedTuple):
    """One question: what is looked at, the right stretch of it, and the answers."""

    source: str
    article: str
    question: str
    found: list[Sentence]
    taught: list[Sentence]
    gold: tuple[str, int, int]
    answers: list[str]


class Rows(NamedTuple):
    """The features of one question as numbers, and which of its stretches are possible and right.

    Each part holds numbers of features, and for each unit, sentence or length where its own begin.
    """

    start: tuple[np.ndarray, np.ndarray]
    end: tuple[np.ndarray, np.ndarray]
    inside: tuple[np.ndarray, np.ndarray]
    sentence: tuple[np.ndarray, np.ndarray]
    length: tuple[np.ndarray, np.ndarray]
    owner: np.ndarray
    valid: np.ndarray
    gold: tuple[int, int]


class Numbers(dict[str, int]):
    """Number names as they come."""

    def __missing__(self, name: str) -> int:
        self[name] = len(self)
        return self[name]


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=SETS)
    parser.add_argument("--folds", type=int, default=2, help="0 fits on all at once and prints no figures")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--most", type=int, default=None, help="questions per set, for a quick look")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--decay", type=float, default=1.5, help="how much large weights are held back")
    parser.add_argument("--least", type=float, default=0.25, help="smaller weights are left out")
    parser.add_argument("--seen", type=int, default=8, help="questions that a feature must occur in")
    settings = parser.parse_args()
    torch.set_num_threads(1)
    numbers = Numbers()
    cases = [case for name in SETS[settings.language] for case in _cases(name, settings.most)]
    rows = [rows_of(case, numbers) for case in cases]
    articles = sorted({case.article for case in cases})
    random.Random(0).shuffle(articles)
    fold = {article: number % max(settings.folds, 1) for number, article in enumerate(articles)}
    scores: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(settings.folds):
        others = [row for case, row in zip(cases, rows, strict=True) if fold[case.article] != number and row]
        weights = fit(others, numbers, settings)
        for case in cases:
            if fold[case.article] == number:
                answer = _answered(case, weights)
                scores[case.source].append((exact_match(answer, case.answers), overlap_f1(answer, case.answers)))
        for name, values in scores.items():
            exact, f1 = np.mean(values, axis=0)
            print(f"{number}: {name} {len(values)} exact {exact:.4f} f1 {f1:.4f} ({len(weights)} weights)", flush=True)
    if settings.write:
        weights = fit([row for row in rows if row], numbers, settings)
        text = ",\n".join(
            f"{json.dumps(name, ensure_ascii=False)}:{weight}" for name, weight in sorted(weights.items())
        )
        (WEIGHTS / f"{settings.language}.json").write_text("{\n" + text + "\n}\n", encoding="utf-8")
        print(f"written: {len(weights)} weights")


def _answered(case: Case, weights: dict[str, float]) -> str:
    span = best_span(case.question, case.found, weights)
    return "" if span is None else case.found[span.sentence].text[span.start : span.end]


def _cases(name: str, most: int | None) -> list[Case]:
    passages = [json.loads(line) for line in (DATA / name / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    titles = {row["id"]: f"{name}/{row['title']}" for row in passages}
    rows = [json.loads(line) for line in (DATA / name / "qa.jsonl").read_text(encoding="utf-8").splitlines()]
    random.Random(0).shuffle(rows)
    with TemporaryDirectory() as folder:
        build_index([DATA / name / "passages.jsonl"], Path(folder), IndexOptions(chunker="whole"))
        index = open_index(Path(folder))
        return [_case(name, titles, index, row) for row in rows[:most]]


def _case(name: str, titles: dict[str, str], index: Index, row: dict) -> Case:
    answer = row["answers"][0]
    hits = index.search(row["question"], TOP_K)
    found = sentences_of(row["question"], hits, index.words.rarity)[:MOST_SENTENCES]
    gold = (row["passage_id"], answer["start"], answer["end"])
    taught = found
    if not any(_holds(sentence, gold) for sentence in found):
        text = index.documents[gold[0]].text
        hit = Hit(gold[0], 0, 0, len(text), 0.0, text)
        own = sentences_of(row["question"], [hit, *hits], index.words.rarity)
        right = [sentence for sentence in own if _holds(sentence, gold)]
        taught = sorted([*right, *own[: MOST_SENTENCES - 1]], key=own.index) if right else found
    answers = [each["text"] for each in row["answers"]]
    return Case(name, titles[row["passage_id"]], row["question"], found, taught, gold, answers)


def _holds(sentence: Sentence, gold: tuple[str, int, int]) -> bool:
    return sentence.document == gold[0] and sentence.start <= gold[1] and gold[2] <= sentence.end


def rows_of(case: Case, numbers: Numbers) -> Rows | None:
    """Return the features of what is looked at, or None where the right stretch is not among it."""
    start: list[list[str]] = []
    end: list[list[str]] = []
    inside: list[list[str]] = []
    marks: list[bool] = []
    owner: list[int] = []
    traits: list[list[str]] = []
    gold: tuple[int, int] | None = None
    kind = ""
    for place, sentence in enumerate(case.taught):
        units = units_of(sentence.text)
        found = features_of(case.question, units)
        kind = found.kind
        if _holds(sentence, case.gold):
            first, last = case.gold[1] - sentence.start, case.gold[2] - sentence.start
            inner = [
                len(start) + at
                for at, unit in enumerate(units)
                if unit.end > first and unit.start < last and unit.kind != "mark"
            ]
            if inner and inner[-1] - inner[0] < LONGEST:
                gold = (inner[0], inner[-1] - inner[0])
        start += found.start
        end += found.end
        inside += found.inside
        marks += found.marks
        owner += [place] * len(units)
        traits.append(sentence_features(case.taught, place, kind))
    if gold is None:
        return None
    lengths = [length_features(length, kind) for length in range(LONGEST)]
    parts = [_bags(part, numbers) for part in (start, end, inside, traits, lengths)]
    return Rows(*parts, np.array(owner), _valid(np.array(owner), np.array(marks)), gold)


def _valid(owners: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Return which stretches stay in one sentence and neither begin nor end with a mark, shape ``(units, LONGEST)``."""
    count = len(owners)
    valid = np.zeros((count, LONGEST), dtype=bool)
    for length in range(min(LONGEST, count)):
        rows = count - length
        valid[:rows, length] = (owners[:rows] == owners[length:]) & ~marks[:rows] & ~marks[length:]
    return valid


def _bags(rows: list[list[str]], numbers: Numbers) -> tuple[np.ndarray, np.ndarray]:
    flat = np.array([numbers[name] for row in rows for name in row], dtype=np.int32)
    return flat, np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)[:-1]


def fit(rows: Sequence[Rows], numbers: Numbers, settings: argparse.Namespace) -> dict[str, float]:
    """Return weights that make the right stretches likely among all that there are."""
    seen = np.zeros(len(numbers) + 1, dtype=np.int64)
    for row in rows:
        seen[np.unique(np.concatenate([part[0] for part in row[:5]]))] += 1
    kept = np.flatnonzero(seen >= settings.seen)
    number = np.full(len(seen), len(kept), dtype=np.int32)  # the last place stands for all that are left out
    number[kept] = np.arange(len(kept))
    bags = [[(torch.from_numpy(number[flat]), torch.from_numpy(starts)) for flat, starts in row[:5]] for row in rows]
    weights = torch.zeros(len(kept), requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=0.05)
    order = list(range(len(rows)))
    for epoch in range(settings.epochs):
        random.Random(epoch).shuffle(order)
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 - epoch / settings.epochs)
        for begin in range(0, len(order), 32):
            batch = order[begin : begin + 32]
            loss = torch.stack([_loss(bags[place], rows[place], weights) for place in batch]).mean()
            loss = loss + settings.decay * weights.square().sum() / len(rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    values = dict(zip(kept.tolist(), weights.detach().tolist(), strict=True))
    return {
        name: round(values[place], 3)
        for name, place in numbers.items()
        if abs(values.get(place, 0.0)) >= settings.least
    }


def _loss(bags: list[tuple[torch.Tensor, torch.Tensor]], rows: Rows, weights: torch.Tensor) -> torch.Tensor:
    table = torch.cat([weights, torch.zeros(1)])[:, None]

    def total(part: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.embedding_bag(part[0], table, part[1], mode="sum")[:, 0]

    start, end, inside, sentence, length = map(total, bags)
    start = start + sentence[torch.from_numpy(rows.owner)]
    count = len(start)
    sums = torch.cat([torch.zeros(1), inside.cumsum(0)])
    places = torch.arange(count)[:, None]
    last = (places + torch.arange(LONGEST)[None, :]).clamp(max=count - 1)
    scores = start[:, None] + end[last] + sums[last + 1] - sums[places] + length[None, :]
    scores = scores.masked_fill(~torch.from_numpy(rows.valid), -torch.inf)
    return torch.logsumexp(scores.flatten(), 0) - scores[rows.gold]


if __name__ == "__main__":
    main()
