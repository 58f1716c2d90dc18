"""Batches of generated conversations: first copying, then choosing among more and more passages."""

from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING

from ..prompt import Message
from .corpus import Corpus
from .tokenizer import render

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Row = tuple[list[int], list[bool]]  # token ids, and which of them are to be predicted

LONGEST = 448  # tokens; longer conversations are left out
DRAWN = 768  # conversations drawn at a time and sorted by length
# From which share of the run on -> weights of repeat, lookup, short, wording, case; and the most passages in a case.
MIXTURES: list[tuple[float, tuple[float, ...], int]] = [
    (0.00, (0.15, 0.50, 0.35, 0.00, 0.00), 1),
    (0.06, (0.03, 0.15, 0.50, 0.02, 0.30), 2),
    (0.20, (0.02, 0.05, 0.30, 0.03, 0.60), 3),
    (0.45, (0.01, 0.02, 0.12, 0.05, 0.80), 4),
]


class Stream:
    """Draw batches of similar length; what they hold depends on how far the run is.

    Args:
        tokenizer: The model's own.
        seed: Seed of everything drawn.
        batch_tokens: Most tokens of a batch, padding included.

    Attributes:
        done: Share of the run that is done, 0 to 1; set by whoever trains.
    """

    def __init__(self, tokenizer: "Tokenizer", seed: int, batch_tokens: int) -> None:
        self.tokenizer, self.batch_tokens = tokenizer, batch_tokens
        self.corpus, self.random = Corpus(seed), Random(seed)
        self.done = 0.0

    def __iter__(self) -> Iterator[list[Row]]:
        while True:
            rows = sorted((row for row in self._rows(DRAWN) if len(row[0]) <= LONGEST), key=lambda row: len(row[0]))
            batches: list[list[Row]] = [[]]
            for row in rows:
                if batches[-1] and (len(batches[-1]) + 1) * len(row[0]) > self.batch_tokens:
                    batches.append([])
                batches[-1].append(row)
            self.random.shuffle(batches)
            yield from batches

    def _rows(self, count: int) -> list[Row]:
        _, weights, most = [mixture for mixture in MIXTURES if self.done >= mixture[0]][-1]
        draws: dict[str, Callable[[], list[Message]]] = {
            "repeat": self.corpus.repeat,
            "short": lambda: self.corpus.short(4),
            "wording": self.corpus.wording,
            "case": lambda: self.corpus.case(most),
        }
        kinds = self.random.choices(["repeat", "lookup", "short", "wording", "case"], weights, k=count)
        size = self.tokenizer.get_vocab_size()
        looked = [lookup(self.random, size) for kind in kinds if kind == "lookup"]
        return looked + encode(self.tokenizer, [draws[kind]() for kind in kinds if kind != "lookup"])


def lookup(random: Random, vocabulary: int) -> Row:
    """Draw random tokens, then ask to continue from one of them: nothing but copying helps."""
    tokens = random.sample(range(8, vocabulary), random.randint(8, 60))
    ids, mask = [1, *tokens], [False] * (len(tokens) + 1)
    for _ in range(random.randint(3, 6)):
        start, length = random.randrange(len(tokens) - 3), random.randint(2, 6)
        copied = tokens[start + 1 : start + 1 + length]
        ids += [4, tokens[start], 5, *copied]
        mask += [False] * 3 + [True] * len(copied)
    return ids, mask


def encode(tokenizer: "Tokenizer", conversations: list[list[Message]]) -> list[Row]:
    """Return token ids and the mask of answer tokens, the closing token included."""
    answer, end = tokenizer.token_to_id("<ast>"), tokenizer.token_to_id("<eos>")
    rows = []
    for encoding in tokenizer.encode_batch([render(turns) for turns in conversations]):
        mask, inside = [], False
        for token in encoding.ids:
            mask.append(inside)
            inside = token == answer or (inside and token != end)
        rows.append((encoding.ids, mask))
    return rows


def collate(rows: list[Row]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Pad rows on the right to ids and mask of shape ``(batch, seq)``."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.bool)
    for index, (tokens, targets) in enumerate(rows):
        ids[index, : len(tokens)] = torch.tensor(tokens)
        mask[index, : len(tokens)] = torch.tensor(targets)
    return ids, mask
