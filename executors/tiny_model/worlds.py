"""How a clause, a question about it and its answer are worded."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .grounds import Ground
from .words import SENSES, Language, words

SEPARATORS: dict[Language, list[str]] = {"en": [", ", ", ", "; ", " or ", " / "], "zh": ["、", "、", "，", "或", "；"]}


@dataclass(frozen=True)
class Clause:
    """One rule of an invented house."""

    identifier: str
    thing: str
    ground: Ground
    sense: str
    wording: str
    days: int


def passage(random: Random, language: Language, clause: Clause, nonsense: Callable[[Language], str]) -> str:
    """Word a clause as a passage: a heading and sentences, or invented filler around the words that matter."""
    gap, pool = " " if language == "en" else "", words()["passage"]
    also = clause.ground.also
    subjects = "listing" if also else "subjects"
    parts = [random.choice(pool[part][language]) for part in (subjects, "decisions", "limits", "extras")]
    if not also and random.random() < 0.35:
        filler = [nonsense(language) for _ in range(4)]
        parts = [
            f"{filler[0]}{gap}{{thing}}{gap}{filler[1]}{gap}{{term}}",
            f"{filler[2]}{gap}{{wording}}{gap}{filler[3]}",
            parts[2],
        ]
    if random.random() < 0.2:
        random.shuffle(parts)
    text = gap.join(part for part in parts if part)
    if random.random() < 0.15:
        text = f"{text} ({{identifier}})"
    else:
        text = random.choice(pool["headings"][language]) + random.choice(["\n", "\n\n", " "]) + text
    listed = random.choice(SEPARATORS[language]).join(also)
    return text.format(**vars(clause), term=clause.ground.term, also=listed)


def ask(random: Random, language: Language, clause: Clause) -> str:
    """Word a customer's question about a clause."""
    text: str = random.choice(words()["questions"][language]).format(thing=clause.thing, spoken=clause.ground.spoken)
    gap = " " if language == "en" else ""
    if random.random() < 0.4:
        text = random.choice(words()["feelings"][language]) + gap + text
    if random.random() < 0.3:
        text = text + gap + random.choice(words()["feelings"][language])
    return text


_STYLES = [
    "【{name}】{value}",
    "[{name}] {value} ",
    "{name}: {value}\n",
    "<{name}>{value}",
    "{name}={value}; ",
    "({name}) {value} ",
    "{name}:{value} ",
]


@dataclass(frozen=True)
class Schema:
    """The form of an answer: fields with names, a bracket style, and the labels to choose from."""

    language: Language
    fields: tuple[tuple[str, str], ...]
    style: str
    labels: tuple[str, ...]
    lead: str

    @property
    def instruction(self) -> str:
        """Return the instruction that asks for this form."""
        blanks = {"label": "/".join(self.labels)}
        return self.lead + " " + self._fill([blanks.get(kind, "…") for kind, _ in self.fields])

    def answer(self, random: Random, clause: Clause) -> str:
        """Return a clause's answer in this form."""
        note = random.choice(words()["notes"][self.language][clause.sense]).format(thing=clause.thing)
        values = {
            "id": clause.identifier,
            "label": self.labels[SENSES.index(clause.sense)],
            "note": note,
            "days": str(clause.days),
            "wording": clause.wording,
            "term": clause.ground.term,
        }
        return self._fill([values[kind] for kind, _ in self.fields])

    def _fill(self, values: list[str]) -> str:
        pairs = zip(self.fields, values, strict=True)
        return "".join(self.style.format(name=name, value=value) for (_, name), value in pairs).strip()


_FORMS: list[tuple[tuple[str, ...], int]] = [
    (("id", "label", "note"), 3),
    (("term", "id", "wording", "label", "note"), 8),
    (("term", "id", "label"), 3),
    (("id", "label"), 2),
    (("id", "wording", "label"), 2),
    (("term", "id"), 2),
    (("wording", "label"), 1),
    (("label", "id"), 1),
    (("id", "days", "label"), 1),
    (("label",), 1),
    (("id",), 1),
]


def schema_for(random: Random, language: Language) -> Schema:
    """Draw a form of answer."""
    kinds = random.choices([form for form, _ in _FORMS], [weight for _, weight in _FORMS])[0]
    names = words()["fields"][language]
    chosen = tuple((kind, random.choice(names["note" if kind == "wording" else kind])) for kind in kinds)
    labels = tuple(random.choice(words()["labels"][language]))
    return Schema(language, chosen, random.choice(_STYLES), labels, random.choice(words()["leads"][language]))
