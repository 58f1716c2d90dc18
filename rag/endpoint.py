"""Speak with an OpenAI-compatible endpoint, and only with one that was named: what is sent leaves the machine."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

from ..knowledge.errors import RefusedError, UserError
from ..knowledge.messages import say

KEY = "FTADVISOR_ENDPOINT_KEY"
"""The environment's variable with the key; it has no option, as command lines can be seen by others."""

TIMEOUT_SECONDS = 120
"""For each sign of life: a model on a small machine may think for long before its first word."""
MOST_BYTES = 64_000_000
"""An answer with a batch of embeddings is a few million bytes; a longer one is not read to its end."""
WAITS_SECONDS = (1.0, 4.0)
"""Before the second and the third try."""
LONGEST_WAIT_SECONDS = 60.0
"""A server that asks to be left alone for longer is not waited for."""
LOCAL = ("localhost", "127.0.0.1", "::1")
"""Hosts to which a key may go without encryption."""
TOO_MANY, SERVER_FAULT = 429, 500


class Endpoint(NamedTuple):
    """Name an endpoint: its base address, to which ``/chat/completions`` and the like are added, and the model."""

    url: str
    model: str
    key: str = ""


def parse_endpoint(name: str) -> Endpoint:
    """Return the endpoint that ``http://host:port/v1#model`` names.

    Raises:
        UserError: It is no such address, or the key is none or would be sent in the clear.
    """
    url, _, model = name.partition("#")
    host, key = _host(url), os.environ.get(KEY, "")
    if not (host and model):
        raise UserError(say("answers.bad_endpoint", name=name), "http://127.0.0.1:11434/v1#qwen3:8b")
    if not (key.isascii() and key.isprintable()):
        raise UserError(say("answers.bad_key", variable=KEY))
    if key and url.startswith("http://") and host not in LOCAL:
        raise UserError(say("answers.key_in_clear", url=url, variable=KEY))
    return Endpoint(url.rstrip("/"), model, key)


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only for what it raises
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and url.isascii() and url.isprintable() and " " not in url
    return parts.hostname if good else None


def post_json(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - whatever it answers
    """Return what an endpoint answers, as JSON.

    Raises:
        RefusedError: It cannot be reached, refuses, or answers no JSON.
    """
    from http.client import HTTPException

    with _opened(endpoint, path, body) as response:
        try:
            content = response.read(MOST_BYTES + 1)
        except (OSError, HTTPException) as error:
            raise RefusedError(say("answers.unreachable", url=endpoint.url, reason=error)) from error
    try:
        if len(content) > MOST_BYTES:
            raise ValueError
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(endpoint) from error


def post_stream(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Iterator[Any]:
    """Yield the events of a streamed answer as they come; a server that does not stream gives one.

    Raises:
        RefusedError: It cannot be reached, refuses, breaks off, or sends something else than JSON.
    """
    with _opened(endpoint, path, {**body, "stream": True}) as response:
        plain: list[bytes] = []
        for line in _lines(endpoint, response):
            if not line.startswith(b"data:"):
                plain.append(line)
            elif (event := line[5:].strip()) == b"[DONE]":
                return
            else:
                yield _event(endpoint, event)
        if (whole := b"".join(plain).strip()).startswith(b"{"):
            yield _event(endpoint, whole)


def _lines(endpoint: Endpoint, response: IO[bytes]) -> Iterator[bytes]:
    from http.client import HTTPException

    size = 0
    try:
        while line := response.readline(MOST_BYTES):
            size += len(line)
            if size > MOST_BYTES:
                raise _broken(endpoint)
            yield line
    except (OSError, HTTPException) as error:
        raise RefusedError(say("answers.unreachable", url=endpoint.url, reason=error)) from error


def _event(endpoint: Endpoint, content: bytes) -> Any:  # noqa: ANN401 - whatever it answers
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(endpoint) from error


def _broken(endpoint: Endpoint) -> RefusedError:
    return RefusedError(say("answers.no_interface", url=endpoint.url))


@contextmanager
def _opened(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Iterator[IO[bytes]]:
    """Open the answer to one request; where the server is busy or fails, the request is made again twice."""
    with _tried(endpoint, path, body) as response:
        yield response


def _tried(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - urllib's response
    from http.client import HTTPException
    from urllib.error import HTTPError

    for wait in (*WAITS_SECONDS, None):
        try:
            return _post(endpoint, path, body)
        except HTTPError as error:
            if wait is None or (error.code != TOO_MANY and error.code < SERVER_FAULT):
                said = error.read(2000).decode("utf-8", "replace").strip()
                raise RefusedError(say("answers.status", url=endpoint.url, status=error.code, reason=said)) from error
            wait = max(wait, _asked_wait(error.headers.get("Retry-After")))
            if wait > LONGEST_WAIT_SECONDS:
                raise RefusedError(say("answers.status", url=endpoint.url, status=error.code, reason="")) from error
        except (OSError, HTTPException, ValueError) as error:
            if wait is None:
                reason = getattr(error, "reason", error)
                raise RefusedError(say("answers.unreachable", url=endpoint.url, reason=reason)) from error
        time.sleep(wait)
    raise AssertionError


def _asked_wait(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 0.0


def _post(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - urllib's response
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        """Follow nobody: documents and key are for the named endpoint alone."""

        def redirect_request(self, *_: object) -> None:
            return None

    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    content = json.dumps({"model": endpoint.model, **body}).encode()
    # what is for this machine must not pass through another one
    direct = (ProxyHandler({}),) if _host(endpoint.url) in LOCAL else ()
    request = Request(f"{endpoint.url}/{path}", content, headers)
    return build_opener(Stay, *direct).open(request, timeout=TIMEOUT_SECONDS)
