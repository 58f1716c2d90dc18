"""Ask a model behind an OpenAI-compatible endpoint; what is asked is sent there."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..knowledge.errors import UserError
from ..knowledge.json_value import JsonValue
from ..knowledge.messages import say
from ..rag.chat import PATH, Written, chat
from ..rag.endpoint import Endpoint
from ..rag.exchange import post_whole
from ..rag.refused import StatusError, broken
from ..rag.thoughts import spoken, thinks
from .answerer import Conversation, Said
from .at_once import at_once
from .constraint import Constraint, JsonShape, Labels

REQUESTS = 4
"""Requests at a time where nothing is said; many servers on one machine answer no more at once."""
REFUSES_REQUEST = (400, 422)
ENVELOPE = "answer"
"""The only key of the object that a label or a text comes in; endpoints mostly hold to JSON and to no other form."""

Body = dict[str, Any]


class _Form(NamedTuple):
    """Hold how a constraint is put to an endpoint, and whether the answer comes in an object."""

    body: Body
    enveloped: bool = False


class ServedModel:
    """Answer through an endpoint, several requests at a time.

    The first conversation goes alone: what is wrong with address, key, model or length shows before many are paid for,
    and what the endpoint understands is found out by it.

    Args:
        endpoint: Whom to ask.
        requests: How many requests are under way at a time, at least 1.
    """

    def __init__(self, endpoint: Endpoint, requests: int = REQUESTS) -> None:
        self._endpoint, self._requests = endpoint, requests
        self._limit, self._greedy = "max_tokens", True

    def answers(
        self, conversations: Sequence[Conversation], most_tokens: int, constraint: Constraint | None = None
    ) -> Iterator[dict[int, Said]]:
        """Yield each answer as it comes; one that was cut off within the model's thoughts is empty."""
        if not conversations:
            return
        form, answer = self._first(conversations[0], most_tokens, constraint)
        yield {0: answer}

        def ask(place: int) -> Said:
            written = self._send(conversations[place], most_tokens, form.body)
            return Said(_read(spoken(written.text), form), written.cut)

        for place, said in at_once(ask, range(1, len(conversations)), self._requests):
            yield {place: said}

    def _first(self, conversation: Conversation, most_tokens: int, constraint: Constraint | None) -> tuple[_Form, Said]:
        """Return the form of requests that the endpoint understands, and the answer that it gave.

        Raises:
            UserError: It refuses, was cut off before it said anything, or holds to no form.
        """
        for form in _forms(constraint):
            try:
                written = self._send(conversation, most_tokens, form.body)
            except StatusError as error:
                if constraint is None or error.status not in REFUSES_REQUEST:
                    raise
                continue
            said = spoken(written.text)
            if written.cut and (not said or constraint is not None):
                raise UserError(say("served.cut", limit=most_tokens), say("served.cut_hint", limit=4 * most_tokens))
            if not said and (written.thought or thinks(written.text)):
                raise UserError(say("answers.only_thought"), say("served.cut_hint", limit=4 * most_tokens))
            answer = _read(said, form)
            if constraint is None or constraint.holds(answer):
                return form, Said(answer, written.cut)
        raise UserError(say("served.no_form", url=self._endpoint.url), say("served.no_form_hint"))

    def _send(self, conversation: Conversation, most_tokens: int, more: Body) -> Written:
        while True:
            body: Body = {"messages": conversation, self._limit: most_tokens, **more}
            if self._greedy:
                body["temperature"] = 0
            try:
                written = chat(post_whole(self._endpoint, PATH, body))
            except StatusError as error:
                if not self._gives_way(error):
                    raise
                continue
            if not written.told:
                raise broken(self._endpoint)
            return written

    def _gives_way(self, error: StatusError) -> bool:
        """Leave what newer models refuse: they call the limit otherwise, and some always draw by chance."""
        if error.status not in REFUSES_REQUEST:
            return False
        if self._limit == "max_tokens" and "max_completion_tokens" in error.said:
            self._limit = "max_completion_tokens"
            return True
        if self._greedy and "temperature" in error.said:
            self._greedy = False
            print(say("served.by_chance", model=self._endpoint.model), file=sys.stderr, flush=True)
            return True
        return False


def _forms(constraint: Constraint | None) -> list[_Form]:
    """Return how a constraint can be put to an endpoint, first what most know."""
    if constraint is None:
        return [_Form({})]
    if isinstance(constraint, JsonShape):
        return [_Form(_json_form(dict(constraint.schema)))]
    if isinstance(constraint, Labels):
        names: list[JsonValue] = [*constraint.names]
        one: dict[str, JsonValue] = {"type": "string", "enum": names}
        guided: Body = {"guided_choice": names, "structured_outputs": {"choice": names}}  # vLLM's older and newer name
    else:
        one = {"type": "string", "pattern": f"^(?:{constraint.pattern})$"}
        guided = {"guided_regex": constraint.pattern, "structured_outputs": {"regex": constraint.pattern}}
    enveloped: dict[str, JsonValue] = {
        "type": "object",
        "properties": {ENVELOPE: one},
        "required": [ENVELOPE],
        "additionalProperties": False,
    }
    return [_Form(_json_form(enveloped), enveloped=True), _Form(guided)]


def _json_form(schema: dict[str, JsonValue]) -> Body:
    names, required = schema.get("properties"), schema.get("required")
    closed = schema.get("additionalProperties") is False
    strict = closed and isinstance(names, dict) and isinstance(required, list) and {*names} == {*map(str, required)}
    described = {"name": ENVELOPE, "schema": schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _read(said: str, form: _Form) -> str:
    """Return an answer without the object that it came in; what came in none stays as it is."""
    if not form.enveloped:
        return said
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return said
    return str(found[ENVELOPE]) if isinstance(found, dict) and ENVELOPE in found else said
