"""What of a plan can be done with a model behind an endpoint, and what is sent there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..knowledge.builtin import BUILTIN, builtin_path
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..rag.endpoint import Endpoint, is_endpoint, parse_endpoint
from ..rag.records import Hit, IndexOptions
from ..rag.tokens import about_tokens
from .answerer import Conversation
from .arms import WITH_PASSAGES, make_arm
from .compared_rows import read_compared
from .data import Row
from .plan import Plan
from .prompting import Shown
from .step import StepOptions

TUNED = {"finetuned": "finetuned", "combined": "combined", "shuffled": "combined"}
"""Arms that a tuned model answers, and the option that names it."""
USUAL_PASSAGES = 3


@dataclass(frozen=True)
class Sending:
    """Say what a plan sends to an endpoint, about.

    Attributes:
        endpoint: Where.
        rows: Test rows; each may be asked several times.
        requests: How often the model is asked.
        tokens: Of everything that is asked, estimated by words and ideographs.
        answers: The most tokens that may come back.
        examples: Rows to learn from that are shown with their answers.
        documents: Documents that are shown whole.
        passages: Whether retrieved passages are shown.
    """

    endpoint: Endpoint
    rows: int
    requests: int
    tokens: int
    answers: int
    examples: int = 0
    documents: int = 0
    passages: bool = False

    def with_more(self, other: "Sending") -> "Sending":
        """Return what is sent where the same rows are asked in another way, too."""
        return Sending(
            self.endpoint,
            max(self.rows, other.rows),
            self.requests + other.requests,
            self.tokens + other.tokens,
            self.answers + other.answers,
            max(self.examples, other.examples),
            max(self.documents, other.documents),
            self.passages or other.passages,
        )


def check_endpoints(plan: Plan) -> None:
    """Refuse a plan that would train a model behind an endpoint, or put an adapter on it.

    Raises:
        UserError: Names the step and what can be done instead; or an address or the key is wrong.
    """
    source = plan.model.source if plan.model else ""
    served = is_endpoint(source)
    if served:
        parse_endpoint(source)
    for number, step in enumerate(plan.steps, 1):
        if step.kind == "evaluate":
            _check_tuned(step, number, source if served else None)
        elif served and step.needs_model:
            hint = say("served.no_weights_hint", model=source)
            raise UserError(say("served.no_weights", number=number, kind=step.kind, model=source), hint)


def _check_tuned(step: StepOptions, number: int, served: str | None) -> None:
    for name in {*TUNED.values()}:
        value = getattr(step, name)
        if value is not None and is_endpoint(value):
            parse_endpoint(value)
        elif value is not None and served:
            url = served.partition("#")[0]
            hint = say("served.no_adapter_hint", model=served, url=url)
            raise UserError(say("served.no_adapter", number=number, option=name, value=value, model=served), hint)


def sendings(plan: Plan, folder: Path) -> list[Sending]:
    """Return what a plan sends to endpoints, one entry for each model.

    Args:
        plan: The plan; what it names is there and right.
        folder: Where its relative names start.
    """
    found: dict[Endpoint, Sending] = {}
    for step in plan.steps:
        for sending in _asked(plan, step, folder):
            before = found.get(sending.endpoint)
            found[sending.endpoint] = before.with_more(sending) if before else sending
    return [*found.values()]


def _asked(plan: Plan, step: Any, folder: Path) -> Iterator[Sending]:  # noqa: ANN401 - an evaluation
    """Yield what each way to answer sends, where it asks an endpoint."""
    if step.kind != "evaluate" or plan.model is None:
        return
    asked = {arm: getattr(step, TUNED[arm]) if arm in TUNED else plan.model.source for arm in step.arms}
    if not any(map(is_endpoint, asked.values())):
        return
    rows, shown = _rows(plan, step, folder)
    for arm, name in asked.items():
        if is_endpoint(name):
            prompt = shown.prompts.get(arm, plan.prompt)
            none: list[list[Hit]] = [[] for _ in rows]
            made = make_arm(arm, rows, prompt, none, None, plan.seed, step.rag_examples, shown.documents)
            passages = len(rows) * _passage_tokens(plan, step) if arm in WITH_PASSAGES else 0
            yield Sending(
                parse_endpoint(name),
                len(rows),
                len(rows),
                about_tokens(turn["content"] for conversation in made.prompts for turn in conversation) + passages,
                len(rows) * step.max_new_tokens,
                _examples(made.prompts),
                len(shown.documents) if arm == "long_context" else 0,
                arm in WITH_PASSAGES,
            )


def _examples(conversations: Sequence[Conversation]) -> int:
    """Return how many different questions stand answered in conversations."""
    pairs = (pair for turns in conversations for pair in pairwise(turns) if pair[1]["role"] == "assistant")
    return len({(question["content"], answer["content"]) for question, answer in pairs})


def _rows(plan: Plan, step: Any, folder: Path) -> tuple[list[Row], Shown]:  # noqa: ANN401 - an evaluation
    """Return the held-out rows, and what is shown with them."""
    from .steps.evaluate import shown_to

    def find(name: str) -> Path:
        return builtin_path(name) if name.startswith(BUILTIN) else folder / name

    held = read_compared(find(step.test))
    if plan.model is None or not is_endpoint(plan.model.source):
        return held.rows, Shown()
    learnt = read_compared(find(step.train)) if step.train else None
    return held.rows, shown_to(step, held, learnt, plan.prompt, plan.model, find)


def _passage_tokens(plan: Plan, step: Any) -> int:  # noqa: ANN401 - an evaluation
    """Return the most tokens of the passages that a question comes with."""
    lengths = [getattr(other, "chunk_tokens", None) for other in plan.steps]
    longest = max(filter(None, lengths), default=IndexOptions().chunk_tokens)
    return int((step.top_k or USUAL_PASSAGES) * longest)
