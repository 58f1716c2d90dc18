"""Step ``classify``: train a small classifier on labelled texts, and measure it on rows that it never saw."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator

from ...knowledge.durable import write_json, write_text
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.problems import problems_of
from ..classifier import Classifier, ClassifierOptions, Lesson, classifier_module
from ..holding_out import hold_out
from ..labelled import LabelledRow, check_classes, class_counts, read_labelled
from ..step import OutputName, Result, StepContext, StepOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAJORITY = "majority"
PREDICTIONS = "predictions.jsonl"
CLASSES = "classes.json"


class Options(StepOptions):
    """Describe one classifier and what it is measured on."""

    inputs: ClassVar = ("train", "test")
    rows: ClassVar = {"train": "learn", "test": "measure"}

    kind: Literal["classify"] = "classify"
    name: str = Field(min_length=1, description="what this classifier is called in the report")
    classifier: str = Field("tfidf", description="kind of classifier")
    classifier_options: SerializeAsAny[ClassifierOptions] = Field(
        default_factory=ClassifierOptions, validate_default=True, description="the classifier's own options"
    )
    train: str = Field(min_length=1, description="JSONL or CSV rows with text and label, or labels where several apply")
    test: str | None = Field(None, description="rows that training never saw; null holds out part of train")
    held_out: float = Field(0.1, gt=0, lt=1, description="share of each class held out where test is null")
    output: OutputName = Field(description="where the classifier is kept in the run")

    @field_validator("name")
    @classmethod
    def _not_the_baseline(cls, name: str) -> str:
        if name == MAJORITY:
            raise ValueError(say("classify.name_taken", name=name))
        return name

    @field_validator("classifier")
    @classmethod
    def _can_run(cls, classifier: str) -> str:
        classifier_module(classifier)
        return classifier

    @field_validator("classifier_options", mode="before")
    @classmethod
    def _of_its_kind(cls, values: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever a file holds
        if "classifier" not in info.data:  # that is reported already
            return ClassifierOptions()
        given = values.model_dump() if isinstance(values, ClassifierOptions) else values
        try:
            return classifier_module(info.data["classifier"]).Options.model_validate(given)
        except ValidationError as error:
            raise ValueError("; ".join(problem.said() for problem in problems_of(error))) from error


def execute(options: Options, context: StepContext) -> Result:
    """Train the classifier, keep it, and compare it on held-out rows with the most frequent class."""
    from ..linear import decided

    learnt, held = _rows(options, context)
    warnings = check_classes(learnt, context.input(options.train))
    names = tuple(class_counts(learnt))
    several = learnt[0].several
    lesson = Lesson(
        texts=[row.text for row in learnt],
        right=_matrix(learnt, names),
        several=several,
        seed=context.seed,
        work=context.checkpoints,
        folder=context.plan_folder,
        progress=context.progress,
    )
    start = monotonic()
    classifier = classifier_module(options.classifier).train(lesson, options.classifier_options)
    trained = monotonic()
    folder = context.output(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    classifier.save(folder)
    write_json(folder / CLASSES, {"classifier": options.classifier, "classes": names, "several": several})
    context.progress(say("classify.measuring"), 0, None)
    started = monotonic()
    probabilities = classifier.probabilities([row.text for row in held])
    answered = monotonic() - started
    found = decided(probabilities, several)
    _write_predictions(folder, held, names, found, probabilities)
    return {
        "name": options.name,
        "classifier": options.classifier,
        "several": several,
        "rows": {"train": len(learnt), "test": len(held)},
        "chosen": classifier.chosen,
        "seconds": {"train": trained - start, "answer": answered},
        "warnings": list(warnings),
        **_measured(options, context, learnt, held, names, found, probabilities),
    }


def load_classifier(folder: Path) -> tuple[Classifier, tuple[str, ...], bool]:
    """Return a kept classifier, its classes, and whether a text may have several of them."""
    kept = json.loads((folder / CLASSES).read_bytes())
    return classifier_module(kept["classifier"]).load(folder), tuple(kept["classes"]), kept["several"]


def _rows(options: Options, context: StepContext) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Return the rows to learn from and those to measure on."""
    path = context.input(options.train)
    rows = read_labelled(path)
    if options.test is None:
        learnt, held = hold_out(rows, options.held_out, context.seed)
        if not held:
            raise UserError(say("classify.none_held_out", path=path), say("classify.none_held_out_hint"))
        return learnt, held
    held = read_labelled(context.input(options.test))
    if held[0].several != rows[0].several:
        raise UserError(say("classify.other_layout", train=path, test=context.input(options.test)))
    return rows, held


def _matrix(rows: Sequence[LabelledRow], names: Sequence[str]) -> "NDArray[np.bool_]":
    """Return whether each row is of each class, shape ``(rows, classes)``."""
    import numpy as np

    column = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(rows), len(names)), dtype=bool)
    for place, row in enumerate(rows):
        matrix[place, [column[label] for label in row.labels]] = True
    return matrix


def _measured(
    options: Options,
    context: StepContext,
    learnt: Sequence[LabelledRow],
    held: Sequence[LabelledRow],
    names: tuple[str, ...],
    found: "NDArray[np.bool_]",
    probabilities: "NDArray[np.float32]",
) -> Result:
    """Return all metrics; classes that only held-out rows have count as well, and are never given."""
    import numpy as np

    from .. import classification

    extra = tuple(sorted({label for row in held for label in row.labels} - {*names}))
    everything, wider = (*names, *extra), ((0, 0), (0, len(extra)))
    right, found = _matrix(held, everything), np.pad(found, wider)
    scores = np.pad(probabilities, wider)
    counts = class_counts(learnt)
    guess = np.zeros_like(found)
    if not learnt[0].several or 2 * max(counts.values()) > len(learnt):
        guess[:, everything.index(max(counts, key=lambda name: counts[name]))] = True
    rivals = {MAJORITY: guess} | _earlier(held, everything, context)
    measured: dict[str, Any] = {
        "metrics": classification.measure(right, found, scores, context.seed),
        "baseline": classification.measure(right, guess, None, context.seed),
        "differences": {
            name: classification.differences(right, found, other, context.seed) for name, other in rivals.items()
        },
        "per_class": [
            {**row, "learnt_from": counts.get(str(row["label"]), 0)}
            for row in classification.per_class(right, found, everything)
        ],
        "confusion": None if learnt[0].several else classification.confusion(right, found, everything),
    }
    return measured


def _earlier(
    held: Sequence[LabelledRow], names: tuple[str, ...], context: StepContext
) -> "dict[str, NDArray[np.bool_]]":
    """Return what earlier classifiers of this plan gave the same rows, by their names.

    They may have learnt from other rows, and so know classes that neither this one nor the held-out rows have.
    """
    answers = {}
    for earlier in context.results("classify"):
        lines = (context.output(str(getattr(earlier.options, "output", ""))) / PREDICTIONS).read_text("utf-8")
        rows = [json.loads(line) for line in lines.splitlines()]
        if [row["text"] for row in rows] == [row.text for row in held]:
            rows = [row | {"found": [label for label in row["found"] if label in names]} for row in rows]
            given = [LabelledRow(line=1, text=row["text"], labels=tuple(row["found"]), several=True) for row in rows]
            answers[str(earlier.result["name"])] = _matrix(given, names)
    return answers


def _write_predictions(
    folder: Path,
    held: Sequence[LabelledRow],
    names: Sequence[str],
    found: "NDArray[np.bool_]",
    probabilities: "NDArray[np.float32]",
) -> None:
    lines = []
    for row, given, likely in zip(held, found, probabilities, strict=True):
        labels = [name for name, is_given in zip(names, given, strict=True) if is_given]
        record = {"line": row.line, "text": row.text, "labels": row.labels, "found": labels}
        lines.append(json.dumps({**record, "probability": round(float(likely.max()), 4)}, ensure_ascii=False))
    write_text(folder / PREDICTIONS, "\n".join(lines) + "\n")
