"""Write the returns example: policies, dialogues split by clause, profile. ``python -m ftadvisor.executors.returns``.

Every dialogue is composed from the parts in ``knowledge/examples/returns/words.toml``; the same seed writes the same
files. A test clause is never the subject of a training dialogue, and no test question is a near-duplicate of one.
"""

import argparse
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any, Literal

from ..knowledge.durable import write_text
from .overlap import NEAR_DUPLICATE, four_grams, jaccard

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")
SEED = 12038  # goods and grounds of each split; the first whose test pairs were in no earlier validation or test side
TEST_SEED = 1  # all else of the test side; to be raised whenever a choice was made by looking at it
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

FORMAT = {
    "zh": "【问题】{ground}【条款】{clause}【依据】{wording}【决定】{decision}【回复】{sorry}，{reply}",
    "en": "【Issue】{ground}【Clause】{clause}【Basis】{wording}【Decision】{decision}【Reply】{sorry}. {reply}",
}
TITLES = {"zh": "# {shop}退货政策", "en": "# {shop} returns policy"}
HEADINGS = {"zh": "## {thing}：{ground}（{clause}）", "en": "## {thing}: {ground} ({clause})"}


@dataclass(frozen=True)
class Split:
    """One part of the dialogues.

    Attributes:
        name: What its file is called.
        clauses: How many clauses it asks about.
        dialogues: How many dialogues ask about each of them.
        seed: Seed of its clauses' numbers, decisions and wordings, and of its dialogues.
    """

    name: str
    clauses: int
    dialogues: int
    seed: int


SPLITS = (
    Split("train", 84, 6, SEED),
    Split("validation", 24, 5, SEED + 1),  # settings are chosen on these rows
    Split("test", 24, 5, TEST_SEED),  # and reported on these, once
)


@dataclass(frozen=True)
class Clause:
    """One rule of the shop: which ground on which goods leads to which decision."""

    number: str
    thing: str
    ground: str
    decision: str
    days: int
    wording: Mapping[Language, str]
    text: Mapping[Language, str]


def read_words() -> dict[str, Any]:
    """Return the parts that the example is composed of."""
    source = files("ftadvisor.knowledge").joinpath("examples/returns/words.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def draw_clauses(words: dict[str, Any]) -> dict[str, list[Clause]]:
    """Draw each split's clauses: one for each ground that applies to each of the goods, decisions equally often."""
    pairs = [(thing, ground) for thing, entry in words["things"].items() for ground in entry["grounds"]]
    shuffled = Random(SEED).sample(pairs, len(pairs))
    clauses: dict[str, list[Clause]] = {}
    taken: set[str] = set()
    for split in SPLITS:
        random, chosen, shuffled = Random(split.seed), shuffled[: split.clauses], shuffled[split.clauses :]
        decisions = _balanced(list(words["decisions"]), len(chosen), random)
        clauses[split.name] = [
            _draw_clause(words, random, _number(random, taken), thing, ground, decision)
            for (thing, ground), decision in zip(chosen, decisions, strict=True)
        ]
    return clauses


def _number(random: Random, taken: set[str]) -> str:
    while (number := f"{random.choice(LETTERS)}-{random.randrange(100, 1000)}") in taken:
        pass
    taken.add(number)
    return number


def _balanced(labels: list[str], count: int, random: Random) -> list[str]:
    drawn = (labels * (count // len(labels) + 1))[:count]
    random.shuffle(drawn)
    return drawn


def _draw_clause(words: dict[str, Any], random: Random, number: str, thing: str, ground: str, decision: str) -> Clause:
    days, wording, text = random.choice([7, 10, 14, 15, 20, 30, 45, 60]), {}, {}
    choice = random.randrange(len(words["decisions"][decision]["wordings_zh"]))
    for language in LANGUAGES:
        wording[language] = words["decisions"][decision][f"wordings_{language}"][choice]
        text[language] = _clause_text(words, random, language, thing, ground, wording[language], days)
    return Clause(number, thing, ground, decision, days, wording, text)


def _clause_text(
    words: dict[str, Any], random: Random, language: Language, thing: str, ground: str, wording: str, days: int
) -> str:
    values = {
        "thing": words["things"][thing][language],
        "term": words["grounds"][ground][language],
        "also": ("、" if language == "zh" else ", ").join(words["grounds"][ground][f"also_{language}"]),
        "wording": wording,
        "days": days,
    }
    parts = [random.choice(words["clause"][f"{part}_{language}"]) for part in ("subjects", "decisions", "limits")]
    return _capital(_gap(language).join(part.format(**values) for part in parts if part))


def _gap(language: Language) -> str:
    return "" if language == "zh" else " "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def policy(words: dict[str, Any], clauses: Iterable[Clause], language: Language) -> str:
    """Return the policy document of one language: one section per clause, in the order of goods and numbers."""
    order = list(words["things"])
    sections = [TITLES[language].format(shop=words["shop"][language])]
    for clause in sorted(clauses, key=lambda clause: (order.index(clause.thing), clause.number)):
        heading = HEADINGS[language].format(
            thing=_capital(words["things"][clause.thing][language]),
            ground=words["grounds"][clause.ground][language],
            clause=clause.number,
        )
        sections.append(f"{heading}\n\n{clause.text[language]}")
    return "\n\n".join(sections) + "\n"


def dialogue(words: dict[str, Any], clause: Clause, language: Language, random: Random) -> dict[str, Any]:
    """Return one dialogue: a complaint that does not name its ground, and the answer in the house format."""
    ground, decision = words["grounds"][clause.ground], words["decisions"][clause.decision]
    answer = FORMAT[language].format(
        ground=ground[language],
        clause=clause.number,
        wording=clause.wording[language],
        decision=decision[language],
        sorry=random.choice(words["voice"][f"sorry_{language}"]),
        reply=random.choice(decision[f"replies_{language}"]),
    )
    return {
        "language": language,
        "question": _complaint(words, clause, language, random),
        "answer": answer,
        "quote": clause.text[language],
        "expected": {"decision": decision[language], "clause": clause.number},
    }


def _complaint(words: dict[str, Any], clause: Clause, language: Language, random: Random) -> str:
    ground, voice, gap = words["grounds"][clause.ground], words["voice"], _gap(language)
    opener, bought, frame, closer = (
        random.choice(voice[f"{part}_{language}"]) for part in ("openers", "bought", "frames", "closers")
    )
    complaint = random.choice(ground[f"how_{language}"]) + gap + random.choice(ground[f"what_{language}"])
    middle = frame.format(bought=bought.format(thing=words["things"][clause.thing][language]), complaint=complaint)
    if not opener.endswith((",", ":")):
        middle = _capital(middle)
    return gap.join(part for part in (opener, middle, closer) if part)


def draw_dialogues(words: dict[str, Any], clauses: Mapping[str, list[Clause]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each split; no question is a near-duplicate of an earlier one, in its split or another."""
    rows: dict[str, list[dict[str, Any]]] = {}
    seen: list[frozenset[str]] = []
    for split in SPLITS:
        random = Random(split.seed)
        drawn = [
            _fresh(words, clause, LANGUAGES[(place + turn) % 2], random, seen)
            for place, clause in enumerate(clauses[split.name])
            for turn in range(split.dialogues)
        ]
        random.shuffle(drawn)
        rows[split.name] = [{"id": f"{split.name}-{number:04d}", **row} for number, row in enumerate(drawn, start=1)]
    return rows


def _fresh(
    words: dict[str, Any], clause: Clause, language: Language, random: Random, seen: list[frozenset[str]]
) -> dict[str, Any]:
    for _ in range(200):
        row = dialogue(words, clause, language, random)
        grams = four_grams(row["question"])
        if all(jaccard(grams, other) <= NEAR_DUPLICATE for other in seen):
            seen.append(grams)
            return row
    raise RuntimeError(f"no fresh wording left for clause {clause.number}; words.toml needs more parts")


def write_example(folder: Path) -> None:
    """Write policies and dialogues into a folder."""
    words = read_words()
    clauses = draw_clauses(words)
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        everything = [clause for split in clauses.values() for clause in split]
        write_text(folder / "policies" / f"returns.{language}.md", policy(words, everything, language))
    for split, rows in draw_dialogues(words, clauses).items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(folder / f"dialogues.{split}.jsonl", lines)


def main() -> None:
    """Read the options and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("knowledge/examples/returns"))
    write_example(parser.parse_args().out)


if __name__ == "__main__":
    main()
