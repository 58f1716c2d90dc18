"""Where an index is kept: in a folder, or in a PostgreSQL database."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ..knowledge.errors import UserError
from ..knowledge.messages import say

SCHEMES = ("postgresql://", "postgres://")
INDEX = "ftadvisor"
"""The name of an index whose address gives none."""
POINTER = "database"
"""A file in a folder that stands for an index in a database; holds its address, without a password."""
_NOT_SHOWN = ("index", "password", "sslpassword")
_NAME = re.compile(r"[^\W\d]\w{0,39}")


@dataclass(frozen=True)
class Address:
    """Name an index in a database.

    Attributes:
        server: What PostgreSQL's own programs would connect to, without the password.
        index: Name of the index, which is that of a schema in the database.
        password: As the address gave it; None where ``PGPASSWORD``, a password file or a service is to be asked.
        key_password: That of the client's TLS key, if the address gave one.
    """

    server: str
    index: str
    password: "_Secret | None" = None
    key_password: "_Secret | None" = None

    def __str__(self) -> str:
        """Return the address without the password."""
        if self.index == INDEX:
            return self.server
        return f"{self.server}{'&' if '?' in self.server else '?'}index={quote(self.index)}"


@dataclass(frozen=True)
class _Secret:
    """Hold a password, and show it to nobody who prints it."""

    value: str

    def __repr__(self) -> str:
        return "***"


Place = Path | Address


def is_address(text: str) -> bool:
    """Say whether a text names a database rather than a folder."""
    return text.lower().startswith(SCHEMES)


def place_of(text: str) -> Place:
    """Return the folder or the address that a text names.

    Raises:
        UserError: It is no address that can be understood.
    """
    return parse_address(text) if is_address(text) else Path(text)


def at(place: Place) -> Place:
    """Return the database that a folder points to, or the place itself.

    Raises:
        UserError: The folder's pointer is none that was written here.
    """
    if not isinstance(place, Path) or not (place / POINTER).is_file():
        return place
    try:
        return parse_address((place / POINTER).read_text(encoding="utf-8").strip())
    except UnicodeDecodeError:
        raise UserError(say("rag.damaged", path=place / POINTER), say("rag.build_hint")) from None


def parse_address(text: str) -> Address:
    """Return the address ``postgresql://user@host:port/database?index=NAME`` in its parts.

    Raises:
        UserError: It is none, or the index' name is not allowed.
    """
    if not is_address(text):
        raise UserError(say("postgres.wrong_address"), say("postgres.address_hint"))
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise UserError(say("postgres.wrong_address"), say("postgres.address_hint")) from None  # may hold a password
    if parts.fragment or "@" in parts.path + parts.query:  # a password with "/", "?" or "#" as they are ended too early
        raise UserError(say("postgres.wrong_address"), say("postgres.address_hint"))
    options = {key.lower(): value for key, value in pairs}
    user, _, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    given = unquote(password) if colon else options.get("password")
    index = options.get("index", INDEX)
    if not _NAME.fullmatch(index) or len(index.encode()) > 40 or index.startswith("pg_"):
        raise UserError(say("postgres.wrong_index", name=index), say("postgres.address_hint"))
    kept = urlencode([(key, value) for key, value in pairs if key.lower() not in _NOT_SHOWN], safe="/")
    server = f"postgresql://{name + '@' if name else ''}{host}{parts.path}{'?' + kept if kept else ''}"
    return Address(server, index, _secret(given), _secret(options.get("sslpassword")))


def _secret(text: str | None) -> _Secret | None:
    return _Secret(text) if text else None
