"""What a model forgets: its loss on general text before and after training."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..knowledge.builtin import BUILTIN
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .gap_filling import filled_loss, gapped, learnt_gaps, marks_of
from .guard import Advice, advice
from .raw_rows import read_raw
from .task import LANGUAGE_MODEL

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GENERAL = f"{BUILTIN}general/text.jsonl"
"""A few paragraphs in Chinese and English, written for this."""

ASKED = (LANGUAGE_MODEL, "AutoModelForSeq2SeqLM")
"""Transformers' Auto classes of the models that write, which can forget what they knew."""

LONGEST = 512
"""Tokens of a text that are read."""

FORGOTTEN = 0.1
"""Nats per token of more loss: each token became about a tenth less likely. A guard's bar, not a finding."""


def read_general(path: Path) -> list[str]:
    """Return the texts of a file with a field ``text``.

    Raises:
        UserError: There is no such file, or it has no texts.
    """
    rows, _ = read_raw(path)
    texts = [str(row.values["text"]) for row in rows if str(row.values.get("text") or "").strip()]
    if not texts:
        raise UserError(say("guards.no_general", path=path), say("guards.no_general_hint"))
    return texts


def general_loss(model: Any, tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> float | None:  # noqa: ANN401
    """Return the mean loss over tokens of the texts, in nats per token; None where the model can guess none of them.

    A decoder guesses each token but the first of a text; an encoder-decoder those in gaps, as it was pretrained to.
    One text at a time: it is a few dozen short ones, and takes no more memory than answering.

    Args:
        model: A language model, with or without an adapter.
        tokenizer: Its own.
        texts: General texts.
    """
    import torch

    was_training, total, count = model.training, 0.0, 0
    loss_of = _filled if model.config.is_encoder_decoder else _foretold
    model.eval()
    with torch.no_grad():
        for text in texts:
            loss, tokens = loss_of(model, tokenizer, text)
            total, count = total + loss, count + tokens
    model.train(was_training)
    return total / count if count else None


def _foretold(model: Any, tokenizer: "PreTrainedTokenizerBase", text: str) -> tuple[float, int]:  # noqa: ANN401
    """Return the loss over all tokens but the first, and how many there are."""
    import torch

    tokens = tokenizer(text, add_special_tokens=True)["input_ids"][:LONGEST]
    if len(tokens) < 2:
        return 0.0, 0
    row = torch.tensor([tokens], device=model.device)
    logits = model(input_ids=row, use_cache=False).logits[0, -len(tokens) : -1].float()
    return torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="sum").item(), len(tokens) - 1


def _filled(model: Any, tokenizer: "PreTrainedTokenizerBase", text: str) -> tuple[float, int]:  # noqa: ANN401
    """Return the loss over the tokens in gaps, and how many there are."""
    kind = model.config.model_type
    if not learnt_gaps(kind) or not marks_of(kind, tokenizer):
        return 0.0, 0
    gaps = gapped(kind, tokenizer, text, min(LONGEST, getattr(model.config, "max_position_embeddings", LONGEST)))
    return filled_loss(model, gaps) if gaps else (0.0, 0)


def unseen(config: Any, tokenizer: "PreTrainedTokenizerBase") -> Advice:  # noqa: ANN401 - transformers' own configs
    """Return why ``general_loss`` has nothing to say of a model."""
    kind = config.model_type
    if config.is_encoder_decoder and not learnt_gaps(kind):
        text = say("guards.unseen_kind", kind=kind)
    elif config.is_encoder_decoder and not marks_of(kind, tokenizer):
        text = say("guards.unseen_marks", kind=kind)
    else:
        text = say("guards.unseen_texts")
    return Advice("unseen", text, say("guards.fix_unseen"))


def forgetting(before: float, after: float) -> list[Advice]:
    """Return advice where general text became harder to guess."""
    if after - before <= FORGOTTEN:
        return []
    return [advice("forgetting", before=f"{before:.2f}", after=f"{after:.2f}")]


def replayed(rows: Sequence[Any], general: Sequence[Any], share: float, seed: int) -> list[Any]:
    """Return the rows with general ones among them, so that what the model knew is practised along.

    Args:
        rows: What is to be learnt.
        general: Rows of the same kind about anything else; drawn without repetition, and all where there are too few.
        share: Of all rows afterwards that are general ones, 0 to below 1.
        seed: Decides which.
    """
    count = min(len(general), round(share / (1 - share) * len(rows)))
    return [*rows, *random.Random(f"{seed}/replay").sample(list(general), count)]
