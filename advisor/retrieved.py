"""What ``ftadvisor rag`` shows to people: what was indexed, and what was found."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from pydantic import JsonValue

from ..knowledge.messages import say
from ..rag.address import Place
from ..rag.evaluate import RetrievalMetrics
from ..rag.fit import Fitted
from ..rag.inspect import Inspection
from ..rag.manifest import StructureEntry
from ..rag.readers import formats
from ..rag.records import Hit, IndexSummary

_SNIPPET_CHARACTERS = 240


def summary_lines(summary: IndexSummary, place: Place) -> list[str]:
    """Return what a build did, line by line."""
    lines = [
        say("rag.built", folder=place, documents=summary.documents, chunks=summary.chunks),
        say("rag.ranked", retriever=summary.retriever, reason=summary.reason),
    ]
    if summary.unchanged or summary.changed or summary.deleted:
        lines.append(say("rag.changes", **summary.model_dump(include={"added", "changed", "deleted", "unchanged"})))
    if summary.retriever != "bm25":
        lines.append(say("rag.embedded", embedded=summary.embedded, chunks=summary.chunks))
    if summary.truncated_share:
        lines.append(say("rag.truncated", percent=round(100 * summary.truncated_share, 1)))
    if summary.unread:
        lines.append(say("rag.unread", count=len(summary.unread), formats=formats()))
        lines += [f"  {item['source']}: {item['reason']}" for item in summary.unread]
    return [*lines, say("rag.ask_hint", folder=_word(place))]


def fitted_lines(fitted: Fitted) -> list[str]:
    """Return which weight of the fusion was kept, line by line."""
    said = {"count": fitted.questions, "before": fitted.before, "after": fitted.after}
    if fitted.weight is None:
        return [say("tune.fitted_nothing", count=fitted.questions, before=fitted.before)]
    made = [say("tune.made", share=f"{fitted.made:.0%}")] if fitted.made else []
    return [say("tune.fitted", weight=f"{fitted.weight:g}", **said), *made]


def inspection_lines(inspection: Inspection, place: Place) -> list[str]:
    """Return what an index is, line by line."""
    embedder = inspection.embedder
    unknown = round(100 * embedder.unknown_share)
    lines = [
        say("rag.inspected", folder=place, documents=inspection.documents, chunks=inspection.chunks),
        say("rag.inspected_sources", sources=", ".join(inspection.sources)),
        say("rag.inspected_tokenizer", tokenizer=inspection.tokenizer),
        say("rag.inspected_embedder", embedder=embedder.identity, dimension=embedder.dimension),
        say("rag.inspected_gate", readable=embedder.readable, chunks=inspection.chunks, percent=unknown),
        say(
            "rag.ranked", retriever=inspection.retriever, reason=say(f"rag.reason_{inspection.reason}", percent=unknown)
        ),
    ]
    if inspection.structure is not None:
        lines.append(_structure_line(inspection.structure, inspection.options.recall))
    sizes = ", ".join(f"{kind} {size / 1e6:,.1f} MB" for kind, size in inspection.bytes.items())
    lines.append(say("rag.inspected_sizes", sizes=sizes))
    checked = say("rag.verified", folder=place) if inspection.verified else say("rag.verify_hint", folder=_word(place))
    return [*lines, checked]


def _word(place: Place) -> str:
    """Return a place as a command line takes it; shells would read the question mark of an address as a pattern."""
    return str(place) if isinstance(place, Path) else quote(str(place))


def _structure_line(structure: StructureEntry, wanted: float) -> str:
    what = say(f"rag.structure_{structure.kind}", lists=structure.lists, effort=structure.effort)
    why = say(f"rag.structure_{structure.reason}", wanted=wanted)
    if not structure.sample:
        return say("rag.structure_exact", what=what, why=why)
    return say("rag.structure_measured", what=what, why=why, recall=structure.recall, sample=structure.sample)


def metrics_document(metrics: RetrievalMetrics) -> dict[str, JsonValue]:
    """Return metrics with the keys of the command line's JSON."""
    recall = {f"recall@{k}": value for k, value in metrics.recall.items()}
    ranks = {"mrr@10": metrics.mrr_at_10, "ndcg@10": metrics.ndcg_at_10}
    return {"questions": metrics.questions, **recall, **ranks, "latency_seconds": {**metrics.latency_seconds}}


def metrics_lines(metrics: RetrievalMetrics) -> list[str]:
    """Return metrics for people, line by line."""
    shares = {name: value for name, value in metrics_document(metrics).items() if "@" in name}
    lines = [f"  {name:<10} {value:.4f}" for name, value in shares.items()]
    times = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in metrics.latency_seconds.items())
    return [say("rag.measured", questions=metrics.questions), *lines, say("rag.latency", times=times)]


def print_hits(question: str, hits: Sequence[Hit]) -> None:
    """Print hits, best first: where each is, and how it begins."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(question, style="bold"))
    if not hits:
        console.print(Text(say("rag.no_hits")))
    for rank, hit in enumerate(hits, start=1):
        place = say("rag.hit", rank=rank, document=hit.document, start=hit.start, end=hit.end, score=f"{hit.score:.4g}")
        console.print(Text(place, style="cyan"))
        console.print(Padding(Text(_snippet(hit.text)), (0, 0, 1, 4)))


def _snippet(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SNIPPET_CHARACTERS else line[:_SNIPPET_CHARACTERS] + " ..."
