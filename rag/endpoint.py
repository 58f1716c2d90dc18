"""Name an OpenAI-compatible endpoint; what is sent there leaves the machine, so it is only one that was named."""

import os
from typing import NamedTuple
from urllib.parse import urlsplit

from ..knowledge.errors import UserError
from ..knowledge.messages import say

KEY = "FTADVISOR_ENDPOINT_KEY"
"""The environment's variable with the key; it has no option, as command lines can be seen by others."""

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Hosts to which a key may go without encryption."""


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
        return host_of(self.url) in LOCAL


def is_endpoint(name: str) -> bool:
    """Tell whether a model's name is the address of an endpoint rather than a place of files."""
    return "://" in name


def parse_endpoint(name: str) -> Endpoint:
    """Return the endpoint that ``http://host:port/v1#model`` names.

    Raises:
        UserError: It is no such address, or the key is none or would be sent in the clear.
    """
    url, _, model = name.partition("#")
    host, key = host_of(url), os.environ.get(KEY, "")
    if not (host and model):
        raise UserError(say("answers.bad_endpoint", name=name), "http://127.0.0.1:11434/v1#qwen3:8b")
    if not (key.isascii() and key.isprintable()):
        raise UserError(say("answers.bad_key", variable=KEY))
    if key and url.startswith("http://") and host not in LOCAL:
        raise UserError(say("answers.key_in_clear", url=url, variable=KEY))
    return Endpoint(url.rstrip("/"), model, key)


def host_of(url: str) -> str | None:
    """Return the host of a web address without user, password and query; None where it is no such address."""
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.hostname or "").encode("idna")  # only for what they raise
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and url.isascii() and url.isprintable() and " " not in url
    good = good and not parts.query and parts.username is None  # where a key might stand, which would be written down
    return parts.hostname if good else None


def without_key(text: str, key: str = "") -> str:
    """Return a text without the key, which some servers repeat: errors are shown, and kept with a run.

    Args:
        text: What may hold it.
        key: The one that was sent; the environment's unless said otherwise.
    """
    key = key or os.environ.get(KEY, "")
    return text.replace(key, "***") if key else text
