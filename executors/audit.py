"""Look at what a language model is about to learn: its chat template, the end of answers, the share that is learnt."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from .data import Conversation
from .guard import Advice, advice
from .task import Example, ReadRow
from .tokens import TokenRow
from .watching import Watcher

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARKER = re.compile(r"<[|｜][\w▁.-]+[|｜]>|<(?:start|end)_of_turn>")
"""Marks of turns in chat templates, which the tokenizer must know as one token each."""

SHOWN = 5


def audit(
    tokenizer: "PreTrainedTokenizerBase", stops: set[int], rows: Sequence[Conversation], learned: Sequence[TokenRow]
) -> tuple[list[Advice], dict[str, JsonValue]]:
    """Return what should be known before training, and what of the rows is learnt.

    Args:
        tokenizer: The model's own.
        stops: Tokens at which the model stops when it answers.
        rows: The rows to learn.
        learned: The same as tokens; fewer, where long ones are left out.
    """
    tokens = sum(map(len, learned))
    answers = sum(len(row) - row.answer_start for row in learned)
    first = learned[0]
    shown: dict[str, JsonValue] = {
        "tokens": tokens,
        "learnt_tokens": answers,
        "prompt": str(tokenizer.decode([*first.tokens[: first.answer_start]])),
        "learnt": str(tokenizer.decode([*first.tokens[first.answer_start :]])),
    }
    return [*_template(tokenizer, rows), *_ends(tokenizer, stops, learned), *_begins(tokenizer, learned)], shown


def tell_audit(
    watch: Watcher,
    model: Any,  # noqa: ANN401 - with or without an adapter
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[ReadRow],
    learned: Sequence[Example],
) -> None:
    """Tell what answers are about to be learnt, and what is wrong with them; nothing of rows that are no conversations.

    Args:
        watch: Is told.
        model: That is about to be trained.
        tokenizer: Its own.
        rows: The rows to learn.
        learned: The same as examples.
    """
    turns = [row for row in rows if isinstance(row, Conversation)]
    answers = [row for row in learned if isinstance(row, TokenRow)]
    if not turns or not answers:
        return
    found, shown = audit(tokenizer, stops_of(model, tokenizer), turns, answers)
    watch.event("audit", name=watch.name, **shown)
    for one in found:
        watch.tell(one)


def stops_of(model: Any, tokenizer: "PreTrainedTokenizerBase") -> set[int]:  # noqa: ANN401 - with or without an adapter
    """Return the tokens at which a model stops when it answers."""
    config = getattr(model, "generation_config", None)
    found = getattr(config, "eos_token_id", None)
    listed = found if isinstance(found, list) else [found]
    return {token for token in listed if token is not None} or {int(tokenizer.eos_token_id)}


def _template(tokenizer: "PreTrainedTokenizerBase", rows: Sequence[Conversation]) -> Iterator[Advice]:
    markers = sorted(set(MARKER.findall(str(tokenizer.chat_template))))
    torn = [marker for marker in markers if len(tokenizer(marker, add_special_tokens=False)["input_ids"]) > 1]
    if torn:
        yield advice("template", markers=", ".join(torn[:SHOWN]))
    known = {*markers, *map(str, tokenizer.all_special_tokens)}
    lines = [str(row.line) for row in rows if any(mark in turn["content"] for turn in row.turns for mark in known)]
    if lines:
        yield advice("marked_twice", count=len(lines), lines=", ".join(lines[:SHOWN]))


def _ends(tokenizer: "PreTrainedTokenizerBase", stops: set[int], learned: Sequence[TokenRow]) -> Iterator[Advice]:
    endless = sum(row.tokens[-1] not in stops for row in learned)
    if endless:
        names = ", ".join(str(tokenizer.convert_ids_to_tokens(stop)) for stop in sorted(stops))
        yield advice("endless", count=endless, total=len(learned), stops=names)


def _begins(tokenizer: "PreTrainedTokenizerBase", learned: Sequence[TokenRow]) -> Iterator[Advice]:
    begin = tokenizer.bos_token_id
    if begin is not None and any([*row.tokens[:2]] == [begin, begin] for row in learned):
        yield advice("begun_twice", token=str(tokenizer.bos_token))
