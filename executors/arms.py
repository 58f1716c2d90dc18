"""The ways to answer that are compared: what each sees, and which adapter it runs with."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ..rag.records import Hit
from .data import Row
from .oracles import place
from .prompt import Message, Prompt

ArmName = Literal["base", "prompting", "rag", "finetuned", "combined", "shuffled"]
ARMS: tuple[ArmName, ...] = get_args(ArmName)
WITH_PASSAGES: tuple[ArmName, ...] = ("rag", "combined", "shuffled")


@dataclass(frozen=True)
class Arm:
    """Describe one way to answer.

    Attributes:
        name: Which one.
        prompts: A conversation for each row.
        adapter: Folder of the adapter; None for the untuned model.
    """

    name: ArmName
    prompts: list[list[Message]]
    adapter: Path | None


def make_arm(
    name: ArmName,
    rows: Sequence[Row],
    prompt: Prompt,
    passages: Sequence[Sequence[Hit]],
    adapter: Path | None,
    seed: int,
) -> Arm:
    """Return an arm with the prompts of all rows.

    * ``base``: the bare question.
    * ``prompting``: instruction and few-shot examples.
    * ``rag``: instruction and retrieved passages, untuned model.
    * ``finetuned``: the prompt of training without passages.
    * ``combined``: the prompt of training with passages, those that serving retrieves.
    * ``shuffled``: like ``combined``, but with passages that were retrieved for another row: what the model answers
      without the evidence.

    Args:
        name: Which arm.
        rows: The held-out rows.
        prompt: The plan's prompt.
        passages: Each row's passages in the order that is shown; empty for arms without.
        adapter: Folder of the adapter; None for the untuned model.
        seed: Decides whose passages the control gets.
    """
    if name == "shuffled":
        passages = strangers(passages, seed)
    if name in WITH_PASSAGES:
        shown = [[hit.text for hit in hits] for hits in passages]
        prompts = [prompt.messages(row.question, texts) for row, texts in zip(rows, shown, strict=True)]
    else:
        asked = Prompt() if name == "base" else prompt
        prompts = [asked.messages(row.question, few_shot=name == "prompting") for row in rows]
    return Arm(name, prompts, adapter)


def strangers(passages: Sequence[Sequence[Hit]], seed: int) -> list[Sequence[Hit]]:
    """Return for each row the passages of another row, one that shares none of its passages if there is any."""
    chance = random.Random(f"{seed}/strangers")
    places = [{place(hit) for hit in hits} for hits in passages]
    found = []
    for own in places:
        order = chance.sample(range(len(passages)), len(passages))
        found.append(passages[min(order, key=lambda other: len(own & places[other]))])
    return found
