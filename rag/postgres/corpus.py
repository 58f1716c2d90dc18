"""Read documents and chunks from a database when they are asked for."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import overload

from ..filters import Where, check_keys
from ..library import Library, Passages
from ..records import Chunk, Document
from .connection import Row, Session

_AT_ONCE = 1000
_KEPT = 16  # documents; who answers from one asks for it several times
_CHUNK = "d.name, c.number, c.first, c.last, c.text, c.header"


class Documents(Library):
    """Read the documents of an index by their id.

    Args:
        session: In a transaction whose schema is that of the index' tables.
        count: Documents of the index.
        keys: What documents can be chosen by.
    """

    def __init__(self, session: Session, count: int, keys: Sequence[str]) -> None:
        self._session, self._count, self._keys = session, count, keys
        self._read: OrderedDict[str, Document] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for start in range(0, self._count, _AT_ONCE):
            statement = "SELECT name FROM documents WHERE place >= $1 AND place < $2 ORDER BY place"
            yield from (name for (name,) in self._session.rows(statement, start, start + _AT_ONCE))

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._read or self._session.row("SELECT 1 FROM documents WHERE name = $1", name) is not None

    def __getitem__(self, name: str) -> Document:
        if name not in self._read:
            row = self._session.row("SELECT name, text, title, metadata, markup FROM documents WHERE name = $1", name)
            if row is None:
                raise KeyError(name)
            self._read[name] = document_of(row)
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return self._read[name]

    def allowed(self, where: Where) -> Where:
        """Return the conditions themselves, which the database looks at.

        Raises:
            UserError: A key that no document has.
        """
        check_keys(where, self._keys)
        return where


class Chunks(Passages):
    """Read the chunks of an index by their position.

    Args:
        session: In a transaction whose schema is that of the index' tables.
        count: Chunks of the index.
    """

    def __init__(self, session: Session, count: int) -> None:
        self._session, self._count = session, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Chunk]:
        for start in range(0, self._count, _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    @overload
    def __getitem__(self, place: int) -> Chunk: ...
    @overload
    def __getitem__(self, place: slice) -> list[Chunk]: ...
    def __getitem__(self, place: int | slice) -> Chunk | list[Chunk]:
        if isinstance(place, slice):
            return self.many(range(*place.indices(self._count)))
        return self.many([range(self._count)[place]])[0]

    def many(self, places: Sequence[int]) -> list[Chunk]:
        """Return the chunks of some positions, in their order."""
        statement = f"SELECT {_CHUNK} FROM {LOCATED} ORDER BY p.rank"
        return [Chunk(*row) for row in self._session.rows(statement, list(places))] if places else []


LOCATED = """unnest($1::integer[]) WITH ORDINALITY AS p(place, rank)
CROSS JOIN LATERAL (
    SELECT * FROM documents WHERE first_chunk <= p.place AND chunks > 0 ORDER BY first_chunk DESC LIMIT 1
) d JOIN chunks c ON c.document = d.id AND c.number = p.place - d.first_chunk"""
"""The chunks ``c`` of the positions ``$1``, with their documents ``d``."""


def document_of(row: Row) -> Document:
    """Return the document of a row with name, text, title, metadata and markup."""
    name, text, title, metadata, markup = row
    return Document(name, text, title, json.loads(metadata), markup)


def condition(where: Where, first: int) -> tuple[str, list[str]]:
    """Return a condition on the table ``documents``, and the values for its places from ``$first`` on."""
    alternatives: list[str] = []
    values: list[str] = []
    for key, wanted in sorted(where.items()):
        places = range(first + len(values), first + len(values) + len(wanted))
        alternatives.append(" OR ".join(f"filters @> ${place}::jsonb" for place in places))
        values += [json.dumps({key: [value]}) for value in sorted(wanted)]
    return " AND ".join(f"({each})" for each in alternatives), values
