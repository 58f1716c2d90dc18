"""Compare the ways to answer on the same held-out rows: bare model, prompting, RAG, fine-tuning, and both."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ..knowledge.messages import say
from ..knowledge.progress import Progress
from ..rag.endpoint import is_endpoint, parse_endpoint
from ..rag.records import Hit
from .adapters import adapted_tokenizer, load_adapted
from .answered_labels import compare_labels
from .answerer import Answerer
from .arms import Arm
from .compared_rows import ComparedRows
from .constraint import Constraint, Written
from .corpus_scores import Drawn, corpus_difference, corpus_interval, corpus_scores, signatures
from .data import Row
from .form_scores import field_intervals, form_scores, object_scores, wanted_objects
from .generate import LocalModel
from .intervals import Interval, difference, interval
from .kept_answers import KeptAnswers
from .metrics import FieldOptions, confusion, judge, judge_text
from .models import load_model, load_tokenizer
from .plan import ModelSource
from .report.names import arm_name
from .served import REQUESTS, ServedModel
from .step import StepContext

if TYPE_CHECKING:
    from .steps.evaluate import Options

Scores = dict[str, list[float]]


@dataclass(frozen=True)
class Answering:
    """Hold what an arm answered.

    Attributes:
        answers: One per row.
        seconds: How long answering took, loading the model not counted.
        cut: How many answers the limit of their length cut off.
    """

    answers: list[str]
    seconds: float
    cut: int = 0


def answer_arms(
    arms: Sequence[Arm],
    base: ModelSource,
    max_new_tokens: int,
    batch_size: int,
    kept: Path,
    progress: Progress,
    requests: int = REQUESTS,
) -> dict[str, Answering]:
    """Let each arm answer all of its prompts.

    Args:
        arms: Prompts and adapters.
        base: The model that all arms are built on.
        max_new_tokens: Longest answer, in tokens.
        batch_size: Prompts answered at a time.
        kept: Folder that keeps answers as they come; an interrupted comparison asks only for those that are missing.
        progress: Receives how far the work is.
        requests: How many an endpoint gets at a time.
    """
    kept.mkdir(parents=True, exist_ok=True)
    answerings: dict[str, Answering] = {}
    answerer: Answerer | None = None
    opened: object = object()
    # each model is loaded once; whether an endpoint holds to a form shows before the other ways are paid for
    for arm in sorted(arms, key=lambda arm: (str(arm.adapter or ""), arm.constraint is None)):
        answers = KeptAnswers(kept / f"{arm.name}.jsonl", arm.prompts, arm.constraint)
        if answers.missing:
            if answerer is None or opened != arm.adapter:
                answerer = None  # frees the memory before the next one is loaded
                answerer, opened = _opened(base, arm.adapter, batch_size, progress, requests), arm.adapter
            _ask(answerer, arm, answers, max_new_tokens, progress)
        answerings[arm.name] = Answering(answers.answers, answers.seconds, len(answers.cut))
    return {arm.name: answerings[arm.name] for arm in arms}


def _opened(
    base: ModelSource, adapter: Path | str | None, batch_size: int, progress: Progress, requests: int
) -> Answerer:
    name = base.source if adapter is None else str(adapter)
    if is_endpoint(name):
        return ServedModel(parse_endpoint(name), requests)
    if adapter is None:
        tokenizer = load_tokenizer(base.source, base.revision, progress)
        return LocalModel(load_model(base, progress), tokenizer, batch_size)
    folder = Path(adapter)
    return LocalModel(load_adapted(base, folder, progress), adapted_tokenizer(base, folder, progress), batch_size)


def _ask(answerer: Answerer, arm: Arm, kept: KeptAnswers, max_new_tokens: int, progress: Progress) -> None:
    """Ask for the answers that are missing, and keep each as it comes."""
    missing = kept.missing
    label = say("evaluation.answering_arm", arm=arm_name(arm.name))
    start = monotonic()
    for some in answerer.answers([arm.prompts[place] for place in missing], max_new_tokens, arm.constraint):
        texts = {missing[place]: said.text for place, said in some.items()}
        kept.add(texts, monotonic() - start, [missing[place] for place, said in some.items() if said.cut])
        start = monotonic()
        progress(label, len(kept.found), len(arm.prompts))


def scored(
    held: ComparedRows,
    learnt: ComparedRows | None,
    answerings: Mapping[str, Answering],
    options: "Options",
    ours: str,
    context: StepContext,
    form: Constraint | None = None,
) -> dict[str, JsonValue]:
    """Score all arms: texts with classes by a classifier's metrics, questions by fields or as texts.

    Args:
        held: The held-out rows.
        learnt: Rows to learn from; None where there are none.
        answerings: Each arm's answers.
        options: How answers are judged.
        ours: The arm that the others are compared with; one of ``answerings``.
        context: Of the step that measures.
        form: What an answer must be, whether an arm is held to it or not; None if nothing is known.

    Returns:
        As ``compare`` does.
    """
    if not held.labelled:
        return compare(held.rows, answerings, options.format, options.fields, ours, context.seed, form)
    answers = {arm: answering.answers for arm, answering in answerings.items()}
    found = compare_labels(held, answers, learnt.labelled if learnt else [], ours, context, form)
    return {**found, "seconds": {arm: answering.seconds for arm, answering in answerings.items()}}


def cut(arms: Sequence[Arm], answerings: Mapping[str, Answering]) -> dict[str, int]:
    """Return how many answers of each arm were cut off; of a constrained one, those that lack its form for that."""
    return {
        arm.name: sum(not arm.constraint.holds(answer) for answer in answerings[arm.name].answers)
        if arm.constraint is not None
        else answerings[arm.name].cut
        for arm in arms
    }


def empty(answerings: Mapping[str, Answering]) -> dict[str, int]:
    """Return how many answers of each arm are empty: most often, a model's thoughts used up all their length."""
    return {arm: answering.answers.count("") for arm, answering in answerings.items()}


def compare(
    rows: Sequence[Row],
    answerings: Mapping[str, Answering],
    pattern: str | None,
    fields: Sequence[FieldOptions],
    ours: str,
    seed: int,
    form: Constraint | None = None,
) -> dict[str, JsonValue]:
    """Score all arms with the same metrics, and say how much better one is than each other one.

    Args:
        rows: The held-out rows; those with the same quote are drawn together for the intervals.
        answerings: Each arm's answers.
        pattern: Form of a whole answer with named groups; None if answers are free.
        fields: What in an answer can be right or wrong; where empty, answers are compared with the rows' as texts.
        ours: The arm that the others are compared with; one of ``answerings``.
        seed: Makes the intervals repeatable.
        form: What an answer must be; None if nothing but the pattern is known.

    Returns:
        ``arms``, ``differences``, ``confusion``, ``json_fields`` and ``seconds`` by arm, and ``signatures`` by metric.
    """
    objects = wanted_objects([row.answer for row in rows])
    form = None if isinstance(form, Written) else form  # the pattern, which is measured as ``format``
    scores = {
        arm: _scores(rows, answering.answers, pattern, fields, objects)
        | form_scores(answering.answers, form, bool(objects))
        for arm, answering in answerings.items()
    }
    groups = [row.quote or row.id for row in rows]
    others = [arm for arm in scores if arm != ours]
    targets = [] if fields else [row.answer for row in rows]
    whole = {
        arm: corpus_scores(each.answers, targets, seed, groups) if targets else {} for arm, each in answerings.items()
    }
    return {
        "arms": {arm: _intervals(scores[arm], whole[arm], groups, seed) for arm in scores},
        "differences": {
            arm: _differences((scores[ours], whole[ours]), (scores[arm], whole[arm]), groups, seed) for arm in others
        },
        "signatures": dict(signatures(targets)) if whole[ours] else {},
        "confusion": {arm: _confusions(rows, each.answers, pattern, fields) for arm, each in answerings.items()},
        "json_fields": {arm: _fields(each.answers, objects, groups, seed) for arm, each in answerings.items()},
        "seconds": {arm: answering.seconds for arm, answering in answerings.items()},
    }


def drawn(records: Sequence[dict[str, JsonValue]], shown: int, seed: int) -> list[dict[str, JsonValue]]:
    """Return some of the records, drawn by chance and not for their looks, in their order."""
    places = sorted(random.Random(f"{seed}/examples").sample(range(len(records)), min(shown, len(records))))
    return [records[place] for place in places]


def row_record(
    row: Row, place: int, passages: Sequence[Sequence[Hit]], answerings: Mapping[str, Answering]
) -> dict[str, JsonValue]:
    """Return a row, the passages it was shown with, and what each arm answered to it, as JSON.

    Args:
        row: The row.
        place: Its place among the rows.
        passages: Each row's passages; empty where nothing was retrieved.
        answerings: Each arm's answers.
    """
    return {
        "id": row.id,
        "question": row.question,
        "answer": row.answer,
        "expected": dict(row.expected),
        "passages": [hit.text for hit in passages[place]] if passages else [],
        "answers": {arm: answering.answers[place] for arm, answering in answerings.items()},
    }


def retrieval_recall(retrieved: Sequence[Sequence[Hit]], oracles: Sequence[Sequence[Hit]]) -> dict[str, JsonValue]:
    """Return how often the passage with the answer was among the first k, for each k up to what was retrieved.

    Args:
        retrieved: Passages of each row, best first.
        oracles: Passages of each row that hold the answer; rows without any do not count.
    """
    known = [
        (hits, {(oracle.document, oracle.chunk) for oracle in holding})
        for hits, holding in zip(retrieved, oracles, strict=True)
        if holding
    ]
    most = max((len(hits) for hits, _ in known), default=0)
    recall: dict[str, JsonValue] = {}
    for k in range(1, most + 1):
        found = [any((hit.document, hit.chunk) in places for hit in hits[:k]) for hits, places in known]
        recall[str(k)] = sum(found) / len(found)
    return {"recall": recall, "rows": len(known)}


def _scores(
    rows: Sequence[Row],
    answers: Sequence[str],
    pattern: str | None,
    fields: Sequence[FieldOptions],
    objects: Sequence[Mapping[str, JsonValue]],
) -> Scores:
    """Return the scores of each answer by metric; what decides stands first."""
    judged = judge(answers, [row.expected for row in rows], pattern, fields)
    whole = object_scores(answers, objects)
    return judged | whole if fields else whole | judge_text(answers, [row.answer for row in rows]) | judged


def _as_json(found: Interval) -> dict[str, JsonValue]:
    return {"value": found["value"], "low": found["low"], "high": found["high"]}


def _fields(
    answers: Sequence[str], objects: Sequence[Mapping[str, JsonValue]], groups: Sequence[str], seed: int
) -> dict[str, JsonValue]:
    return {name: _as_json(found) for name, found in field_intervals(answers, objects, groups, seed).items()}


def _intervals(scores: Scores, whole: Mapping[str, Drawn], groups: Sequence[str], seed: int) -> dict[str, JsonValue]:
    found = {name: interval(each, seed, groups) for name, each in scores.items()}
    found |= {name: corpus_interval(one) for name, one in whole.items()}
    return {name: _as_json(one) for name, one in found.items()}


def _differences(
    ours: tuple[Scores, Mapping[str, Drawn]],
    other: tuple[Scores, Mapping[str, Drawn]],
    groups: Sequence[str],
    seed: int,
) -> dict[str, JsonValue]:
    found = {name: difference(each, other[0][name], seed, groups) for name, each in ours[0].items()}
    found |= {name: corpus_difference(one, other[1][name]) for name, one in ours[1].items()}
    return {name: _as_json(one) for name, one in found.items()}


def _confusions(
    rows: Sequence[Row], answers: Sequence[str], pattern: str | None, fields: Sequence[FieldOptions]
) -> dict[str, JsonValue]:
    expected = [row.expected for row in rows]
    found: dict[str, JsonValue] = {}
    for field in fields:
        if field.values is not None:
            table = confusion(answers, expected, pattern, field)
            found[field.name] = {right: {**counts} for right, counts in table.items()}
    return found
