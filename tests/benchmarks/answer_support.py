"""Fit from which support on a sentence counts as borne, and print how often that is right.

Usage: ``python tests/benchmarks/answer_support.py [--most N] [--embedder E] [SET ...]``

Sentences are made of the questions of public sets (see retrieval.py): the question with the answer in the place of its
question word is borne by its passage. It is not with the answer of another question, with a number changed, or by
passages that are not its own. Each sentence is contradicted, too: denied, with another unit, with two numbers of its
passage exchanged, with the opposite of one of its words. The threshold is fitted on one set and reported on another.
Claims of SciFact, which experts marked as supported or contradicted, are judged with it, too.

``--articles even|odd`` takes half of the articles: rules are written by looking at one half and reported on the other.
"""

import argparse
import json
import os
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from ftadvisor.rag.build import build_index
from ftadvisor.rag.evidence import sentences_of
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.records import Hit, IndexOptions
from ftadvisor.rag.support import LEAST_SUPPORT, best_support

DATA = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data"
ASKS = re.compile(
    r"\b(what|which|who|whom|whose|when|where|how (?:many|much|long|old))\b"
    r"|什么时候|什么|谁|多少|何时|哪一?[年里个些]|几",
    re.IGNORECASE,
)
Scores = dict[str, list[float]]


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--embedder", default="builtin")
    parser.add_argument("--articles", choices=["all", "even", "odd"], default="all")
    parser.add_argument("sets", nargs="*", default=["xquad_en", "drcd_dev", "cmrc2018_trial"])
    arguments = parser.parse_args()
    scores = {name: _scores(name, arguments) for name in arguments.sets}
    for fitted_on in scores:
        steps = [step / 50 for step in range(1, 51)]
        least = max(steps, key=lambda each: _balance(scores[fitted_on], each))
        print(f"fitted on {fitted_on}: {least:.2f}")
        for name in scores:
            _print(name, scores[name], least)
    for name in scores:
        _print(f"{name} at the one used", scores[name], LEAST_SUPPORT)
    _print("scifact at the one used", _claims(arguments), LEAST_SUPPORT)


def _balance(scores: Scores, least: float) -> float:
    wrong = [name for name in scores if name != "borne"]
    refused = sum(sum(score < least for score in scores[name]) / len(scores[name]) for name in wrong) / len(wrong)
    return refused + sum(score >= least for score in scores["borne"]) / len(scores["borne"])


def _print(name: str, scores: Scores, least: float) -> None:
    shares = {kind: sum(score >= least for score in each) / len(each) for kind, each in scores.items()}
    print(f"  {name} at {least:.2f}: accepted " + ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))


def _scores(name: str, arguments: argparse.Namespace) -> Scores:
    rows = [json.loads(line) for line in (DATA / name / "qa.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if ASKS.search(row["question"]) and _in_half(name, row, arguments.articles)]
    random.Random(0).shuffle(rows)
    scores: Scores = defaultdict(list)
    with TemporaryDirectory() as folder:
        build_index([DATA / name / "passages.jsonl"], Path(folder), IndexOptions(embedder=arguments.embedder))
        index = open_index(Path(folder))
        for row, other in pairwise(rows[: arguments.most + 1]):
            for kind, text, hits in _made(index, row, other):
                found = sentences_of(row["question"], hits, index.words.rarity)
                scores[kind].append(best_support(text, found, index.words.rarity, index.embedder).score)
    return scores


def _made(index: Index, row: dict, other: dict) -> Iterator[tuple[str, str, list[Hit]]]:
    """Yield sentences with what they are and the passages that they are held against."""
    answer, text = row["answers"][0]["text"], index.documents[row["passage_id"]].text
    own = [Hit(row["passage_id"], 0, 0, len(text), 0.0, text)]
    said = ASKS.sub(lambda _: answer, row["question"], count=1).rstrip("?？") + "."
    yield "borne", said, own
    wrong = other["answers"][0]["text"]
    if wrong not in text:
        yield "other answer", ASKS.sub(lambda _: wrong, row["question"], count=1).rstrip("?？") + ".", own
    if number := re.search(r"\d+", said):
        yield "other number", said[: number.start()] + str(int(number[0]) + 7) + said[number.end() :], own
    for kind, text_of in CONTRADICTED.items():
        if (contradicted := text_of(said, text)) is not None:
            yield kind, contradicted, own
    yield "other passages", said, [hit for hit in index.search(said, 20) if hit.document != row["passage_id"]][:5]


def _in_half(name: str, row: dict, half: str) -> bool:
    article = row["passage_id"].rpartition("-")[0] or row["passage_id"]
    return half == "all" or (zlib.crc32(f"{name} {article}".encode()) % 2 == 0) == (half == "even")


def denied(said: str, _: str) -> str | None:
    """Return a sentence with a denial put in."""
    if found := re.search(r"\b(?:is|are|was|were|has|had|have|can|could|will|would|did|does|do)\b", said):
        return f"{said[: found.end()]} not{said[found.end() :]}"
    if found := re.search(r"是|有|在|為|为|可以|能夠|能够|會|会|被", said):
        denial = "没" if found[0] == "有" else "没有" if found[0] == "被" else "不"
        return f"{said[: found.start()]}{denial}{said[found.start() :]}"
    return None


def other_unit(said: str, _: str) -> str | None:
    """Return a sentence with another unit behind a number."""
    for pattern, others in UNITS.items():
        if found := re.search(rf"(?<=\d)\s?(?:{pattern})", said):
            return f"{said[: found.start()]}{others}{said[found.end() :]}"
    return None


def exchanged(said: str, passage: str) -> str | None:
    """Return a sentence with a number of its passage in the place of its own."""
    own = re.search(r"\d+", said)
    others = [number for number in re.findall(r"\d+", passage) if own and number not in said]
    if own is None or not others:
        return None
    nearest = min(others, key=lambda number: (abs(len(number) - len(own[0])), others.index(number)))
    return f"{said[: own.start()]}{nearest}{said[own.end() :]}"


def opposite(said: str, passage: str) -> str | None:
    """Return a sentence with the opposite of one of its words."""
    for one, other in [*OPPOSITES, *(pair[::-1] for pair in OPPOSITES)]:
        edge = r"\b" if one.isascii() else ""
        if re.search(rf"{edge}{one}{edge}", said) and re.search(one, passage):
            return re.sub(rf"{edge}{one}{edge}", other, said, count=1)
    return None


CONTRADICTED = {"denied": denied, "other unit": other_unit, "number exchanged": exchanged, "opposite": opposite}
UNITS = {
    "%|percent": " million",
    "million": " billion",
    "billion": " million",
    "thousand": " million",
    "kilomet(?:er|re)s|km": " metres",
    "met(?:er|re)s|feet|miles": " kilometres",
    "years": " days",
    "days|months|hours": " years",
    "萬|万": "亿",
    "億|亿": "万",
    "公里|千米": "米",
    "公尺|米": "公里",
    "年": "天",
    "天|日": "年",
    "人": "万人",
}
OPPOSITES = [
    ("more", "less"),
    ("before", "after"),
    ("largest", "smallest"),
    ("first", "last"),
    ("most", "least"),
    ("increased", "decreased"),
    ("higher", "lower"),
    ("north", "south"),
    ("northern", "southern"),
    ("eastern", "western"),
    ("won", "lost"),
    ("oldest", "youngest"),
    ("early", "late"),
    ("begin", "end"),
    ("began", "ended"),
    ("support", "oppose"),
    ("highest", "lowest"),
    ("增加", "减少"),
    ("最大", "最小"),
    ("最高", "最低"),
    ("最早", "最晚"),
    ("之前", "之后"),
    ("之前", "之後"),
    ("上升", "下降"),
    ("提高", "降低"),
    ("支持", "反对"),
    ("支持", "反對"),
    ("第一", "最后"),
    ("北部", "南部"),
    ("东部", "西部"),
    ("東部", "西部"),
    ("開始", "結束"),
    ("开始", "结束"),
    ("成功", "失败"),
    ("成功", "失敗"),
    ("擊敗", "敗給"),
    ("勝利", "失敗"),
    ("進口", "出口"),
    ("加入", "退出"),
    ("哥哥", "弟弟"),
    ("父親", "母親"),
    ("父亲", "母亲"),
]


def _claims(arguments: argparse.Namespace) -> Scores:
    rows = [json.loads(line) for line in (DATA / "scifact" / "claims_train.jsonl").read_text().splitlines()]
    parts = sorted((DATA / "scifact").glob("corpus.part*.jsonl"))
    corpus = [json.loads(line) for part in parts for line in part.read_text(encoding="utf-8").splitlines()]
    abstracts = {row["id"]: " ".join(row["sentences"]) for row in corpus}
    scores: Scores = defaultdict(list)
    for row in rows[: 2 * arguments.most]:
        for name, evidence in row["evidence"].items():
            text = abstracts[name]
            found = sentences_of(row["claim"], [Hit(name, 0, 0, len(text), 0.0, text)], lambda _: 1.0)
            scores[evidence[0]["label"].lower()].append(best_support(row["claim"], found, lambda _: 1.0).score)
    return scores


if __name__ == "__main__":
    main()
