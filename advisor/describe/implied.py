"""What answers imply where no words say it; shown as taken for, never as said."""

from collections.abc import Iterator, Mapping

from .finding import Finding

LARGE_CORPUS_TOKENS = 1_000_000_000
"""Text of this size that nobody wants to look things up in is there to be learnt from, and stays as it is."""

#: The first of these that is known tells the task: a field, the values that tell it (all when empty), and the task.
TELLING: tuple[tuple[str, tuple[object, ...], str], ...] = (
    ("n_classes", (), "classification"),
    ("modality", ("audio",), "asr"),
    ("modality", ("image",), "image_classification"),
    ("needs_citations", (True,), "qa"),
    ("failure_mode", ("missing_knowledge",), "qa"),
    ("style_need", ("strict",), "style_transfer"),
    ("format_need", ("json",), "extraction"),
)
LOOKS_UP = ("qa", "dialogue")


def implied(chosen: Mapping[str, Finding]) -> Iterator[Finding]:
    """Yield what the answers found imply: the task, and that a large corpus does not change."""
    if "task_type" not in chosen:
        for field, values, task in TELLING:
            if field in chosen and (not values or chosen[field].value in values):
                yield chosen[field]._replace(field="task_type", value=task, exact=False)
                break
    tokens = chosen.get("knowledge_tokens")
    if (
        tokens
        and tokens.value >= LARGE_CORPUS_TOKENS
        and not _looks_up(chosen)
        and "knowledge_volatility" not in chosen
    ):
        yield tokens._replace(field="knowledge_volatility", value="static", exact=False)


def _looks_up(chosen: Mapping[str, Finding]) -> bool:
    return _is(chosen, "task_type", *LOOKS_UP) or _is(chosen, "needs_citations", True)


def _is(chosen: Mapping[str, Finding], field: str, *values: object) -> bool:
    return field in chosen and chosen[field].value in values
