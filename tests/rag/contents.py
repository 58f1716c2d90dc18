"""Read all of an index in a database, by what it says and not by the numbers that rows happen to have."""

from typing import Any

from ftadvisor.rag.address import Address
from ftadvisor.rag.postgres.connection import Session
from ftadvisor.rag.postgres.reader import snapshot

_PLACED = "chunks c JOIN documents d ON d.id = c.document"
_STATEMENTS = {
    "documents": "SELECT place, first_chunk, chunks, name, own, title, metadata::text, filters::text, markup, text,"
    " digest FROM documents ORDER BY place",
    "chunks": "SELECT d.place, d.first_chunk + number, first, last, c.text, header, key, length, tokens, unknown"
    f" FROM {_PLACED} ORDER BY 2",
    "postings": "SELECT token, d.first_chunk + c.number, entry & 255, entry >> 8 & 16777215"
    f" FROM (SELECT token, unnest(entries) AS entry FROM postings) p, {_PLACED}"
    " WHERE c.id = (entry >> 32)::integer ORDER BY 1, 2",
    "sizes": "SELECT count(*), sum(size), sum(cardinality(entries)) FROM postings WHERE size = cardinality(entries)",
    "vectors": f"SELECT first_chunk + number, embedding::text FROM vectors, {_PLACED} WHERE c.id = chunk ORDER BY 1",
    "loose": "SELECT count(*) FROM vectors WHERE chunk NOT IN (SELECT id FROM chunks)",
    "files": "SELECT source, name, digest, documents, complete FROM files ORDER BY place",
}


def contents_of(index: Address) -> dict[str, Any]:
    """Return everything that the index consists of."""
    with Session(index) as session:
        state = snapshot(session)
        found: dict[str, Any] = {
            name: [tuple(row) for row in session.rows(statement)] for name, statement in _STATEMENTS.items()
        }
    assert sum(len(found[name]) for name in ("documents", "chunks", "postings"))
    assert found["sizes"][0][1] == len(found["postings"]), "a posting of a chunk that is not there"
    del found["sizes"]  # how many rows the postings take depends on the numbers
    return found | {
        "manifest": state.manifest,
        "sources": state.sources,
        "keys": sorted(state.keys),
        "tokens": state.tokens,
    }
