"""Tell what is in an index in a database, and check all of it."""

from collections.abc import Iterator

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..address import Address
from ..corpus import document_digest
from ..embedding import digest as digest_of
from ..manifest import Manifest
from ..records import Chunk
from .connection import Row, Session
from .corpus import document_of
from .reader import snapshot
from .schema import TABLES, schema_name

_AT_ONCE = 1000
_KINDS = {"postings": "words", "files": "documents"}
_SIZE = "SELECT pg_total_relation_size(format('%I.%I', $1::text, $2::text)::regclass)"


def look(address: Address, verify: bool) -> tuple[Manifest, str, list[str], dict[str, int]]:
    """Return an index' manifest, the schema of its tables, its sources, and its bytes by kind of content.

    Args:
        address: The index.
        verify: Whether to compare documents and chunks with their hashes, and the words with the chunks.

    Raises:
        UserError: There is no index, or something is not as it was written.
    """
    with Session(address) as session:
        state = snapshot(session)
        schema = schema_name(address, state.generation)
        sizes: dict[str, int] = {}
        for table in TABLES:
            kind = _KINDS.get(table, table)
            sizes[kind] = sizes.get(kind, 0) + session.one(_SIZE, schema, table)[0]
        if verify:
            _check(session, state.manifest)
        return state.manifest, schema, state.sources, sizes


def _check(session: Session, manifest: Manifest) -> None:
    counts = session.one("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)")
    if tuple(counts) != (manifest.documents, manifest.chunks):
        raise _damaged(session, "documents")
    for digest, *document in _all(session, "documents", "place", "digest, own, text, title, metadata, markup"):
        if document_digest(document_of(document)) != digest:
            raise _damaged(session, "documents")
    for key, text, header in _all(session, "chunks", "id", "key, text, header"):
        if digest_of(Chunk("", 0, 0, 0, text, header).searchable) != key:
            raise _damaged(session, "chunks")
    tokens, posted = session.one(
        "SELECT (SELECT coalesce(sum(length), 0) FROM chunks),"
        " (SELECT coalesce(sum(entry & 255), 0) FROM postings, unnest(entries) entry)"
    )
    (capped,) = session.one("SELECT EXISTS (SELECT 1 FROM postings, unnest(entries) entry WHERE entry & 255 = 255)")
    if posted != tokens and not (capped and posted < tokens):
        raise _damaged(session, "postings")


def _all(session: Session, table: str, number: str, columns: str) -> Iterator[Row]:
    """Yield columns of all rows of a table, some at a time."""
    statement = f"SELECT {columns}, {number} FROM {table} WHERE {number} > $1 ORDER BY {number} LIMIT {_AT_ONCE}"
    last = -1
    while rows := session.rows(statement, last):
        last = rows[-1][-1]
        yield from (tuple(row)[:-1] for row in rows)


def _damaged(session: Session, table: str) -> UserError:
    return UserError(say("rag.damaged", path=f"{session.address} ({table})"), say("rag.build_hint"))
