"""What the trainings of weights over cues share: the matrix of cues, and the file that the weights go to."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from ftadvisor.advisor.describe.learned import Weights
from ftadvisor.advisor.describe.linear import FEWEST
from ftadvisor.advisor.describe.wording import Worded

Trained = TypeVar("Trained", Weights, Worded)


def matrix(bags: Sequence[Collection[str]], names: Sequence[str]) -> Any:
    """Return the cues of texts as a sparse matrix, ``(text, name)``; long texts weigh as much as short ones."""
    from scipy.sparse import csr_matrix

    places = {name: place for place, name in enumerate(names)}
    values, columns, ends = list[float](), list[int](), [0]
    for bag in bags:
        known = [places[cue] for cue in sorted(bag) if cue in places]
        columns += known
        values += [max(FEWEST, len(bag)) ** -0.5] * len(known)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(bags), len(names)))


def pruned(weights: Trained, most_bytes: int) -> Trained:
    """Return the weights without the smallest ones, so that the file is of the size allowed."""
    least = 1
    while len(content(weights).encode()) > most_bytes:
        least += 1
        kept: dict[str, list[int]] = {}
        for cue, pairs in weights.cues.items():
            strong = [pair for pair in zip(pairs[::2], pairs[1::2], strict=True) if abs(pair[1]) >= least]
            if strong:
                kept[cue] = [number for pair in strong for number in pair]
        weights = weights._replace(cues=kept)
    return weights


def content(weights: Weights | Worded) -> str:
    """Return the text of the weights' file: one cue per line."""
    head = {name: value for name, value in weights._asdict().items() if name != "cues"}
    cues: Mapping[str, list[int]] = weights.cues
    lines = ",\n".join(
        f"{json.dumps(cue, ensure_ascii=False)}:{json.dumps(pairs, separators=(',', ':'))}"
        for cue, pairs in sorted(cues.items())
    )
    return json.dumps(head, ensure_ascii=False)[:-1] + f', "cues": {{\n{lines}\n}}}}\n'
