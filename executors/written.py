"""Measure texts that a model wrote against those it should have written."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..knowledge.durable import write_text
from .metrics import judge_text, words
from .ratios import Ratios

ANSWERS = "answers.jsonl"


def text_ratios(answers: Sequence[str], targets: Sequence[str]) -> Ratios:
    """Return, by metric, a score from 0 to 1 for each text: shared words, the longest common row of words, and exact.

    Args:
        answers: What was written.
        targets: What should have been written.

    Source: F1 as in ``judge_text``; ROUGE-L: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries",
        section 3.1, with equal weights; Chinese characters count as words.
    """
    ones = [1.0] * len(answers)
    judged = judge_text(answers, targets)
    longest = [_rouge_l(words(answer), words(target)) for answer, target in zip(answers, targets, strict=True)]
    return {"f1": (judged["f1"], ones), "rouge_l": (longest, ones), "exact": (judged["exact"], ones)}


def write_texts(
    folder: Path, asked: Sequence[str], targets: Sequence[str], answers: Sequence[str], base: Sequence[str] | None
) -> None:
    """Write what was asked, what is right and what was answered, a line for each row."""
    lines = []
    for place, (question, target, answer) in enumerate(zip(asked, targets, answers, strict=True)):
        record = {"asked": question, "right": target, "answer": answer}
        lines.append(json.dumps(record | ({"base": base[place]} if base else {}), ensure_ascii=False))
    write_text(folder / ANSWERS, "\n".join(lines) + "\n")


def _rouge_l(answer: Sequence[str], target: Sequence[str]) -> float:
    common = [0] * (len(target) + 1)
    for word in answer:
        before = 0
        for place, other in enumerate(target, 1):
            longest = before + 1 if word == other else max(common[place], common[place - 1])
            before, common[place] = common[place], longest
    return 2 * common[-1] / (len(answer) + len(target)) if common[-1] else 0.0
