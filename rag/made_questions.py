"""Make questions from the documents themselves, for those who have none; each is marked as made.

Such questions share words with the text that they were made from, so they flatter word matching. They serve to compare
settings of chunking and depth; whoever has real questions should use those.
"""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from ..knowledge.messages import Language, say, say_in
from ..knowledge.progress import Progress, silent
from ..knowledge.text import is_chinese
from .evidence import Rarity, trimmed_sentences
from .index import Index
from .injection import speaks_to_model
from .places import place_of
from .records import Chunk
from .tokens import IDEOGRAPHS
from .units import FORM_CHARACTERS, content_tokens, simplified

GAP = "____"
KEYWORDS = 3
LEAST_CONTENT = 6
"""Tokens of content that a sentence needs to be asked about."""
LONGEST_ANSWER = 60
TRIES = 4
"""So many times as many chunks as questions are shown to a model that writes none of use."""
_PHRASE = re.compile(rf"\d[\d.,:/]*%?|[^\W\d_{IDEOGRAPHS}][\w'’-]*|[{IDEOGRAPHS}]+")
_PAIR = re.compile(
    r"(?:Q|Question|问题?)\s*[:：]\s*(?P<question>.+?)\s*\n+\s*(?:A|Answer|答案?)\s*[:：]\s*(?P<answer>.+)"
)

Kind = Literal["cloze", "keywords", "heading", "written"]


class MadeAnswer(BaseModel):
    """Hold an answer and its offsets in the document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    start: int
    end: int


class MadeQuestion(BaseModel):
    """Hold a question as a line of a file of questions.

    Attributes:
        id: Tells the kind and a running number.
        question: What is asked.
        passage_id: The document that it was made from.
        answers: Empty where only a document is looked for.
        kind: A gap in a sentence, the rarest words of a chunk, a heading with one, or written by a model.
        made: Always true: nobody asked this.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str
    passage_id: str
    answers: list[MadeAnswer] = []
    kind: Kind
    made: Literal[True] = True


class Writer(Protocol):
    """Answer a conversation, as models do."""

    def complete(self, conversation: list[dict[str, str]]) -> str:
        """Return what the model says."""


def make_questions(
    index: Index, count: int, seed: int = 17, writer: Writer | None = None, progress: Progress = silent
) -> list[MadeQuestion]:
    """Return questions about chunks drawn from all over the index, at most one per chunk.

    Args:
        index: The index.
        count: Most questions, at least 1.
        seed: Of the draw.
        writer: Writes the questions; without one they are made by rules.
        progress: Is told the number of questions.
    """
    order = list(range(len(index.chunks)))
    random.Random(seed).shuffle(order)
    made: list[MadeQuestion] = []
    seen: set[str] = set()
    for place in order[: TRIES * count] if writer else order:
        if len(made) == count:
            break
        chunk = index.chunks[place]
        found = _written(chunk, writer) if writer else _by_rule(index, chunk, len(made))
        if found is not None and found.question not in seen:
            seen.add(found.question)
            made.append(found.model_copy(update={"id": f"{found.kind}-{len(made) + 1}"}))
            progress(say("questions.making"), len(made), count)
    return made


def _by_rule(index: Index, chunk: Chunk, number: int) -> MadeQuestion | None:
    """Return a question of the kind whose turn it is, or of another that the chunk allows."""
    kinds = [_cloze, _keywords, _heading]
    for turn in range(len(kinds)):
        if found := kinds[(number + turn) % len(kinds)](index, chunk):
            return found
    return None


def _cloze(index: Index, chunk: Chunk) -> MadeQuestion | None:
    """Return the sentence with most to it, with a gap for a number or its rarest phrase."""
    sentences = [span for span in trimmed_sentences(chunk.text) if _worth(chunk.text[slice(*span)])]
    if not sentences:
        return None
    start, end = max(sentences, key=lambda span: len(set(content_tokens(chunk.text[slice(*span)]))))
    sentence = chunk.text[start:end]
    phrases = list(_phrases(sentence))
    if not phrases:
        return None
    numbers = [phrase for phrase in phrases if phrase[0][0].isdigit()]
    text, at = numbers[0] if numbers else max(phrases, key=lambda phrase: _rare(phrase[0], index.words.rarity))
    question = f"{sentence[:at]}{GAP}{sentence[at + len(text) :]}"
    begin = chunk.start + start + at
    answer = MadeAnswer(text=text, start=begin, end=begin + len(text))
    return MadeQuestion(id="", question=question, passage_id=chunk.document, answers=[answer], kind="cloze")


def _keywords(index: Index, chunk: Chunk) -> MadeQuestion | None:
    """Return the chunk's rarest words, as people type into a search box."""
    phrases = list(dict.fromkeys(text for text, _ in _phrases(chunk.text)))
    if len(phrases) < KEYWORDS * 2:
        return None
    rarest = sorted(phrases, key=lambda phrase: -_rare(phrase, index.words.rarity))[:KEYWORDS]
    return MadeQuestion(id="", question=" ".join(rarest), passage_id=chunk.document, kind="keywords")


def _heading(index: Index, chunk: Chunk) -> MadeQuestion | None:
    """Return the heading above the chunk with its rarest phrase."""
    place = place_of(index.documents[chunk.document], chunk.start, chunk.end)
    title = str(place.get("heading", "")).rpartition(" > ")[2] or chunk.header.split("\n")[-1]
    phrases = [text for text, _ in _phrases(chunk.text) if text not in title]
    if not title or not phrases:
        return None
    rarest = max(phrases, key=lambda phrase: _rare(phrase, index.words.rarity))
    return MadeQuestion(id="", question=f"{title} {rarest}", passage_id=chunk.document, kind="heading")


def _worth(sentence: str) -> bool:
    return len(set(content_tokens(sentence))) >= LEAST_CONTENT and not speaks_to_model(sentence)


def _phrases(text: str) -> Iterator[tuple[str, int]]:
    """Yield numbers, words of content, and runs of ideographs between form characters, each with its place."""
    for found in _PHRASE.finditer(text):
        if not re.match(rf"[{IDEOGRAPHS}]", found[0]):
            if content_tokens(found[0]):
                yield found[0], found.start()
            continue
        plain = simplified(found[0])
        begin = 0
        for place in range(len(plain) + 1):
            if place == len(plain) or plain[place] in FORM_CHARACTERS:
                if 2 <= place - begin <= 8:
                    yield found[0][begin:place], found.start() + begin
                begin = place + 1


def _rare(phrase: str, rarity: Rarity) -> float:
    tokens = content_tokens(phrase)
    return sum(map(rarity, tokens)) / max(len(tokens), 1)


def _written(chunk: Chunk, writer: Writer) -> MadeQuestion | None:
    """Return a model's question; one whose answer is not in the chunk, letter by letter, is dropped."""
    clean = "\n".join(
        chunk.text[start:end]
        for start, end in trimmed_sentences(chunk.text)
        if not speaks_to_model(chunk.text[start:end])
    )
    language: Language = "zh" if is_chinese(chunk.text) else "en"
    conversation = [
        {"role": "system", "content": say_in(language, "questions.write")},
        {"role": "user", "content": clean},
    ]
    pair = _PAIR.search(writer.complete(conversation))
    if pair is None:
        return None
    text = pair["answer"].strip().strip("\"'“”").rstrip("。.")
    at = chunk.text.find(text)
    if not text or at < 0 or len(text) > LONGEST_ANSWER:
        return None
    answer = MadeAnswer(text=text, start=chunk.start + at, end=chunk.start + at + len(text))
    question = pair["question"].strip()
    return MadeQuestion(id="", question=question, passage_id=chunk.document, answers=[answer], kind="written")


def question_lines(questions: Sequence[MadeQuestion]) -> str:
    """Return questions as lines of JSON."""
    return "".join(question.model_dump_json() + "\n" for question in questions)
