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

HINT = 1.0
"""Words of this weight or less only hint at an answer."""

WRITES = ("generation", "style_transfer", "code_generation", "text_to_sql", "translation", "role_play")
MANY_EXAMPLES = 1000
"""Whoever brings so many finished texts of the kind that is wanted wants them written that way."""


def implied(chosen: Mapping[str, Finding]) -> Iterator[Finding]:
    """Yield what the answers found imply: the task, and that a large corpus does not change."""
    if "task_type" not in chosen:
        for field, values, task in _telling(chosen):
            if field in chosen and (not values or chosen[field].value in values):
                yield chosen[field]._replace(field="task_type", value=task, exact=False)
                break
    if "failure_mode" not in chosen and _brings_texts(chosen):
        yield chosen["labelled_examples"]._replace(field="failure_mode", value="inconsistent_behaviour", exact=False)
    tokens = chosen.get("knowledge_tokens")
    if (
        tokens
        and tokens.value >= LARGE_CORPUS_TOKENS
        and not _looks_up(chosen)
        and "knowledge_volatility" not in chosen
    ):
        yield tokens._replace(field="knowledge_volatility", value="static", exact=False)


def unlikely(chosen: Mapping[str, Finding]) -> Iterator[str]:
    """Yield the fields whose answer was only hinted at and does not go with the task.

    Documents are the input of an extraction or a summary, and knowledge that is missing only where something is looked
    up.
    """
    failure = chosen.get("failure_mode")
    hinted = failure and failure.value == "missing_knowledge" and failure.weight <= HINT
    if hinted and "task_type" in chosen and not _looks_up(chosen) and not _is(chosen, "task_type", "reasoning"):
        yield "failure_mode"


def _brings_texts(chosen: Mapping[str, Finding]) -> bool:
    examples = chosen.get("labelled_examples")
    return bool(examples and (examples.value or 0) >= MANY_EXAMPLES and _is(chosen, "task_type", *WRITES))


def _telling(chosen: Mapping[str, Finding]) -> tuple[tuple[str, tuple[object, ...], str], ...]:
    """Return what tells the task; a corpus that is there to be learnt from tells first that the model is to write."""
    tokens = chosen.get("knowledge_tokens")
    if tokens and tokens.value >= LARGE_CORPUS_TOKENS:
        return (("knowledge_tokens", (), "generation"), *TELLING)
    return TELLING


def _looks_up(chosen: Mapping[str, Finding]) -> bool:
    return _is(chosen, "task_type", *LOOKS_UP) or _is(chosen, "needs_citations", True)


def _is(chosen: Mapping[str, Finding], field: str, *values: object) -> bool:
    return field in chosen and chosen[field].value in values
