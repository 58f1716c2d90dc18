"""Complete a question that leans on the one before it, such as "what about Lyon?"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..knowledge.text import is_chinese
from .units import content_tokens

_LEADS = re.compile(
    r"^\s*(and\s+|so\s+|then\s+|but\s+|ok,?\s+)*(what|how) about\s+(?P<en>.+?)[?.!？\s]*$"
    r"|^\s*(and|also)\s+(?P<and>(?!(what|who|when|where|why|how|which|is|are|was|were|do|does|did|can)\b).+?)[?.!\s]*$"
    r"|^\s*(那么?|那麼|还有|還有|至于|至於|换成|換成)?(?P<zh>[^？?。]{1,30}?)(呢|怎么样|怎麼樣|又如何)[？?。！!\s]*$",
    re.IGNORECASE,
)
_POINTERS = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones)\b"
    r"|它们?|牠们?|他们?|她们?|他們|她們|这个?|那个?|這個?|那個?|其中|其|该|該|此|前者|后者|後者|那里|那裡|那时|那時",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"[“\"「『《][^”\"」』》]+[”\"」』》]|\b(?:[A-Z][\w'’-]*|\d[\d.,:/-]*)(?:\s+(?:(?:of|the|de|and|for)\s+)?(?:[A-Z][\w'’-]*|\d+))*"
)
_QUESTION_WORDS = {"what", "who", "when", "where", "why", "how", "which", "whose", "whom", "is", "are", "was", "were"}
_QUESTION_WORDS |= {"do", "does", "did", "can", "could", "in", "on", "at", "the", "a", "an", "for", "and", "i", "if"}


@dataclass(frozen=True, slots=True)
class Turn:
    """Hold one earlier question, in full, and its answer."""

    question: str
    answer: str


def in_full(question: str, history: Sequence[Turn]) -> str:
    """Return the question so that it can be searched without the conversation.

    Without a model to ask, words of the question before are taken over: "what about X?" becomes the last question about
    X, and one with a pronoun or next to nothing in it is searched together with what the last question was about.
    """
    if not history:
        return question
    last = history[-1].question
    if lead := _LEADS.match(question):
        topic = next(group for group in (lead["en"], lead["and"], lead["zh"]) if group).strip()
        return _about(topic, last)
    if _leans(question):
        about = _subject(question, last)
        return f"{question.rstrip()} ({about})" if about else question
    return question


def _leans(question: str) -> bool:
    return _POINTERS.search(question) is not None or len(set(content_tokens(question))) <= 1


def _about(topic: str, last: str) -> str:
    """Return the last question with its subject replaced; where that cannot be told, followed by the topic."""
    names = _names(last)
    if names:
        place = names[-1] if not topic[:1].isdigit() else next((n for n in names if n[0][:1].isdigit()), names[-1])
        return last[: place[1]] + topic + last[place[2] :]
    if is_chinese(last) and (swapped := _swapped(topic, last)):
        return swapped
    return f"{last.rstrip('?？。. ')} {topic}{'？' if is_chinese(last) else '?'}"


def _swapped(topic: str, last: str) -> str | None:
    """Return the last question with the words before the first 的 or form word replaced by the topic."""
    head = re.match(r"^(?P<subject>.{1,16}?)(?=的|是|在|有|为|為|何|什么|什麼|多少|几|幾|哪|怎|如何|谁|誰)", last)
    return topic + last[head.end() :] if head else None


def _names(text: str) -> list[tuple[str, int, int]]:
    found = [(match[0], match.start(), match.end()) for match in _NAMES.finditer(text)]
    return [each for each in found if each[0].split()[0].lower() not in _QUESTION_WORDS or each[1] > 0]


def _subject(question: str, last: str) -> str:
    """Return the words of the last question that the new one does not have."""
    if is_chinese(last):
        return re.sub(
            r"(请问|什么|什麼|多少|哪[里裡些个個一年]?|何时|何時|为什么|為什麼|怎么|怎麼|如何|谁|誰|吗|嗎|呢|[？?。，,])",
            " ",
            last,
        ).strip()
    have = set(content_tokens(question))
    words = [word for word in re.findall(r"[\w'’.-]+", last) if set(content_tokens(word)) - have]
    return " ".join(words).rstrip(".")
