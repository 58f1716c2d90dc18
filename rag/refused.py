"""Say why an endpoint gave no answer, what the likely cause is, and how to set it right."""

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..knowledge.errors import RefusedError
from ..knowledge.messages import say
from .endpoint import KEY, Endpoint, without_key

if TYPE_CHECKING:
    from urllib.error import HTTPError

MOST_SAID = 2000
"""Characters that are shown of an error that a server tells; it is cut once the key is out, which a cut may halve."""
_MOST_REFUSED_BYTES = 1_000_000
_MOST_GLANCED = 60
"""Characters that are shown of an answer that is none of the interface's: a page's first words."""
_PATHS = re.compile(r"/(?:chat/completions|completions|embeddings|responses|models|chat)$")
"""What people copy along with a base address."""

NO_ENTRY = (401, 403)
ELSEWHERE = (301, 302, 303, 307, 308)
NOT_FOUND = (404, 405, 410)
BUSY = (408, 425, 429, 503, 529)
"""Took too long, too early, too many requests, not yet or no longer able to: it gets better by itself."""


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


class MisnamedError(RefusedError):
    """Say that another address or model is likely meant: to ask the same again gives the same."""


def refused(endpoint: Endpoint, error: "HTTPError", waited_seconds: float = 0.0) -> RefusedError:
    """Return what people are told of a refusal.

    Args:
        endpoint: Who refused.
        error: How.
        waited_seconds: How long it was left alone before.
    """
    from http.client import HTTPException

    try:
        said = error.read(_MOST_REFUSED_BYTES).decode("utf-8", "replace").strip()
    except (OSError, HTTPException):
        said = str(error.reason)
    said = without_key(_message(said), endpoint.key)[:MOST_SAID]
    if error.code in ELSEWHERE:
        return _sent_on(endpoint, error)
    text = say("answers.status", url=endpoint.url, status=error.code, reason=said)
    if error.code in NOT_FOUND:
        unknown = "model" in said.lower() and not _PATHS.search(endpoint.url)
        return MisnamedError(text, _model_hint(endpoint) if unknown else _address_hint(endpoint))
    return StatusError(text, _status_hint(endpoint, error.code, waited_seconds), error.code, said)


def _message(said: str) -> str:
    """Return what an error says in words, where it is one of the interface's."""
    try:
        fault = json.loads(said)["error"]
        return str(fault["message"] if isinstance(fault, dict) else fault)
    except (ValueError, LookupError, TypeError, RecursionError):
        return said


def _status_hint(endpoint: Endpoint, status: int, waited_seconds: float) -> str:
    if status in NO_ENTRY:
        return say("answers.status_key_hint", variable=KEY, model=endpoint.model)
    if status in BUSY:
        return say("answers.busy_hint", seconds=f"{waited_seconds:.0f}")
    return ""


def _model_hint(endpoint: Endpoint) -> str:
    return say("answers.status_model_hint", url=endpoint.url, model=endpoint.model)


def _address_hint(endpoint: Endpoint) -> str:
    """Return which address is likely meant: one without a path of the interface, or with the usual one."""
    base = _PATHS.sub("", endpoint.url)
    if base != endpoint.url:
        ending = endpoint.url.removeprefix(base)
        return say("answers.whole_address_hint", ending=ending, address=f"{base}#{endpoint.model}")
    if not urlsplit(base).path:
        return say("answers.no_path_hint", address=f"{base}/v1#{endpoint.model}")
    return say("answers.status_address_hint", url=endpoint.url, model=endpoint.model)


def _sent_on(endpoint: Endpoint, error: "HTTPError") -> MisnamedError:
    """Say where an endpoint sends on to; nobody is followed, as documents and key are for the named one alone."""
    asked = str(error.url)
    location = without_key(str(error.headers.get("Location") or ""), endpoint.key)[:MOST_SAID]
    try:
        target = urlsplit(urljoin(asked, location))._replace(query="", fragment="").geturl()
    except ValueError:  # it is no address
        target = location
    path = asked.removeprefix(endpoint.url)
    text = say("answers.sent_on", url=endpoint.url, status=error.code, target=target)
    if target.rstrip("/").endswith(path) and target != asked:
        address = f"{target.rstrip('/').removesuffix(path)}#{endpoint.model}"
        return MisnamedError(text, say("answers.sent_on_hint", address=address))
    return MisnamedError(text, f"{say('answers.sent_to_page_hint')}\n{_address_hint(endpoint)}")


def broken(endpoint: Endpoint, content: bytes = b"") -> MisnamedError:
    """Return the error of an endpoint that answers in another form than the interface's.

    Args:
        endpoint: Who answers.
        content: What, as far as it is known.
    """
    begin = without_key(" ".join(content[:MOST_SAID].decode("utf-8", "replace").split()), endpoint.key)
    told = say("answers.no_interface", url=endpoint.url)
    if begin:
        told = say("answers.no_interface_but", url=endpoint.url, content=begin[:_MOST_GLANCED])
    return MisnamedError(told, f"{say('answers.no_interface_hint')}\n{_address_hint(endpoint)}")


def unreachable(endpoint: Endpoint, error: Exception) -> RefusedError:
    """Return the error of an endpoint that does not answer."""
    reason = without_key(str(getattr(error, "reason", error)), endpoint.key)
    text = say("answers.unreachable", url=endpoint.url, reason=reason)
    return RefusedError(text, say("answers.unreachable_hint", url=endpoint.url))
