"""Ask an encoder-decoder what it was pretrained to do: fill gaps in a text. How well it does shows what it forgot.

T5 and its relatives read a text with a numbered mark for each gap, and write the marks with what stood there; BART and
its relatives read one and the same mark for each, and write the whole text. Only the tokens that were taken out are
counted: a tuned model may well unlearn to write marks, or to copy, and still know the language.

Source: Raffel et al. 2020, arXiv 1910.10683, section 3.1.4 and 3.3.4 (15 % of the tokens, gaps of 3 on average); Lewis
et al. 2020, arXiv 1910.13461, section 2.2 and 4 (text infilling, 30 %, gaps of 3).
"""

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARKING = {"t5": 0.15, "mt5": 0.15, "umt5": 0.15, "longt5": 0.15, "switch_transformers": 0.15}
"""Share of the tokens that is taken out, by the ``model_type`` of those that write marks."""
REWRITING = {"bart": 0.3, "mbart": 0.3}
"""The same of those that write the whole text."""
GAP = 3
"""Tokens of a gap, on average."""
UNREAD = 0.1
"""Share of tokens that the tokenizer does not know, above which a text is in no language that the model reads."""
MOST_MARKS = 30
"""Numbered marks that a tokenizer must have, as a text of 512 tokens may need so many."""
MOST_MASKS = 60
"""The same of masks, which are one token."""


@dataclass(frozen=True)
class Gapped:
    """Hold a text with gaps.

    Attributes:
        source: Tokens to read.
        target: Tokens to write.
        counted: Which of those were taken out of the text.
    """

    source: list[int]
    target: list[int]
    counted: list[bool]


def learnt_gaps(kind: str) -> bool:
    """Tell whether models of a ``model_type`` were pretrained to fill gaps."""
    return kind in MARKING or kind in REWRITING


def marks_of(kind: str, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the tokens that stand for gaps, one after the other; none where the tokenizer lacks them."""
    if kind in REWRITING:
        mask: Any = tokenizer.mask_token_id
        return [] if mask is None else [mask] * MOST_MASKS
    marks: Any = tokenizer.convert_tokens_to_ids([f"<extra_id_{number}>" for number in range(MOST_MARKS)])
    return [] if {None, tokenizer.unk_token_id} & {*marks} else marks


def gapped(kind: str, tokenizer: "PreTrainedTokenizerBase", text: str, longest: int) -> Gapped | None:
    """Return a text with gaps, each time the same ones; None where the model cannot read it.

    Args:
        kind: A ``model_type`` that ``learnt_gaps``.
        tokenizer: Has marks.
        text: Any text.
        longest: Tokens of it that are read, 2 to 512.
    """
    read: Any = tokenizer(text, truncation=True, max_length=longest, return_special_tokens_mask=True)
    tokens: list[int] = read["input_ids"]
    places = [place for place, added in enumerate(read["special_tokens_mask"]) if not added]
    unknown = sum(tokens[place] == tokenizer.unk_token_id for place in places)
    if len(places) < 2 or unknown > UNREAD * len(places):
        return None
    share = MARKING[kind] if kind in MARKING else REWRITING[kind]
    gaps = [slice(places[0] + start, places[0] + end) for start, end in _gaps(len(places), share, random.Random(text))]
    marks = marks_of(kind, tokenizer)
    source, target, counted, before = list[int](), list[int](), list[bool](), 0
    for mark, gap in zip(marks[: len(gaps)], gaps, strict=True):
        written = [mark] if kind in MARKING else tokens[before : gap.start]
        source += [*tokens[before : gap.start], mark]
        target += [*written, *tokens[gap]]
        counted += [False] * len(written) + [token != tokenizer.unk_token_id for token in tokens[gap]]
        before = gap.stop
    last = [marks[len(gaps)], *tokens[places[-1] + 1 :]] if kind in MARKING else tokens[before:]
    return Gapped(source + tokens[before:], target + last, counted + [False] * len(last))


def filled_loss(model: Any, gaps: Gapped) -> tuple[float, int]:  # noqa: ANN401 - with or without an adapter
    """Return the summed loss over the tokens that were taken out, in nats, and how many there are."""
    import torch
    from torch.nn.functional import cross_entropy

    source, target = (torch.tensor([tokens], device=model.device) for tokens in (gaps.source, gaps.target))
    shifted = model.prepare_decoder_input_ids_from_labels(target)
    output = model(input_ids=source, attention_mask=torch.ones_like(source), decoder_input_ids=shifted)
    counted = torch.tensor(gaps.counted, device=model.device)
    logits = output.logits[0, -len(gaps.target) :].float()
    return cross_entropy(logits[counted], target[0, counted], reduction="sum").item(), sum(gaps.counted)


def _gaps(count: int, share: float, chance: random.Random) -> list[tuple[int, int]]:
    """Return where gaps begin and end in so many tokens; none stands at the start, or next to another."""
    taken = max(1, round(share * count))
    number = min(max(1, round(taken / GAP)), count - taken)
    gaps, place = [], 0
    for kept, length in zip(_parts(count - taken, number, chance), _parts(taken, number, chance), strict=True):
        gaps.append((place + kept, place + kept + length))
        place += kept + length
    return gaps


def _parts(total: int, number: int, chance: random.Random) -> list[int]:
    """Return numbers of at least 1 that add up to the total."""
    cuts = [0, *sorted(chance.sample(range(1, total), number - 1)), total]
    return [end - start for start, end in pairwise(cuts)]
