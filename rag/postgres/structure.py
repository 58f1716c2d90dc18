"""Choose how near vectors are found in a database: compare all while that is fast, else a graph that is good enough."""

from typing import TYPE_CHECKING

from ..manifest import StructureEntry
from ..stores import Work
from ..structures import FLAT_NUMBERS, NEIGHBOURS, candidates, steps
from .connection import Session
from .earlier import Earlier
from .near import search_graph
from .schema import State

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NUMBERS = 4000  # of a vector that a graph can hold
_SAMPLE = 100
_CHANGED = 0.2  # share of new and gone chunks, together, above which the graph is measured again
_LINKS, _BREADTH = 16, 80
_NODE = 512  # bytes of a vector's links while the graph is made
_LEAST_MEMORY, _MOST_MEMORY = 1 << 16, 1 << 20  # kilobytes; a graph that outgrows them takes many times as long
_GRAPH = """
CREATE INDEX IF NOT EXISTS vectors_graph ON vectors
USING hnsw ((embedding::halfvec({dimension})) halfvec_ip_ops) WITH (m = {links}, ef_construction = {breadth})
"""
_SAMPLED = "SELECT chunk, embedding::real[] FROM vectors ORDER BY hashint4(chunk) LIMIT $1"
_NEAREST = "SELECT chunk FROM vectors WHERE chunk <> $2 ORDER BY embedding <#> $1::real[]::vector, chunk LIMIT $3"
_FOUND = """SELECT chunk FROM (
    SELECT chunk, embedding FROM vectors
    ORDER BY embedding::halfvec({dimension}) <#> $1::real[]::halfvec({dimension}) LIMIT $4
) proposed WHERE chunk <> $2 ORDER BY embedding <#> $1::real[]::vector, chunk LIMIT $3"""


def choose_structure(
    session: Session, work: Work[Earlier], retriever: str, before: State | None, first_chunk: int
) -> tuple[StructureEntry, int]:
    """Return how the vectors are searched, and how many chunks may come or go before that is measured again.

    Args:
        session: In a transaction whose schema is that of the tables with the vectors.
        work: What the index has to become.
        retriever: How the index ranks.
        before: What these tables were before the work; None for new ones.
        first_chunk: The number from which the chunks are new.
    """
    wanted, dimension = work.options.structure, work.embedder.dimension
    (count,) = session.one("SELECT count(*) FROM vectors")
    if retriever == "hybrid" and (work.options.dense_weight or work.embedder.weight) < 1:
        return StructureEntry(kind="flat", reason="reorders"), 0
    if wanted == "flat":
        return StructureEntry(kind="flat", reason="chosen"), 0
    if count <= NEIGHBOURS * 4 or (wanted == "auto" and count * dimension <= FLAT_NUMBERS):
        return StructureEntry(kind="flat", reason="small"), 0
    if dimension > MOST_NUMBERS:
        return StructureEntry(kind="flat", reason="fallback"), 0
    if before is not None and _asked_alike(before, work):
        leeway = before.leeway - _changed(session, before, first_chunk)
        if leeway >= 0:
            return before.manifest.structure or StructureEntry(kind="flat", reason="fallback"), leeway
    kilobytes = min(_MOST_MEMORY, max(_LEAST_MEMORY, count * (2 * dimension + _NODE) >> 10))
    session.run(f"SET LOCAL maintenance_work_mem = {kilobytes}")
    session.run(_GRAPH.format(dimension=dimension, links=_LINKS, breadth=_BREADTH))
    session.run("ANALYZE vectors")
    return _measured(session, dimension, wanted, work.options.recall), int(_CHANGED * count)


def _asked_alike(before: State, work: Work[Earlier]) -> bool:
    """Say whether there is a graph that was measured for what is wanted now."""
    structure, options = before.manifest.structure, before.manifest.options
    asked_alike = (options.structure, options.recall) == (work.options.structure, work.options.recall)
    return structure is not None and structure.kind == "hnsw" and asked_alike


def _changed(session: Session, before: State, first_chunk: int) -> int:
    """Return how many chunks the work added and took out, so that as many new ones as gone ones count as well."""
    kept, count = session.one("SELECT count(*) FILTER (WHERE id < $1::integer), count(*) FROM chunks", first_chunk)
    return int(before.manifest.chunks - kept + count - kept)


def _measured(session: Session, dimension: int, wanted: str, recall: float) -> StructureEntry:
    """Return the least effort that reaches the recall on a sample, or the comparison of all if none does."""
    sample = session.rows(_SAMPLED, _SAMPLE)
    nearest = [_chunks(session, _NEAREST, vector, chunk, NEIGHBOURS) for chunk, vector in sample]
    statement = _FOUND.format(dimension=dimension)
    found, effort = 0.0, 0
    for effort in steps(64, 1024):
        search_graph(session, effort)
        shares = [
            len({*_chunks(session, statement, vector, chunk, NEIGHBOURS, candidates(NEIGHBOURS))} & {*wanted_ones})
            / NEIGHBOURS
            for (chunk, vector), wanted_ones in zip(sample, nearest, strict=True)
        ]
        found = sum(shares) / len(shares)
        if found >= recall:
            break
    if found < recall and wanted == "auto":
        return StructureEntry(kind="flat", reason="fallback")
    reason = "reached" if wanted == "auto" else "chosen"
    return StructureEntry(kind="hnsw", reason=reason, recall=round(found, 4), sample=len(sample), effort=effort)


def _chunks(session: Session, statement: str, vector: "Sequence[float]", *values: int) -> list[int]:
    return [chunk for (chunk,) in session.rows(statement, vector, *values)]
