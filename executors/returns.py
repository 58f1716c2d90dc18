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

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")
SEED = 417
NEAR_DUPLICATE = 0.6  # 4-gram Jaccard above which two questions count as the same
SPLITS = {"train": (0.70, 6), "validation": (0.10, 4), "test": (0.20, 5)}  # share of clauses, dialogues per clause
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

FORMAT = {
    "zh": "【问题】{ground}【条款】{clause}【依据】{wording}【决定】{decision}【回复】{sorry},{reply}",
    "en": "【Issue】{ground}【Clause】{clause}【Basis】{wording}【Decision】{decision}【Reply】{sorry}: {reply}",
}
TITLES = {"zh": "# {shop}退货政策", "en": "# {shop} returns policy"}
HEADINGS = {"zh": "## {thing}:{ground}({clause})", "en": "## {thing}: {ground} ({clause})"}


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


def draw_clauses(words: dict[str, Any], random: Random) -> list[Clause]:
    """Draw one clause for each ground that applies to each of the goods; numbers and decisions are arbitrary."""
    pairs = [(thing, ground) for thing, entry in words["things"].items() for ground in entry["grounds"]]
    numbers = random.sample([f"{letter}-{number}" for letter in LETTERS for number in range(100, 1000)], len(pairs))
    decisions = _balanced(list(words["decisions"]), len(pairs), random)
    return [
        _draw_clause(words, random, number, thing, ground, decision)
        for number, (thing, ground), decision in zip(numbers, pairs, decisions, strict=True)
    ]


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
    gap = "" if language == "zh" else " "
    return gap.join(part.format(**values) for part in parts if part)


def policy(words: dict[str, Any], clauses: Iterable[Clause], language: Language) -> str:
    """Return the policy document of one language: one section per clause."""
    sections = [TITLES[language].format(shop=words["shop"][language])]
    for clause in clauses:
        heading = HEADINGS[language].format(
            thing=words["things"][clause.thing][language],
            ground=words["grounds"][clause.ground][language],
            clause=clause.number,
        )
        sections.append(f"{heading}\n\n{clause.text[language]}")
    return "\n\n".join(sections) + "\n"


def dialogue(words: dict[str, Any], clause: Clause, language: Language, random: Random) -> dict[str, Any]:
    """Return one dialogue: a complaint that does not name its ground, and the answer in the house format."""
    ground, voice = words["grounds"][clause.ground], words["voice"]
    pick = {part: random.choice(voice[f"{part}_{language}"]) for part in ("openers", "bought", "closers", "sorry")}
    gap, stop = ("", "。") if language == "zh" else (" ", ".")
    bought = pick["bought"].format(thing=words["things"][clause.thing][language])
    complaint = random.choice(ground[f"how_{language}"]) + gap + random.choice(ground[f"what_{language}"])
    middle = f"{bought},{complaint}{stop}" if language == "zh" else f"{bought} {complaint}{stop}"
    decision = words["decisions"][clause.decision]
    answer = FORMAT[language].format(
        ground=ground[language],
        clause=clause.number,
        wording=clause.wording[language],
        decision=decision[language],
        sorry=pick["sorry"],
        reply=random.choice(decision[f"replies_{language}"]),
    )
    return {
        "language": language,
        "question": gap.join(part for part in (pick["openers"], middle, pick["closers"]) if part),
        "answer": answer,
        "quote": clause.text[language],
        "expected": {"decision": decision[language], "clause": clause.number},
    }


def draw_dialogues(words: dict[str, Any], clauses: list[Clause], random: Random) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each split; no question is a near-duplicate of an earlier one, in its split or another."""
    shuffled = random.sample(clauses, len(clauses))
    rows: dict[str, list[dict[str, Any]]] = {}
    seen: list[frozenset[str]] = []
    start = 0
    for split, (share, per_clause) in SPLITS.items():
        count = round(share * len(clauses))
        rows[split] = []
        for clause in shuffled[start : start + count]:
            for turn in range(per_clause):
                row = _fresh(words, clause, LANGUAGES[(turn + start) % 2], random, seen)
                rows[split].append({"id": f"{split}-{len(rows[split]) + 1:04d}", **row})
        start += count
        random.shuffle(rows[split])
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


def four_grams(text: str) -> frozenset[str]:
    """Return the character 4-grams of a text."""
    return frozenset(text[start : start + 4] for start in range(max(1, len(text) - 3)))


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Return the share of two sets' members that both have, 0 to 1."""
    return len(left & right) / len(left | right)


def write_example(folder: Path) -> None:
    """Write policies and dialogues into a folder."""
    words, random = read_words(), Random(SEED)
    clauses = draw_clauses(words, random)
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        write_text(folder / "policies" / f"returns.{language}.md", policy(words, clauses, language))
    for split, rows in draw_dialogues(words, clauses, random).items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(folder / f"dialogues.{split}.jsonl", lines)


def main() -> None:
    """Read the options and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("knowledge/examples/returns"))
    write_example(parser.parse_args().out)


if __name__ == "__main__":
    main()
