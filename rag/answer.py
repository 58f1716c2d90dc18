"""What an answer consists of: sentences, each with where it comes from, and whether that bears it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ..knowledge.json_value import JsonValue
from .records import Hit


@dataclass(frozen=True, slots=True)
class Citation:
    """Hold a stretch of a document: ``document.text[start:end] == text``.

    Attributes:
        document: The document's id.
        start: First character, counted in the document.
        end: One past the last character.
        text: The stretch itself.
        place: Where a reader finds it, as far as the file tells: page, slide, sheet, row, heading.
    """

    document: str
    start: int
    end: int
    text: str
    place: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold one sentence of an answer.

    Attributes:
        text: The sentence.
        citations: What it rests on; empty where nothing bears it.
        support: How far the citations bear it, 0 to 1; not a probability.
        supported: Whether that is enough.
    """

    text: str
    citations: tuple[Citation, ...]
    support: float
    supported: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold the answer to one question.

    Attributes:
        question: As it was asked.
        searched: As it was searched: a question that carries on an earlier one, in full.
        text: The answer for people; that there is none, where it abstains.
        short: The few words that answer it, where the generator names any.
        statements: The answer's sentences.
        abstained: Whether the documents were found not to answer the question.
        cut: Whether the limit of its length cut it off; the sentence that has no end is left out.
        evidence: How much of the question the documents speak of, 0 to 1; not a probability.
        least_evidence: Below this the answer abstains.
        injected: Sentences in what was found that read like instructions to a model; no generator saw them.
        hits: What was found.
    """

    question: str
    searched: str
    text: str
    short: Citation | None
    statements: tuple[Statement, ...]
    abstained: bool
    cut: bool
    evidence: float
    least_evidence: float
    injected: tuple[Citation, ...]
    hits: Sequence[Hit]

    def as_json(self) -> dict[str, JsonValue]:
        """Return the answer with the keys of the command line's JSON."""
        return {
            "question": self.question,
            "searched": self.searched,
            "answer": self.text,
            "short": None if self.short is None else asdict(self.short),
            "abstained": self.abstained,
            "cut": self.cut,
            "evidence": round(self.evidence, 4),
            "least_evidence": self.least_evidence,
            "statements": [asdict(statement) for statement in self.statements],
            "injected": [asdict(citation) for citation in self.injected],
            "hits": [hit.as_json() for hit in self.hits],
        }
