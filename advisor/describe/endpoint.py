"""Ask an OpenAI-compatible endpoint, and only one that was configured: what is asked leaves the machine."""

import json
import os
import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.chat import PATH
from ...rag.endpoint import LOCAL, Endpoint, host_of, without_key
from ...rag.post import post

ADDRESS, MODEL, KEY = "FTADVISOR_DESCRIBE_ENDPOINT", "FTADVISOR_DESCRIBE_MODEL", "FTADVISOR_DESCRIBE_KEY"
"""Variables of the environment; the key has no option, as command lines can be seen by others."""

TIMEOUT_SECONDS = 30
"""For each sign of life."""
TOTAL_SECONDS = 120
"""For all tries together: a server that sends a byte now and then must not hold people up for ever."""
MOST_BYTES = 4_000_000
"""An answer is a few thousand bytes; a longer one is not read to its end."""
WAITS_SECONDS = (1.0, 2.0)
"""Before the second and the third try."""

BAD_REQUEST, TOO_MANY, SERVER_FAULT = 400, 429, 500


class EndpointError(Exception):
    """Say why an endpoint gave no usable answer."""


def configured(url: str | None, model: str | None) -> Endpoint | None:
    """Return the endpoint that options or variables of the environment name, or None.

    Raises:
        UserError: The address is none, no model is named, or the key is none or would be sent in the clear.
    """
    url, model = url or os.environ.get(ADDRESS), model or os.environ.get(MODEL)
    if not url:
        return None
    host = host_of(url)
    if not host:
        raise UserError(say("describe.bad_url", url=url), say("describe.endpoint_hint"))
    if not model:
        raise UserError(say("describe.no_model", url=url), say("describe.endpoint_hint"))
    key = os.environ.get(KEY, "")
    if not _is_plain(key):
        raise UserError(say("describe.bad_key", variable=KEY), say("describe.endpoint_hint"))
    if key and url.startswith("http://") and host not in LOCAL:
        raise UserError(say("describe.key_in_clear", url=url), say("describe.key_in_clear_hint", variable=KEY))
    return Endpoint(url.rstrip("/"), model, key)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def complete(
    endpoint: Endpoint,
    system: str,
    user: str,
    waits: tuple[float, ...] = WAITS_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
) -> str:
    """Return what the endpoint's model answers to two messages.

    Args:
        endpoint: Whom to ask.
        system: What the model shall do.
        user: What it shall do it with.
        waits: Seconds to wait before each further try.
        total_seconds: How long all tries may take.

    Raises:
        EndpointError: It cannot be reached, refuses, or answers in another form than the interface's.
    """
    body = {
        "model": endpoint.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "temperature": 0,
        "response_format": {"type": "json_object"},
    }
    end = time.monotonic() + total_seconds
    for wait in (*waits, None):
        try:
            return _content(_post_before(end, endpoint, body))
        except _RefusedError as refused:
            if refused.status == BAD_REQUEST and "response_format" in body:  # not every server knows it
                del body["response_format"]
                continue
            if wait is None or (refused.status < SERVER_FAULT and refused.status != TOO_MANY):
                raise EndpointError(str(refused)) from refused
            time.sleep(wait)
    raise EndpointError(say("describe.problem.status", status=BAD_REQUEST))


class _RefusedError(Exception):
    """A try that failed; ``status`` is 599 where nobody answered."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


def _post_before(end: float, endpoint: Endpoint, body: Mapping[str, Any]) -> bytes:
    """Return the answer; where it is not there at ``end`` of the monotonic clock, leave its thread behind."""
    answers: SimpleQueue[bytes | Exception] = SimpleQueue()
    sent = dict(body)  # a further try may change it

    def ask() -> None:
        try:
            answers.put(_post(endpoint, sent))
        except Exception as error:  # noqa: BLE001 - raised again below, where it is waited for
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, end - time.monotonic()))
    except Empty:
        raise EndpointError(say("describe.problem.slow")) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _post(endpoint: Endpoint, body: Mapping[str, Any]) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError

    try:
        with post(endpoint, PATH, body, TIMEOUT_SECONDS) as response:
            answer: bytes = response.read(MOST_BYTES + 1)
    except HTTPError as error:
        raise _RefusedError(error.code, say("describe.problem.status", status=error.code)) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = without_key(str(getattr(error, "reason", error)), endpoint.key)  # an odd answer may repeat it
        raise _RefusedError(599, say("describe.problem.unreachable", reason=reason)) from error
    if len(answer) > MOST_BYTES:
        raise EndpointError(say("describe.problem.long"))
    return answer


def _content(answer: bytes) -> str:
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise EndpointError(say("describe.problem.form")) from error
    if not isinstance(content, str):
        raise EndpointError(say("describe.problem.form"))
    return content
