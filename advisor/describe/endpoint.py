"""Ask an OpenAI-compatible endpoint, and only one that was configured: what is asked leaves the machine."""

import json
import os
import time
from typing import Any, NamedTuple

from ...knowledge.errors import UserError
from ...knowledge.messages import say

ADDRESS, MODEL, KEY = "FTADVISOR_DESCRIBE_ENDPOINT", "FTADVISOR_DESCRIBE_MODEL", "FTADVISOR_DESCRIBE_KEY"
"""Variables of the environment; the key has no option, as command lines can be seen by others."""

TIMEOUT_SECONDS = 30
WAITS_SECONDS = (1.0, 2.0)
"""Before the second and the third try."""

BAD_REQUEST, TOO_MANY, SERVER_FAULT = 400, 429, 500


class EndpointError(Exception):
    """Say why an endpoint gave no usable answer."""


class Endpoint(NamedTuple):
    """Name an endpoint.

    Attributes:
        url: Its base address, to which ``/chat/completions`` is added.
        key: What authorises to use it; empty where none is needed.
    """

    url: str
    model: str
    key: str = ""


def configured(url: str | None, model: str | None) -> Endpoint | None:
    """Return the endpoint that options or variables of the environment name, or None.

    Raises:
        UserError: The address is none, or no model is named.
    """
    url, model = url or os.environ.get(ADDRESS), model or os.environ.get(MODEL)
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise UserError(say("describe.bad_url", url=url), say("describe.endpoint_hint"))
    if not model:
        raise UserError(say("describe.no_model", url=url), say("describe.endpoint_hint"))
    return Endpoint(url.rstrip("/"), model, os.environ.get(KEY, ""))


def complete(endpoint: Endpoint, system: str, user: str, waits: tuple[float, ...] = WAITS_SECONDS) -> str:
    """Return what the endpoint's model answers to two messages.

    Args:
        endpoint: Whom to ask.
        system: What the model shall do.
        user: What it shall do it with.
        waits: Seconds to wait before each further try.

    Raises:
        EndpointError: It cannot be reached, refuses, or answers in another form than the interface's.
    """
    body = {
        "model": endpoint.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "temperature": 0,
        "response_format": {"type": "json_object"},
    }
    for wait in (*waits, None):
        try:
            return _content(_post(endpoint, body))
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


def _post(endpoint: Endpoint, body: dict[str, Any]) -> bytes:
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    request = Request(f"{endpoint.url}/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            answer: bytes = response.read()
            return answer
    except HTTPError as error:
        raise _RefusedError(error.code, say("describe.problem.status", status=error.code)) from error
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise _RefusedError(599, say("describe.problem.unreachable", reason=reason)) from error


def _content(answer: bytes) -> str:
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise EndpointError(say("describe.problem.form")) from error
    if not isinstance(content, str):
        raise EndpointError(say("describe.problem.form"))
    return content
