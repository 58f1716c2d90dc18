"""Measure texts that a model wrote against those it should have written."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..knowledge.durable import write_text
from .corpus_scores import corpus_difference, corpus_interval, corpus_scores, signatures
from .metrics import judge_text
from .ratios import Ratios, compared
from .step import Result

ANSWERS = "answers.jsonl"


def text_compared(answers: Sequence[str], targets: Sequence[str], base: Sequence[str] | None, seed: int) -> Result:
    """Return what ``compared`` does of shared words, longest common rows of words and exact texts, and BLEU and chrF.

    Args:
        answers: What was written.
        targets: What should have been written.
        base: What the baseline wrote.
        seed: Makes the intervals repeatable.
    """
    found: Any = compared(_ratios(answers, targets), _ratios(base, targets) if base else None, seed)
    ours = corpus_scores(answers, targets, seed)
    found["metrics"] |= {name: corpus_interval(one) for name, one in ours.items()}
    if base:
        other = corpus_scores(base, targets, seed)
        found["base"] |= {name: corpus_interval(one) for name, one in other.items()}
        found["differences"]["base"] |= {name: corpus_difference(one, other[name]) for name, one in ours.items()}
    return {**found, "signatures": signatures(targets) if ours else {}}


def _ratios(answers: Sequence[str], targets: Sequence[str]) -> Ratios:
    judged = judge_text(answers, targets)
    return {name: (judged[name], [1.0] * len(answers)) for name in ("f1", "rouge_l", "exact")}


def write_texts(
    folder: Path, asked: Sequence[str], targets: Sequence[str], answers: Sequence[str], base: Sequence[str] | None
) -> None:
    """Write what was asked, what is right and what was answered, a line for each row."""
    lines = []
    for place, (question, target, answer) in enumerate(zip(asked, targets, answers, strict=True)):
        record = {"asked": question, "right": target, "answer": answer}
        lines.append(json.dumps(record | ({"base": base[place]} if base else {}), ensure_ascii=False))
    write_text(folder / ANSWERS, "\n".join(lines) + "\n")
