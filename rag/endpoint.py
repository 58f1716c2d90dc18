"""Speak with an OpenAI-compatible endpoint, and only with one that was named: what is sent leaves the machine."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from ..knowledge.errors import RefusedError, UserError
from ..knowledge.messages import say

if TYPE_CHECKING:
    from urllib.error import HTTPError

Result = TypeVar("Result")

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
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')
_MOST_SAID = 2000
"""Characters that are shown of an error that a server tells; it is cut once the key is out, which a cut may halve."""
_MOST_REFUSED_BYTES = 1_000_000
NO_ENTRY, NOT_FOUND = (401, 403), 404
BUSY, SERVER_FAULT = (408, 425, 429), 500
"""What is worth asking again: took too long, too early, too many requests; and all from a fault of the server on."""


class Endpoint(NamedTuple):
    """Name an endpoint: its base address, to which ``/chat/completions`` and the like are added, and the model."""

    url: str
    model: str
    key: str = ""

    def __repr__(self) -> str:
        """Leave the key out: what is printed may be kept."""
        return f"Endpoint(url={self.url!r}, model={self.model!r})"

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        return _host(self.url) in LOCAL


class StatusError(RefusedError):
    """Say that an endpoint refused a request.

    Args:
        message: For people.
        hint: What to do about it.
        status: Of HTTP.
        said: The server's own words, without the key.
    """

    def __init__(self, message: str, hint: str, status: int, said: str) -> None:
        super().__init__(message, hint)
        self.status, self.said = status, said


def is_endpoint(name: str) -> bool:
    """Tell whether a model's name is the address of an endpoint rather than a place of files."""
    return "://" in name


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
        _ = parts.port, (parts.hostname or "").encode("idna")  # only for what they raise
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and url.isascii() and url.isprintable() and " " not in url
    good = good and not parts.query and parts.username is None  # where a key might stand, which would be written down
    return parts.hostname if good else None


def post_json(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - whatever it answers
    """Return what an endpoint answers, as JSON.

    Where the server is busy, fails or breaks off, the request is made again twice, and standard error says so.

    Raises:
        RefusedError: It cannot be reached, refuses, or answers no JSON.
    """

    def read() -> bytes:
        with _post(endpoint, path, body) as response:
            content = bytes(response.read(MOST_BYTES + 1))
            if len(content) <= MOST_BYTES:
                _check_end(response)
            return content

    content = _tried(endpoint, read)
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
        response = _post(endpoint, path, {**body, "stream": True})
        events = _events(endpoint, response)
        return response, events, [*islice(events, 1)]

    response, events, first = _tried(endpoint, start)
    with response:
        try:
            for event in chain(first, events):
                yield _event(endpoint, event)
        except (OSError, HTTPException) as error:
            reason = without_key(str(error), endpoint.key)
            raise RefusedError(say("answers.unreachable", url=endpoint.url, reason=reason)) from error


def post_whole(endpoint: Endpoint, path: str, body: Mapping[str, object]) -> list[Any]:
    """Return all events of a streamed answer, which keeps a slow server's connection alive.

    Unlike with ``post_stream``, the request is also made again where the answer breaks off.

    Raises:
        RefusedError: It cannot be reached, refuses, breaks off, or sends something else than JSON.
    """

    def read() -> list[bytes]:
        with _post(endpoint, path, {**body, "stream": True}) as response:
            return [*_events(endpoint, response)]

    return [_event(endpoint, event) for event in _tried(endpoint, read)]


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
    if (whole := b"".join(plain).strip()).startswith(b"{"):
        yield whole


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
        raise broken(endpoint) from error
    if isinstance(event, dict) and (fault := event.get("error")):
        reason = fault.get("message") or fault if isinstance(fault, dict) else fault
        said = without_key(str(reason), endpoint.key)[:_MOST_SAID]
        raise RefusedError(say("answers.told_error", url=endpoint.url, reason=said))
    return event


def broken(endpoint: Endpoint) -> RefusedError:
    """Return the error of an endpoint that answers in another form than the interface's."""
    return RefusedError(say("answers.no_interface", url=endpoint.url))


def _tried(endpoint: Endpoint, attempt: Callable[[], Result]) -> Result:
    """Return what an attempt gives; where the server is busy, fails or breaks off, it is made again twice."""
    from http.client import HTTPException
    from urllib.error import HTTPError

    for wait in WAITS_SECONDS:
        try:
            return attempt()
        except HTTPError as error:
            seconds = max(wait, asked_wait(error.headers.get("Retry-After")))
            if not (error.code in BUSY or error.code >= SERVER_FAULT) or seconds > LONGEST_WAIT_SECONDS:
                raise _refused(endpoint, error) from error
            reason = without_key(f"{error.code} {error.reason}", endpoint.key)
            error.close()
        except (OSError, HTTPException) as error:
            seconds, reason = wait, without_key(str(getattr(error, "reason", error)), endpoint.key)
        note = say("answers.again", url=endpoint.url, reason=reason, seconds=f"{seconds:g}")
        print(note, file=sys.stderr, flush=True)
        time.sleep(seconds)
    try:
        return attempt()
    except HTTPError as error:
        raise _refused(endpoint, error) from error
    except (OSError, HTTPException) as error:
        reason = without_key(str(getattr(error, "reason", error)), endpoint.key)
        raise RefusedError(say("answers.unreachable", url=endpoint.url, reason=reason)) from error


def _refused(endpoint: Endpoint, error: "HTTPError") -> RefusedError:
    from http.client import HTTPException

    try:
        said = error.read(_MOST_REFUSED_BYTES).decode("utf-8", "replace").strip()
    except (OSError, HTTPException):
        said = str(error.reason)
    said = without_key(_message(said), endpoint.key)[:_MOST_SAID]
    text = say("answers.status", url=endpoint.url, status=error.code, reason=said)
    return StatusError(text, _status_hint(endpoint, error.code), error.code, said)


def _message(said: str) -> str:
    """Return what an error says in words, where it is one of the interface's."""
    try:
        fault = json.loads(said)["error"]
        return str(fault["message"] if isinstance(fault, dict) else fault)
    except (ValueError, LookupError, TypeError, RecursionError):
        return said


def _status_hint(endpoint: Endpoint, status: int) -> str:
    if status in NO_ENTRY:
        return say("answers.status_key_hint", variable=KEY, model=endpoint.model)
    if status == NOT_FOUND:
        return say("answers.status_address_hint", url=endpoint.url, model=endpoint.model)
    return ""


def without_key(text: str, key: str = "") -> str:
    """Return a text without the key, which some servers repeat: errors are shown, and kept with a run.

    Args:
        text: What may hold it.
        key: The one that was sent; the environment's unless said otherwise.
    """
    key = key or os.environ.get(KEY, "")
    return text.replace(key, "***") if key else text


def asked_wait(header: str | None) -> float:
    """Return the seconds that a ``Retry-After`` asks for, as a number or as a date; 0 where it asks for none."""
    from email.utils import parsedate_to_datetime

    if header is None or header.strip().isdecimal():
        return float(header or 0)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


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
    direct = (ProxyHandler({}),) if endpoint.local else ()
    request = Request(f"{endpoint.url}/{path}", content, headers)
    return build_opener(Stay, *direct).open(request, timeout=TIMEOUT_SECONDS)
