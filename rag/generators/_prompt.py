"""Ask a chat model for an answer from passages, and read what it writes."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ...knowledge.errors import RefusedError
from ...knowledge.messages import Language, say, say_in
from ...knowledge.text import is_chinese
from ..evidence import trimmed_sentences
from ..follow_up import Turn
from ..injection import speaks_to_model
from ..thoughts import spoken, thinks
from . import Draft, Passage, Said

Messages = list[dict[str, str]]

NOT_THERE: dict[Language, str] = {"zh": "文档中没有答案。", "en": "NOT IN THE DOCUMENTS."}
_NOT_THERE = re.compile(r"文档中没有答案|NOT IN THE DOCUMENTS", re.IGNORECASE)
_MARK = re.compile(r"\s*[\[【(（](\d{1,2}(?:\s*[,，、;]\s*\d{1,2})*)[\]】)）]")
_ENDED = re.compile(r"[.!?。！？…][\"'”’）)」』]*\Z")
_FENCE = re.compile(r"<(?=\s*/?\s*passage\b)", re.IGNORECASE)
KEPT_TURNS = 4
"""Earlier turns that a model is told when it puts a question in full."""


def messages(question: str, passages: Sequence[Passage]) -> Messages:
    """Return the conversation that asks for an answer.

    Passages stand between fences as data; the question comes before them and again after them, because a model that
    reads left to right only then knows what to look for.

    Source: Liu et al. 2023, arXiv 2307.03172, section 4.2.
    """
    language = _language(question)
    fenced = "\n".join(_fenced(number, passage) for number, passage in enumerate(passages, start=1))
    rules = say_in(language, "answers.rules", nothing=NOT_THERE[language])
    return [
        {"role": "system", "content": rules},
        {"role": "user", "content": f"{question}\n\n{fenced}\n\n{question}"},
    ]


def _fenced(number: int, passage: Passage) -> str:
    names = [name for name in (passage.title, passage.document) if name and not speaks_to_model(name)]
    title = re.sub(r"[\"<>\s]+", " ", names[0] if names else "")[:80]
    return f'<passage number="{number}" title="{title}">\n{_FENCE.sub("&lt;", passage.text)}\n</passage>'


def rewriting_messages(question: str, history: Sequence[Turn]) -> Messages:
    """Return the conversation that asks for a question in words that stand alone."""
    told = "\n".join(f"Q: {turn.question}\nA: {turn.answer}" for turn in history[-KEPT_TURNS:])
    return [
        {"role": "system", "content": say_in(_language(question), "answers.rewriting")},
        {"role": "user", "content": f"{told}\nQ: {question}"},
    ]


class Reply(NamedTuple):
    """Hold what a model said, without its thoughts, and whether the limit of its length cut it off."""

    text: str
    cut: bool = False


def read_reply(written: str, cut: bool, limit: int, hidden: bool = False) -> Reply:
    """Return what a model said in all that it wrote; nothing where it wrote nothing.

    Args:
        written: As the model wrote it.
        cut: Whether the limit of its length cut it off.
        limit: That limit, in tokens.
        hidden: Whether it had thoughts that are not in what it wrote.

    Raises:
        RefusedError: It was cut off before it said anything, or thought and then said nothing.
    """
    if text := spoken(written):
        return Reply(text, cut)
    hint = say("answers.cut_hint", limit=4 * limit)
    if cut:
        raise RefusedError(say("answers.cut_in_thought", limit=limit), hint)
    if hidden or thinks(written):
        raise RefusedError(say("answers.only_thought"), hint)
    return Reply("")


def read_draft(reply: Reply, passages: int) -> Draft:
    """Return the sentences of a model's answer, each with the passages that it names.

    Args:
        reply: What the model said; marks such as [2] name passages, from 1. Of one that was cut off, the last
            sentence is left out where it has no end.
        passages: How many there are; other numbers are no marks of ours.
    """
    plain = reply.text
    if _NOT_THERE.search(plain):
        return Draft([])
    # a mark after the full stop belongs to the sentence before it
    moved = re.sub(rf"([。！？.!?]+)((?:{_MARK.pattern})+)", lambda found: found[2] + found[1], plain)
    said = (_said(moved[start:end], passages) for start, end in trimmed_sentences(moved))
    sentences = [each for each in said if re.search(r"\w", each.text)]
    if reply.cut and len(sentences) > 1 and not _ENDED.search(sentences[-1].text):
        sentences.pop()
    return Draft(sentences, cut=reply.cut)


def _said(sentence: str, passages: int) -> Said:
    named: list[int] = []

    def take(mark: re.Match[str]) -> str:
        numbers = [int(each) for each in re.findall(r"\d+", mark[1])]
        if not all(1 <= number <= passages for number in numbers):
            return mark[0]
        named.extend(number - 1 for number in numbers)
        return ""

    text = re.sub(r"^\s*([-*•]|\d+[.)、])\s+", "", _MARK.sub(take, sentence)).strip()
    return Said(text, tuple(dict.fromkeys(named)))


def read_question(text: str, question: str) -> str:
    """Return the question that a model has put in full; the one asked where it wrote none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    full = re.sub(r"^(Q|问|问题|Question)\s*[:：]\s*", "", lines[0]) if lines else ""
    return full if 0 < len(full) <= 400 else question


def _language(question: str) -> Language:
    return "zh" if is_chinese(question) else "en"
