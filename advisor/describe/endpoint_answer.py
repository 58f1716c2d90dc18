"""What an endpoint must answer: the schema, the request for it, and what of an answer is believed."""

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, ValidationError

from ...knowledge.load import load
from ...knowledge.messages import say
from ...knowledge.question import Question
from ..answers import allowed, read_answer
from ..profile import FIELDS
from .endpoint import EndpointError
from .understand import Read

_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)


class EndpointRead(BaseModel):
    """One answer: a field of the profile, its value, and the words of the description that say it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    field: str
    value: bool | int | float | str
    words: str


class EndpointAnswer(BaseModel):
    """All that was read, and the parts of the description that say nothing about any field."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    answers: tuple[EndpointRead, ...]
    not_understood: tuple[str, ...] = ()


def request() -> str:
    """Return the message that tells a model what to read in a description."""
    fields = "\n".join(f"- {field}: {load(Question)[field].text.en} Allowed: {allowed(field)}" for field in FIELDS)
    return (
        "You read a description of a language-technology project, in Chinese or English, and fill a form. Answer with"
        ' one JSON object: {"answers": [{"field": ..., "value": ..., "words": ...}], "not_understood": [...]}. "words"'
        " are copied from the description, letter by letter. Leave out every field about which the description says"
        f" nothing; guess nothing. The fields:\n{fields}"
    )


def read_answers_of(content: str, text: str) -> tuple[list[Read], list[str]]:
    """Return the believable answers in an endpoint's content, and the parts that it did not understand.

    An answer is believed if its value is one that the field allows, and its words are in the description.

    Raises:
        EndpointError: The content does not keep the schema.
    """
    try:
        found = EndpointAnswer.model_validate_json(_FENCE.sub(r"\1", content))
    except ValidationError as error:
        raise EndpointError(say("describe.problem.form")) from error
    left = [part for part in found.not_understood if _plain(part) in _plain(text)]
    return list(_believed(found, text)), left


def _believed(found: EndpointAnswer, text: str) -> Iterator[Read]:
    for answer in found.answers:
        value, problem = read_answer(answer.field, answer.value)
        if value is not None and problem is None and _plain(answer.words) and _plain(answer.words) in _plain(text):
            yield Read(answer.field, value, answer.words.strip(), True)


def _plain(text: str) -> str:
    return "".join(text.lower().split())
