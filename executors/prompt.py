"""The prompt: one object that training, evaluation and serving all render with, so that they cannot drift apart."""

from collections.abc import Sequence
from typing import TypedDict

from pydantic import BaseModel, ConfigDict

from ..knowledge.text import Text, is_chinese

OPEN, CLOSE = "<passage>", "</passage>"


class Message(TypedDict):
    """One turn of a conversation in the layout that chat templates expect."""

    role: str
    content: str


class Example(BaseModel):
    """One question with the answer that shows the wanted form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    answer: str


class Prompt(BaseModel):
    """Render a question, with or without retrieved passages, as chat messages.

    With passages the question stands before and after them. A causal model reads left to right: only a question
    that comes first lets it notice, while it reads a passage, what in it matters.

    Attributes:
        instruction: The system text: the task, the form of the answer, what to do without evidence. Given in Chinese
            and English, each question gets the one in its own language.
        examples: Question and answer pairs that a few-shot prompt shows first: those in the question's language, or
            all where none is.

    Source: Liu et al. 2023, "Lost in the Middle", arXiv 2307.03172, section 4.2 (query-aware contextualization).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: str | Text = ""
    examples: tuple[Example, ...] = ()

    def messages(
        self,
        question: str,
        passages: Sequence[str] | None = None,
        answer: str | None = None,
        *,
        few_shot: bool = False,
        documents: Sequence[str] = (),
    ) -> list[Message]:
        """Return the conversation up to the question, or up to the answer when one is given.

        Args:
            question: What the user asks.
            passages: Retrieved texts, best first; None for a prompt without retrieval, empty when nothing was found.
            answer: The target of a training row.
            few_shot: Whether to show ``examples`` as earlier turns.
            documents: Whole texts that stand before everything that changes: what does not change can be cached.
        """
        turns: list[Message] = []
        if head := "\n".join(filter(None, [self._instruction_for(question), _fenced(documents)])):
            turns.append(Message(role="system", content=head))
        for example in self._examples_for(question) if few_shot else ():
            turns.append(Message(role="user", content=example.question))
            turns.append(Message(role="assistant", content=example.answer))
        turns.append(Message(role="user", content=_user_text(question, passages)))
        if answer is not None:
            turns.append(Message(role="assistant", content=answer))
        return turns

    def _instruction_for(self, question: str) -> str:
        if isinstance(self.instruction, Text):
            return self.instruction.zh if is_chinese(question) else self.instruction.en
        return self.instruction

    def _examples_for(self, question: str) -> list[Example]:
        same = [example for example in self.examples if is_chinese(example.question) == is_chinese(question)]
        return same or list(self.examples)


def _user_text(question: str, passages: Sequence[str] | None) -> str:
    if passages is None:
        return question
    return f"{question}\n{_fenced(passages)}\n{question}"


def _fenced(passages: Sequence[str]) -> str:
    return "\n".join(f"{OPEN}\n{_escape(passage)}\n{CLOSE}" for passage in passages)


def _escape(passage: str) -> str:
    """Defuse tags inside a passage: a document must not be able to close its own fence."""
    return passage.strip().replace(OPEN, "&lt;passage&gt;").replace(CLOSE, "&lt;/passage&gt;")
