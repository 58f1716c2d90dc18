"""What of a plan goes to embedders behind endpoints: documents that are indexed, and questions that are looked up."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..rag.endpoint import Endpoint, is_endpoint, parse_endpoint
from .compared_rows import read_compared
from .plan import Plan
from .step import StepOptions, input_path, is_output


@dataclass(frozen=True)
class Embedding:
    """Say what a plan sends to an embedder.

    Attributes:
        endpoint: Where.
        questions: How many are looked up in the index, those of rows to learn from included.
        documents: Whether the text of all documents is sent, as it is where an index is built.
    """

    endpoint: Endpoint
    questions: int
    documents: bool


def embeddings(plan: Plan, folder: Path) -> list[Embedding]:
    """Return what a plan sends to embedders, one entry for each.

    Args:
        plan: The plan; what it names is there.
        folder: Where its relative names start.

    Raises:
        UserError: An index that it names is damaged or cannot be reached.
    """
    found: dict[Endpoint, Embedding] = {}
    for number, step in enumerate(plan.steps):
        name = _embedder(step, plan.steps[:number], folder)
        if name is not None and is_endpoint(name):
            endpoint = parse_endpoint(name)
            before = found.get(endpoint, Embedding(endpoint, 0, False))
            questions = before.questions + _questions(step, plan.steps[:number], folder)
            found[endpoint] = Embedding(endpoint, questions, before.documents or step.kind == "build_index")
    return [*found.values()]


def _embedder(step: Any, earlier: Sequence[StepOptions], folder: Path) -> str | None:  # noqa: ANN401 - of any kind
    """Return the embedder of the index that a step builds or looks up; None where there is none, or no vectors."""
    if step.kind == "build_index":
        return getattr(step, "embedder", None)  # somebody's own step may have none
    name = getattr(step, "index", None)
    if name is None:
        return None
    path = input_path(name, earlier, folder)
    if path is not None:
        return _embedder_of(path)
    made = [other for other in earlier if other.kind == "build_index" and is_output(name, [other])]
    return _embedder(made[-1], (), folder) if made else None


def _embedder_of(path: Path) -> str | None:
    from ..rag.inspect import inspect_index

    index = inspect_index(path)
    return index.options.embedder if index.structure else None


def _questions(step: Any, earlier: Sequence[StepOptions], folder: Path) -> int:  # noqa: ANN401 - of any kind
    """Return how many rows a step looks up; those that an earlier step makes are not there to be counted."""
    if step.kind == "build_index":
        return 0
    names = (step.test,) if step.kind == "evaluate" else (step.train, step.validation)
    paths = [path for name in names if (path := input_path(name, earlier, folder))]
    return sum(len(read_compared(path).rows) for path in paths)
