"""Choose how near vectors are found: compare all while that is fast, else the least work that reaches the recall.

Source: Douze et al., The Faiss library, 2024. Measurements in knowledge/decisions/0010-indexes-on-disk.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .manifest import StructureEntry

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

FLAT_NUMBERS = 20_000_000  # numbers that one core compares in about 5 ms, less than embedding the question takes
SCANNED_SHARE = 0.125  # past this share of the lists, the graph is tried
GRAPH_ROWS = 500_000  # a graph of more takes more than ten minutes on two cores
NEIGHBOURS = 10
_SAMPLE = 400
_PER_LIST = 64  # vectors that each list's centre is learnt from
_LINKS, _BREADTH = 32, 80
_SLICE = 1 << 14


@dataclass(frozen=True)
class Structure:
    """Hold a FAISS index of compressed vectors, and what was measured of it; no index where all are compared."""

    entry: StructureEntry
    index: "faiss.Index | None" = None


def choose_structure(
    matrix: "Matrix", rows: "NDArray[np.int64]", wanted: str, recall: float, progress: Progress
) -> Structure:
    """Return the structure for the vectors of some rows, which is as good as wanted on a sample of them.

    Args:
        matrix: All vectors, shape ``(chunks, dimension)``, each of length 1 or 0; may lie on the disk.
        rows: The rows that hold one.
        wanted: ``flat``, ``ivf``, ``hnsw``, or ``auto``.
        recall: Share of the ten nearest that a search must find, 0 to 1.
        progress: Is told how far the work is.
    """
    if wanted == "flat" or len(rows) <= NEIGHBOURS * 4:
        return Structure(StructureEntry(kind="flat", reason="chosen" if wanted == "flat" else "small"))
    if wanted == "auto" and len(rows) * matrix.shape[1] <= FLAT_NUMBERS:
        return Structure(StructureEntry(kind="flat", reason="small"))
    sample = _Sample.of(matrix, rows)
    lists = _lists(len(rows))
    if wanted in ("auto", "ivf"):
        index = _filled(matrix, rows, f"IVF{lists},SQ8", progress)
        effort, found = _measured(index, matrix, sample, "ivf", steps(1, lists), recall)
        if wanted == "ivf" or (found >= recall and effort <= SCANNED_SHARE * lists):
            return Structure(_entry("ivf", wanted, found, sample, effort, lists), index)
    if wanted == "hnsw" or len(rows) <= GRAPH_ROWS:
        index = _filled(matrix, rows, f"IDMap,HNSW{_LINKS},SQ8", progress)
        effort, found = _measured(index, matrix, sample, "hnsw", steps(32, 1024), recall)
        if wanted == "hnsw" or found >= recall:
            return Structure(_entry("hnsw", wanted, found, sample, effort), index)
    return Structure(StructureEntry(kind="flat", reason="fallback"))


def candidates(count: int) -> int:
    """Return how many compressed vectors are compared once more, exactly, to find the ``count`` nearest."""
    return 2 * count + 20


def search_parameters(entry: StructureEntry, allowed: "NDArray[np.bool_] | None") -> "faiss.SearchParameters":
    """Return how much work a search does, and which rows it may find."""
    import numpy as np

    library: Any = import_module("faiss")  # the types' package knows no keywords
    options: dict[str, Any] = {}
    if allowed is not None:
        options["sel"] = library.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
    if entry.kind == "ivf":
        return cast("faiss.SearchParameters", library.SearchParametersIVF(nprobe=entry.effort, **options))
    return cast("faiss.SearchParameters", library.SearchParametersHNSW(efSearch=entry.effort, **options))


def refined(matrix: "Matrix", question: "Matrix", rows: "NDArray[np.int64]", count: int) -> list[tuple[int, float]]:
    """Return the nearest of some vectors by their exact cosines.

    Args:
        matrix: The vectors of the rows, in their order.
        question: One vector.
        rows: Their positions.
        count: Most to return.
    """
    import numpy as np

    scores = matrix @ question
    order = np.lexsort((rows, -scores))[:count]
    return [(int(rows[place]), float(scores[place])) for place in order]


@dataclass(frozen=True)
class _Sample:
    """Hold some of the vectors, and which are really nearest to each, itself left out."""

    rows: "NDArray[np.int64]"
    nearest: "NDArray[np.int64]"

    @classmethod
    def of(cls, matrix: "Matrix", rows: "NDArray[np.int64]") -> "_Sample":
        import faiss
        import numpy as np

        chosen = np.sort(np.random.default_rng(0).choice(rows, min(_SAMPLE, len(rows)), replace=False))
        questions = matrix[chosen]
        heap = faiss.ResultHeap(len(chosen), NEIGHBOURS + 1, keep_max=True)
        for start in range(0, len(rows), _SLICE):
            part = rows[start : start + _SLICE]
            scores, places = faiss.knn(
                questions, matrix[part], min(NEIGHBOURS + 1, len(part)), metric=faiss.METRIC_INNER_PRODUCT
            )
            heap.add_result(scores, part[places])
        heap.finalize()
        return cls(chosen, _without(heap.I, chosen))


def _without(found: "NDArray[np.int64]", own: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return each row's ten neighbours without the row itself."""
    import numpy as np

    return np.stack([row[row != self][:NEIGHBOURS] for row, self in zip(found, own, strict=True)])


def _lists(rows: int) -> int:
    """Return the number of lists: the power of two next to twice the square root."""
    return 1 << max(2, rows.bit_length() // 2 + 1)


def _filled(matrix: "Matrix", rows: "NDArray[np.int64]", name: str, progress: Progress) -> "faiss.Index":
    import faiss
    import numpy as np

    index: Any = faiss.index_factory(matrix.shape[1], name, faiss.METRIC_INNER_PRODUCT)
    learnt = min(len(rows), _PER_LIST * (faiss.extract_index_ivf(index).nlist if name.startswith("IVF") else 256))
    if name.startswith("IVF"):
        index.cp.niter, index.cp.min_points_per_centroid = 10, 1
    else:
        faiss.ParameterSpace().set_index_parameter(index, "efConstruction", _BREADTH)
    index.train(matrix[np.sort(np.random.default_rng(1).choice(rows, learnt, replace=False))])
    for start in range(0, len(rows), _SLICE):
        part = rows[start : start + _SLICE]
        index.add_with_ids(matrix[part], part)
        progress(say("rag.structuring"), min(start + _SLICE, len(rows)), len(rows))
    return cast("faiss.Index", index)


def _measured(
    index: "faiss.Index", matrix: "Matrix", sample: _Sample, kind: str, efforts: Sequence[int], recall: float
) -> tuple[int, float]:
    """Return the least effort that reaches the recall, or the most, and the recall that it reaches."""
    effort, found = efforts[0], 0.0
    for effort in efforts:
        entry = StructureEntry(kind="ivf" if kind == "ivf" else "hnsw", reason="reached", effort=effort)
        found, margin = _recall(index, matrix, sample, entry)
        if found - margin >= recall or found == 1.0:
            break
    return effort, found


def _recall(index: "faiss.Index", matrix: "Matrix", sample: _Sample, entry: StructureEntry) -> tuple[float, float]:
    """Return the mean recall of ten neighbours, and how far a sample of that size may be off (one-sided, 95 %)."""
    import numpy as np

    questions = matrix[sample.rows]
    _, rough = index.search(questions, candidates(NEIGHBOURS + 1), params=search_parameters(entry, None))
    shares = []
    for own, question, places, nearest in zip(sample.rows, questions, rough, sample.nearest, strict=True):
        rows = places[(places >= 0) & (places != own)]
        found = [row for row, _ in refined(matrix[rows], question, rows, NEIGHBOURS)]
        shares.append(len({*found} & {*nearest.tolist()}) / NEIGHBOURS)
    return float(np.mean(shares)), 1.645 * float(np.std(shares)) / len(shares) ** 0.5


def _entry(kind: str, wanted: str, recall: float, sample: _Sample, effort: int, lists: int = 0) -> StructureEntry:
    return StructureEntry(
        kind="ivf" if kind == "ivf" else "hnsw",
        reason="reached" if wanted == "auto" else "chosen",
        recall=round(recall, 4),
        sample=len(sample.rows),
        lists=lists,
        effort=effort,
    )


def steps(first: int, last: int) -> list[int]:
    """Return the first number, half as much again, its double, and so on up to the last one."""
    doubled = [first << place for place in range((last // first).bit_length())]
    return sorted({*doubled, *(number * 3 // 2 for number in doubled[:-1])})
