"""Write the vectors of an index: those that are known already, and those that have to be computed."""

from typing import TYPE_CHECKING

from ..embedding import KnownVectors, Parts, as_keys, embed_passages
from ..gate import Reach, reach_of
from ..records import Chunk
from ..stores import Work
from .connection import Session
from .copying import vector_rows
from .earlier import Earlier
from .schema import schema_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SLICE = 1 << 12
_REUSE = """
INSERT INTO vectors SELECT DISTINCT ON (n.id) n.id, v.embedding
FROM chunks n JOIN "{schema}".chunks o ON o.key = n.key JOIN "{schema}".vectors v ON v.chunk = o.id
WHERE n.id >= $1 AND NOT EXISTS (SELECT 1 FROM vectors w WHERE w.chunk = n.id)
"""


def reuse_vectors(session: Session, earlier: Earlier, first_chunk: int) -> None:
    """Give the new chunks from ``first_chunk`` on the vectors that the earlier index has of the same texts."""
    schema = schema_name(session.address, earlier.state.generation)
    session.change(_REUSE.format(schema=schema), first_chunk)


def measured_reach(session: Session, work: Work[Earlier]) -> "tuple[Reach, NDArray[np.int64]]":
    """Return how much of the index' chunks the embedder can read, and their numbers in the same order."""
    import numpy as np

    rows = session.rows("SELECT id, tokens, unknown FROM chunks ORDER BY id")
    numbers, tokens, unknown = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3).T
    return reach_of(work.embedder, tokens, unknown), numbers


def write_vectors(session: Session, work: Work[Earlier], readable: "NDArray[np.int64]", parts: Parts) -> int:
    """Write the vectors that are missing, and return how many different texts had to be embedded.

    Args:
        session: In a transaction whose schema is that of the tables to write.
        work: What the index has to become.
        readable: Numbers of the chunks that the embedder can read.
        parts: Where to keep what is embedded before it is written.
    """
    import numpy as np

    there = np.array([number for (number,) in session.rows("SELECT chunk FROM vectors")], dtype=np.int64)
    missing = np.setdiff1d(readable, there)
    known = KnownVectors()
    keys, texts = _texts(session, missing)
    embedded = embed_passages(work.embedder, texts, known, parts, work.progress)
    for start in range(0, len(missing), _SLICE):
        vectors = known.take(as_keys(keys[start : start + _SLICE]), work.embedder.dimension)
        session.copy_bytes("vectors", ("chunk", "embedding"), vector_rows(missing[start : start + _SLICE], vectors))
    return embedded


def _texts(session: Session, numbers: "NDArray[np.int64]") -> tuple[list[bytes], list[str]]:
    """Return digests and texts of some chunks."""
    keys, texts = [], []
    statement = "SELECT key, text, header FROM chunks WHERE id = ANY($1::integer[]) ORDER BY id"
    for start in range(0, len(numbers), _SLICE):
        for key, text, header in session.rows(statement, numbers[start : start + _SLICE].tolist()):
            keys.append(key)
            texts.append(Chunk("", 0, 0, 0, text, header).searchable)
    return keys, texts
