"""Ask an OpenAI-compatible endpoint and read what it answers, at once or in pieces."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import IO, Any

from ..knowledge.errors import RefusedError
from ..knowledge.messages import say
from .endpoint import Endpoint, without_key
from .patience import tried
from .post import post
from .refused import MOST_SAID, broken, unreachable

TIMEOUT_SECONDS = 120
"""For each sign of life: a model on a small machine may think for long before its first word."""
MOST_BYTES = 64_000_000
"""An answer with a batch of embeddings is a few million bytes; a longer one is not read to its end."""
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


def post_json(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - whatever it answers
    """Return what an endpoint answers, as JSON.

    Where the server is busy, fails or breaks off, the request is made again; see ``patience``.

    Raises:
        RefusedError: It cannot be reached, refuses, or answers no JSON.
    """

    def read() -> bytes:
        with _sent(endpoint, path, body) as response:
            content = bytes(response.read(MOST_BYTES + 1))
            if len(content) <= MOST_BYTES:
                _check_end(response)
            return content

    content = tried(endpoint, read)
    if len(content) > MOST_BYTES:
        raise broken(endpoint)
    return _event(endpoint, content)


def post_stream(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Iterator[Any]:
    """Yield the events of a streamed answer as they come; a server that does not stream gives one.

    Until the first event has come, the request is made again as by ``post_json``; what was passed on cannot be taken
    back.

    Raises:
        RefusedError: It cannot be reached, refuses, breaks off, or sends something else than JSON.
    """
    from http.client import HTTPException

    def start() -> tuple[IO[bytes], Iterator[bytes], list[bytes]]:
        response = _sent(endpoint, path, {**body, "stream": True})
        events = _events(endpoint, response)
        return response, events, [*islice(events, 1)]

    response, events, first = tried(endpoint, start)
    with response:
        try:
            for event in chain(first, events):
                yield _event(endpoint, event)
        except (OSError, HTTPException) as error:
            raise unreachable(endpoint, error) from error


def post_whole(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> list[Any]:
    """Return all events of a streamed answer, which keeps a slow server's connection alive.

    Unlike with ``post_stream``, the request is also made again where the answer breaks off.

    Raises:
        RefusedError: It cannot be reached, refuses, breaks off, or sends something else than JSON.
    """

    def read() -> list[bytes]:
        with _sent(endpoint, path, {**body, "stream": True}) as response:
            return [*_events(endpoint, response)]

    return [_event(endpoint, event) for event in tried(endpoint, read)]


def _events(endpoint: Endpoint, response: IO[bytes]) -> Iterator[bytes]:
    """Yield what follows ``data:`` until the end is told, or the whole of an answer that is not streamed."""
    size, plain, told, finished = 0, list[bytes](), False, False
    while line := response.readline(MOST_BYTES):
        size += len(line)
        if size > MOST_BYTES:
            raise broken(endpoint)
        if not line.startswith(b"data:"):
            plain.append(line)
        elif (event := line[5:].strip()) == b"[DONE]":
            return
        else:
            told, finished = True, finished or _FINISHED.search(event) is not None
            yield event
    _check_end(response, whole=finished or not told)
    whole = b"".join(line for line in plain if not line.startswith(b":")).strip()  # the others are a stream's comments
    if whole.startswith(b"{"):
        yield whole
    elif whole and not told:
        raise broken(endpoint, whole)


def _check_end(response: Any, whole: bool = True) -> None:  # noqa: ANN401 - urllib's response
    """Raise where less came than was promised; the library keeps quiet about that when it reads with a limit.

    Args:
        response: Read as far as it goes.
        whole: Whether what came says itself that it is all, which counts where nothing was promised.
    """
    from http.client import IncompleteRead

    if response.length:
        raise IncompleteRead(b"", response.length)
    if response.length is None and not response.chunked and not whole:
        raise IncompleteRead(b"")


def _event(endpoint: Endpoint, content: bytes) -> Any:  # noqa: ANN401 - whatever it answers
    try:
        event = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise broken(endpoint, content) from error
    if isinstance(event, dict) and (fault := event.get("error")):
        reason = fault.get("message") or fault if isinstance(fault, dict) else fault
        said = without_key(str(reason), endpoint.key)[:MOST_SAID]
        raise RefusedError(say("answers.told_error", url=endpoint.url, reason=said))
    return event


def _sent(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - urllib's response
    return post(endpoint, path, {"model": endpoint.model, **body}, TIMEOUT_SECONDS)
