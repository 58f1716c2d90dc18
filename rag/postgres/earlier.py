"""What an index in a database holds already, so that an update does only what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..embedders import Embedder
from ..known import FileRecord, Files, by_name, made_alike, own_vectors
from ..manifest import Manifest
from ..records import Document, IndexOptions
from .connection import Row, Session
from .corpus import document_of
from .schema import TABLES, State, schema_name, use_tables


class Lines:
    """Give what is known of each document, in the order of the index.

    Attributes:
        rows: Number in the database, id, own id, digest and count of chunks of each.

    Args:
        session: In a transaction whose schema is that of the index' tables.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.rows: list[Row] = session.rows("SELECT id, name, own, digest, chunks FROM documents ORDER BY place")
        self._names = {name for _, name, *_ in self.rows}

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def line(self, row: int) -> list[Any]:
        """Return id and own id of the document of a row."""
        return list(self.rows[row][1:3])

    def at(self, row: int) -> Document:
        """Return the document of a row."""
        statement = "SELECT name, text, title, metadata, markup FROM documents WHERE id = $1"
        return document_of(self._session.one(statement, self.rows[row][0]))


@dataclass(frozen=True)
class Earlier:
    """Hold an index as it was before an update.

    Attributes:
        session: In a transaction whose schema is that of the index' tables.
        state: What its one row says.
        same: Whether its documents and chunks are what the same files would give now.
        own: Whether its vectors are those of the embedder that is used now.
        documents: Its documents.
    """

    session: Session
    state: State
    same: bool
    own: bool
    documents: Lines

    @property
    def manifest(self) -> Manifest:
        """Return its manifest."""
        return self.state.manifest

    @property
    def sources(self) -> list[str]:
        """Return the absolute paths of its sources."""
        return self.state.sources

    @cached_property
    def files(self) -> Files:
        """Return the files by source and name, each with the row of its first document."""
        statement = "SELECT source, name, digest, documents, complete FROM files ORDER BY place"
        return by_name(self.sources, [FileRecord(*row) for row in self.session.rows(statement)])

    @cached_property
    def rows_by_digest(self) -> Mapping[bytes, int]:
        """Return the rows of its documents by the digest under which they were read."""
        return {digest: row for row, (_, _, _, digest, _) in enumerate(self.documents.rows)}


def earlier_of(session: Session, state: State, options: IndexOptions, embedder: Embedder) -> Earlier:
    """Return what an index holds, and let all following statements of the transaction mean its tables.

    Raises:
        UserError: One of its tables is missing.
    """
    use_tables(session, state.generation)
    schema = schema_name(session.address, state.generation)
    session.run("; ".join(f'SELECT FROM "{schema}".{table} LIMIT 0' for table in TABLES))
    same = made_alike(state.manifest, options, embedder)
    return Earlier(session, state, same, own_vectors(state.manifest, embedder), Lines(session))
