"""Train the learned reader of descriptions, and measure it on situations that it was not trained on.

    python tests/benchmarks/train_reader.py [--write]

Trains from ``tests/advisor/reading/`` (the README beside it says how those texts came about): situations whose parts
are tagged, judged situations with what they tell as a whole, and single clauses. Five parts of the situations take
turns in being held out; on them the lexicons alone are compared with lexicons and reader together, and for each field
the lowest probability is found from which on four of five answers are right where lexicons are silent, and the one from
which on the reader is right in four of five cases where they say otherwise.
With ``--write`` the weights, trained on everything, go to ``knowledge/reading/``.
"""

import argparse
import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cue_weights import content, matrix, pruned
from ftadvisor.advisor.describe.cues import cues
from ftadvisor.advisor.describe.implied import LARGE_CORPUS_TOKENS
from ftadvisor.advisor.describe.learned import AMOUNTS, Likely, Weights, answer_of, likely
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.profile import choices
from ftadvisor.knowledge.lexicon import Lexicon
from ftadvisor.knowledge.load import KNOWLEDGE, load
from ftadvisor.knowledge.task import find_family
from ftadvisor.knowledge.text import is_chinese

TEXTS = Path(__file__).parents[1] / "advisor" / "reading"
FIELDS = (
    "task_type", "labelled_examples", "failure_mode", "format_need", "knowledge_volatility",
    "needs_citations", "privacy", "knowledge_tokens", "style_need",
)  # fmt: skip
STRENGTH, FOLDS, SEED = 20.0, 5, 17
RIGHT = 0.8
ENOUGH = 20
"""Disagreements from which on it can be told who is right."""
UNIT = 0.1
MOST_BYTES = 480_000
"""Of one language's file; the smallest weights are left out until it fits."""
LEVELS = tuple(step / 100 for step in range(10, 95, 5))
#: What the judged situations call a task by many names is one answer by its family.
TASKS = {
    "adaptation": "domain_adaptation", "classification": "classification", "code": "code_generation",
    "dialogue": "dialogue", "document_vision": "document_understanding", "extraction": "extraction",
    "generation": "generation", "question_answering": "qa", "reasoning": "reasoning", "several": "multi_task",
    "span_reading": "extractive_qa", "speech": "asr", "tagging": "ner", "translation": "translation",
    "vision": "image_classification",
}  # fmt: skip
KEPT_TASKS = ("style_transfer", "role_play", "summarization", "text_to_sql", "audio_classification")
TAGS = re.compile(r"(?:\s*\{[a-z_]+=[a-z_]+\})+")
_cues = cache(cues)

Part = tuple[str, dict[str, str]]


class Situation(NamedTuple):
    """A description with its parts, and what each part tells."""

    text: str
    parts: list[Part]

    def told(self, field: str) -> list[str]:
        """Return what is said about a field, the first answer first."""
        return [answers[field] for _, answers in self.parts if field in answers]


def situations(language: str) -> list[Situation]:
    """Return the situations of a language; the tags behind a part tell what it says."""
    tagged = (TEXTS / f"situations_{language}.txt").read_text(encoding="utf-8").splitlines()
    judged = (TEXTS / f"judged_{language}.txt").read_text(encoding="utf-8").splitlines()
    found = [Situation(re.sub(r"\s+", " ", TAGS.sub("", line)), list(_parts(line))) for line in tagged]
    return [*found, *(_told_as_a_whole(line) for line in judged)]


def _told_as_a_whole(line: str) -> Situation:
    """Return a judged situation as one of a single part."""
    text, fields, *_ = (part.strip() for part in line.split("|||"))
    told = dict(pair.strip().split("=", 1) for pair in fields.split(";") if "=" in pair)
    named = {field: _answer(field, value.strip().lower()) for field, value in told.items() if field in FIELDS}
    return Situation(text, [(text, {field: answer for field, answer in named.items() if answer})])


def _answer(field: str, value: str) -> str:
    """Return an answer of a judged situation as the tags name it; empty where they have none."""
    if field == "task_type":
        return value if value in KEPT_TASKS else TASKS.get(_family(value), "")
    if field in AMOUNTS:
        number = re.sub("[,_ ]", "", value)
        return _named(field, float(number)) if number.replace(".", "", 1).isdigit() else _uncounted(value)
    return value if value in (*map(str.lower, map(str, choices(field))), "true", "false") else ""


def _uncounted(value: str) -> str:
    return value if value == "uncounted" else ""


def _parts(line: str) -> Any:
    start = 0
    for tags in TAGS.finditer(line):
        yield line[start : tags.start()].strip(), dict(re.findall(r"([a-z_]+)=([a-z_]+)", tags[0]))
        start = tags.end()
    if line[start:].strip():
        yield line[start:].strip(), {}


def single_clauses(language: str) -> list[Part]:
    """Return the clauses of a language, each of which tells one thing or nothing."""
    found, told = list[Part](), dict[str, str]()
    for line in (TEXTS / f"clauses_{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            field, _, answer = line.strip("[]").partition("=")
            told = {field: answer} if answer else {}
        else:
            found.append((line, told))
    return [*found, *_lexicon_examples(language)]


def _lexicon_examples(language: str) -> list[Part]:
    """Return the lexicons' own sentences, with what they tell; where a lexicon must stay silent nothing is told."""
    found = list[Part]()
    for lexicon in load(Lexicon).values():
        if lexicon.field in FIELDS:
            told = [(one.text, _named(lexicon.field, one.value)) for one in lexicon.said]
            for text, answer in (*told, *((text, "") for text in lexicon.silent)):
                if is_chinese(text) == (language == "zh"):
                    found.append((text, {lexicon.field: answer} if answer else {}))
    return found


def _named(field: str, value: Any) -> str:
    """Return an answer as the texts name it; None is an amount that nobody counted."""
    if field == "knowledge_tokens":
        return "corpus" if value is not None and value >= LARGE_CORPUS_TOKENS else ""
    if field != "labelled_examples":
        return str(value).lower()
    if value is None:
        return "uncounted"
    return "none" if value == 0 else "few" if value < 100 else "some" if value < 1000 else "many"


def trained(given: Sequence[Situation], clauses: Sequence[Part]) -> Weights:
    """Return the weights of one language, not pruned."""
    answers: list[tuple[str, str]] = []
    constants: list[int] = []
    table: dict[str, list[int]] = {}
    for field in FIELDS:
        bags, told = _examples(field, given, clauses)
        counts = Counter(cue for bag in bags for cue in bag)
        names = sorted(cue for cue, count in counts.items() if count > 1)
        table_of_cues = matrix(bags, names)
        for answer in sorted(set(told) - {""}):
            constant, weights = _fit(table_of_cues, [one == answer for one in told])
            for name, weight in zip(names, weights, strict=True):
                if weight:
                    table.setdefault(name, []).extend((len(answers), weight))
            answers.append((field, answer))
            constants.append(constant)
    return Weights(UNIT, {}, {}, answers, constants, table)


def _examples(
    field: str, given: Sequence[Situation], clauses: Sequence[Part]
) -> tuple[list[frozenset[str]], list[str]]:
    """Return bags of cues with the answer: whole situations, their parts, clauses, and parts put among others."""
    several = [part for one in given if len(one.parts) > 1 for part in one.parts]
    parts = [(_cues(text), told.get(field, "")) for text, told in (*clauses, *several)]
    whole = [(_cues(one.text), (one.told(field) or [""])[0]) for one in given]
    draw = random.Random(SEED)
    others = [bag for bag, answer in parts if not answer]
    mixed = [(bag.union(*draw.sample(others, draw.randint(1, 3))), answer) for bag, answer in parts if answer]
    bags, told = zip(*whole, *parts, *mixed, strict=True)
    return list(bags), list(told)


def _fit(given: Any, wanted: list[bool]) -> tuple[int, list[int]]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=SEED).fit(given, wanted)
    return round(model.intercept_[0] / UNIT), [round(weight / UNIT) for weight in model.coef_[0]]


def held_out(language: str) -> list[tuple[Situation, dict[str, Likely]]]:
    """Return every situation with what a reader says that was trained on others."""
    given = situations(language)
    order = random.Random(SEED).sample(range(len(given)), len(given))
    found = []
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS])
        others = [one for place, one in enumerate(given) if place not in out]
        weights = pruned(trained(others, single_clauses(language)), MOST_BYTES)
        found += [(given[place], likely(given[place].text, weights)) for place in sorted(out)]
    return found


def is_right(field: str, found: Any, told: list[str]) -> bool:
    """Tell whether an answer is one that was told; tasks are right by their family, amounts by their order."""
    if field == "task_type":
        return _family(found) in [_family(one) for one in told]
    if field == "labelled_examples":
        return _named(field, found) in told or "uncounted" in told
    return _named(field, found) in told


def _family(task: str) -> str:
    family = find_family(task)
    return family.id if family else task


def main() -> None:
    """Measure, and write the weights if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights to knowledge/reading/")
    write = parser.parse_args().write
    found = {language: held_out(language) for language in ("en", "zh")}
    every = [pair for pairs in found.values() for pair in pairs]
    least = {field: _least(field, every) for field in FIELDS}
    surer = {field: level for field in FIELDS if (level := _surer(field, every)) < 1}
    for language, pairs in found.items():
        print(f"\n{language}, {len(pairs)} situations | told | lexicons: right, wrong | with the reader | from")
        for field in FIELDS:
            told = sum(bool(one.told(field)) for one, _ in pairs)
            before, after = _score(field, pairs, 2.0), _score(field, pairs, least[field], surer.get(field, 2.0))
            levels = f"{least[field]}, {surer.get(field, '-')}"
            print(f"{field} | {told} | {before[0]}, {before[1]} | {after[0]}, {after[1]} | {levels}")
        if write:
            weights = pruned(trained(situations(language), single_clauses(language)), MOST_BYTES)
            weights = weights._replace(least=least, surer=surer)
            (KNOWLEDGE / "reading" / f"{language}.json").write_text(content(weights), encoding="utf-8")


def _least(field: str, pairs: list[tuple[Situation, dict[str, Likely]]]) -> float:
    """Return the lowest level from which on enough of what is filled in is right."""
    for level in LEVELS:
        (right, wrong), (right_before, wrong_before) = (_score(field, pairs, one) for one in (level, 2.0))
        if (right - right_before) >= RIGHT * (right - right_before + wrong - wrong_before) > 0:
            return level
    return 1.0


def _surer(field: str, pairs: list[tuple[Situation, dict[str, Likely]]]) -> float:
    """Return the lowest level from which on the reader is right in enough of what it and the lexicons disagree on."""
    disagreed = []
    for one, supposed in pairs:
        found, guess = _lexicons(one.text).get(field), supposed[field]
        value = answer_of(field, guess.answer)
        if found is not None and value is not None and not is_right(field, value, [_named(field, found)]):
            disagreed.append((guess.probability, is_right(field, value, one.told(field))))
    for level in LEVELS:
        right = [good for probability, good in disagreed if probability >= level]
        if len(right) >= ENOUGH and sum(right) >= RIGHT * len(right):
            return level
    return 1.0


def _score(
    field: str, pairs: list[tuple[Situation, dict[str, Likely]]], level: float, surer: float = 2.0
) -> tuple[int, int]:
    """Return how many answers are right and how many are wrong, if the reader fills, and overrules, from levels on."""
    right = wrong = 0
    for one, supposed in pairs:
        found = _lexicons(one.text).get(field)
        guess = supposed[field]
        value = answer_of(field, guess.answer)
        if guess.probability >= (level if found is None else surer):
            found = value
        if found is not None and _named(field, found):  # an ordinary amount of documents is not judged
            good = is_right(field, found, one.told(field))
            right, wrong = right + good, wrong + (not good)
    return right, wrong


@cache
def _lexicons(text: str) -> dict[str, Any]:
    return {read.field: read.value for read in understand(text, lexicons_only=True).answers}


if __name__ == "__main__":
    main()
