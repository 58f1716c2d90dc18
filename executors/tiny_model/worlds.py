"""How a clause, a question about it and its answer are worded."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from .words import FEELINGS, FIELDS, LABELS, split

Language = Literal["en", "zh"]
MISSING = {"en": "The passages do not cover this.", "zh": "资料没有涉及。"}
_ORDER = ("grant", "deny", "swap", "check")


@dataclass(frozen=True)
class Clause:
    """One rule of an invented house."""

    identifier: str
    thing: str
    term: str
    spoken: str
    sense: str
    wording: str
    days: int


_HEADINGS = {
    "en": [
        "## {identifier} {thing}: {term}",
        "{identifier} {term}",
        "[{identifier}] {thing}",
        "{identifier}",
        "## {identifier} {term} ({thing})",
        "Rule {identifier}. {term}",
        "{identifier} | {thing} | {term}",
        "Section {identifier}:",
        "## {thing}: {term} ({identifier})",
        "{term} {identifier}",
        "### {term} [{identifier}]",
    ],
    "zh": [
        "## {identifier} {thing}:{term}",
        "{identifier} {term}",
        "[{identifier}] {thing}",
        "{identifier}",
        "## {identifier} {thing}{term}",
        "规则{identifier}。{term}",
        "{identifier} | {thing} | {term}",
        "第{identifier}条:",
        "## {thing}:{term}({identifier})",
        "{term} {identifier}",
        "### {term} [{identifier}]",
    ],
}
_SUBJECTS = {
    "en": [
        "In case of {term} with the {thing},",
        "{thing}, {term}:",
        "Covers {term} of any {thing}.",
        "{term} ({thing}):",
        "When a {thing} meets {term},",
        "For {thing} customers with {term}:",
        "Subject {thing}. Ground {term}.",
    ],
    "zh": [
        "{thing}遇到{term}时,",
        "{thing},{term}:",
        "适用于{thing}的{term}。",
        "{term}({thing}):",
        "凡{thing}发生{term},",
        "对{thing}客户的{term},",
        "对象{thing}。事由{term}。",
    ],
}
_DECISIONS = {
    "en": [
        "the request {wording}.",
        "the claim {wording}.",
        "it {wording}.",
        "Decision: {wording}.",
        "the application {wording}",
    ],
    "zh": ["申请{wording}。", "{wording}。", "请求{wording}。", "决定:{wording}。", "本店{wording}。"],
}
_LIMITS = {
    "en": ["Limit {days} days.", "Tell us within {days} days.", "({days} days)", "Valid for {days} days.", ""],
    "zh": ["期限{days}天。", "请在{days}天内提出。", "({days}天)", "{days}天有效。", ""],
}
_EXTRAS = {
    "en": ["Keep the slip.", "Ask at the desk.", "A photo is needed.", "Weekends count.", "Bring your card.", ""],
    "zh": ["请留好单据。", "到柜台询问。", "需附照片。", "周末计入。", "带好证件。", ""],
}


def passage(random: Random, language: Language, clause: Clause, nonsense: Callable[[Language], str]) -> str:
    """Word a clause as a passage: a heading and sentences, or invented filler around the words that matter."""
    gap = " " if language == "en" else ""
    parts = [random.choice(pool[language]) for pool in (_SUBJECTS, _DECISIONS, _LIMITS, _EXTRAS)]
    if random.random() < 0.35:
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
        text = random.choice(_HEADINGS[language]) + random.choice(["\n", "\n\n", " "]) + text
    return text.format(**vars(clause))


_QUESTIONS = {
    "en": [
        "My {thing}: {spoken}.",
        "{spoken}. It is about my {thing}.",
        "{spoken}, {thing}",
        "The {thing}, well, {spoken}.",
        "I have a {thing} and {spoken}.",
        "{thing}! {spoken}!",
        "What about {spoken} with the {thing}?",
    ],
    "zh": [
        "我的{thing},{spoken}。",
        "{spoken},说的是{thing}。",
        "{spoken} {thing}",
        "{thing}吧,{spoken}。",
        "我有{thing},{spoken}",
        "{thing}!{spoken}!",
        "{thing}{spoken}怎么说?",
    ],
}


def ask(random: Random, language: Language, clause: Clause) -> str:
    """Word a customer's question about a clause."""
    text = random.choice(_QUESTIONS[language]).format(**vars(clause))
    gap = " " if language == "en" else ""
    if random.random() < 0.4:
        text = random.choice(FEELINGS[language]) + gap + text
    if random.random() < 0.3:
        text = text + gap + random.choice(FEELINGS[language])
    return text


_NOTES = {
    "en": {
        "grant": ["Good news, the {thing} request goes through.", "We gladly arrange it for the {thing}."],
        "deny": ["Sadly the {thing} request cannot go through.", "We are sorry, nothing can be done for the {thing}."],
        "swap": ["You get another {thing} soon.", "We send a fresh {thing}."],
        "check": ["A colleague looks at the {thing} first.", "We examine the {thing} and come back."],
    },
    "zh": {
        "grant": ["好消息,{thing}已为您办好。", "很高兴为{thing}安排。"],
        "deny": ["抱歉,{thing}这次办不了。", "对不起,{thing}没有办法。"],
        "swap": ["马上给您另一份{thing}。", "我们换一份新的{thing}。"],
        "check": ["同事会先看一看{thing}。", "{thing}检查后再告诉您。"],
    },
}
_STYLES = [
    "【{name}】{value}",
    "[{name}] {value} ",
    "{name}: {value}\n",
    "<{name}>{value}",
    "{name}={value}; ",
    "({name}) {value} ",
    "{name}:{value} ",
]
_LEADS = {
    "en": [
        "Answer in this form:",
        "Use the passages. Form:",
        "You are the desk of the house. Reply as",
        "Follow the rules; write",
        "",
    ],
    "zh": ["按此格式回答:", "依据资料,格式:", "你是前台。这样回复:", "遵守规定,写成", ""],
}


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
        note = random.choice(_NOTES[self.language][clause.sense]).format(thing=clause.thing)
        values = {
            "id": clause.identifier,
            "label": self.labels[_ORDER.index(clause.sense)],
            "note": note,
            "days": str(clause.days),
            "wording": clause.wording,
            "term": clause.term,
        }
        return self._fill([values[kind] for kind, _ in self.fields])

    def _fill(self, values: list[str]) -> str:
        pairs = zip(self.fields, values, strict=True)
        return "".join(self.style.format(name=name, value=value) for (_, name), value in pairs).strip()


_FORMS: list[tuple[tuple[str, ...], int]] = [
    (("id", "label", "note"), 3),
    (("term", "id", "wording", "label", "note"), 4),
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
    names = FIELDS[language]
    chosen = tuple((kind, random.choice(names["note" if kind == "wording" else kind])) for kind in kinds)
    labels = tuple(split(random.choice(LABELS[language])))
    return Schema(language, chosen, random.choice(_STYLES), labels, random.choice(_LEADS[language]))
