"""The ways to answer that are compared: what each sees, and which adapter it runs with."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from ..knowledge.text import is_chinese
from ..rag.records import Hit
from .constraint import Constraint
from .data import Row
from .oracles import place
from .prompt import Message, Prompt

ArmName = Literal[
    "base",
    "zero_shot",
    "few_shot",
    "many_shot",
    "long_context",
    "constrained",
    "prompting",
    "rag",
    "finetuned",
    "combined",
    "shuffled",
]
ARMS: tuple[ArmName, ...] = get_args(ArmName)
WITH_PASSAGES: tuple[ArmName, ...] = ("rag", "combined", "shuffled")
WITH_EXAMPLES: tuple[ArmName, ...] = ("few_shot", "many_shot", "constrained", "prompting", "rag")
PATH_ARMS: dict[str, ArmName] = {
    "rag+finetune": "combined",
    "finetune": "finetuned",
    "continued_pretraining": "finetuned",
    "rag": "rag",
    "prompting:zero_shot": "zero_shot",
    "prompting:few_shot": "few_shot",
    "prompting:many_shot": "many_shot",
    "prompting:long_context": "long_context",
    "prompting:constrained": "constrained",
    "prompting": "prompting",
}
"""Which arm a plan is about, by the start of its label; the first one that is compared counts."""


@dataclass(frozen=True)
class Arm:
    """Describe one way to answer.

    Attributes:
        name: Which one.
        prompts: A conversation for each row.
        adapter: Folder of the adapter, or the address of a tuned model; None for the untuned model.
        constraint: The form that its answers must have.
    """

    name: ArmName
    prompts: list[list[Message]]
    adapter: Path | str | None
    constraint: Constraint | None = None


def make_arm(
    name: ArmName,
    rows: Sequence[Row],
    prompt: Prompt,
    passages: Sequence[Sequence[Hit]],
    adapter: Path | str | None,
    seed: int,
    rag_examples: bool = True,
    documents: Sequence[str] = (),
    constraint: Constraint | None = None,
) -> Arm:
    """Return an arm with the prompts of all rows.

    * ``base``: the bare question.
    * ``zero_shot``: the instruction.
    * ``few_shot``, ``many_shot``: instruction and the prompt's examples, a few or as many as the window holds.
    * ``long_context``: instruction and the whole documents.
    * ``constrained``: like ``few_shot``, and no answer leaves the form.
    * ``prompting``: instruction and examples as they stand in the plan.
    * ``rag``: instruction, retrieved passages and, unless told otherwise, few-shot examples; untuned model.
    * ``finetuned``: the prompt of training without passages.
    * ``combined``: the prompt of training with passages, those that serving retrieves.
    * ``shuffled``: like ``combined``, but with passages that were retrieved for another row: what the model answers
      without the evidence.

    Args:
        name: Which arm.
        rows: The held-out rows.
        prompt: The plan's prompt, with the examples that this arm shows.
        passages: Each row's passages in the order that is shown; empty for arms without.
        adapter: Folder of the adapter, or the address of a tuned model; None for the untuned model.
        seed: Decides whose passages the control gets.
        rag_examples: Whether the untuned model sees the examples before the passages, too.
        documents: Whole texts that ``long_context`` answers from.
        constraint: The form that ``constrained`` keeps.
    """
    if name == "shuffled":
        passages = strangers(rows, passages, seed)
    asked = Prompt() if name == "base" else prompt
    few_shot = name in WITH_EXAMPLES and (name != "rag" or rag_examples)
    whole = documents if name == "long_context" else ()
    seen: Sequence[Sequence[str] | None] = (
        [[hit.text for hit in hits] for hits in passages] if name in WITH_PASSAGES else [None] * len(rows)
    )
    prompts = [
        asked.messages(row.question, texts, few_shot=few_shot, documents=whole)
        for row, texts in zip(rows, seen, strict=True)
    ]
    return Arm(name, prompts, adapter, constraint if name == "constrained" else None)


def strangers(rows: Sequence[Row], passages: Sequence[Sequence[Hit]], seed: int) -> list[Sequence[Hit]]:
    """Return for each row the passages of another row: one that shares none, and asks in the same language if it can.

    The same language, because documents in another one may well hold the same answer.
    """
    chance = random.Random(f"{seed}/strangers")
    places = [{place(hit) for hit in hits} for hits in passages]
    chinese = [is_chinese(row.question) for row in rows]

    def nearness(row: int, other: int) -> tuple[int, bool]:
        return len(places[row] & places[other]), chinese[row] != chinese[other]

    found = []
    for row in range(len(rows)):
        order = chance.sample(range(len(rows)), len(rows))
        found.append(passages[min(order, key=partial(nearness, row))])
    return found


def main_arm(label: str, compared: Sequence[str]) -> str | None:
    """Return the arm that a plan with this label is about, else the last one that is compared, or None."""
    fitting = [arm for start, arm in PATH_ARMS.items() if label.startswith(start) and arm in compared]
    return next(iter([*fitting, *reversed(compared)]), None)
