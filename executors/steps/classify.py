"""Step ``classify``: train a small classifier on labelled texts, and measure it on rows that it never saw."""

import json
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator

from ...knowledge.durable import write_json, write_text
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.problems import problems_of
from ..classified import MAJORITY, matrix, measured, write_predictions
from ..classifier import Classifier, ClassifierOptions, Lesson, classifier_module
from ..classifier_readme import classifier_readme
from ..holding_out import hold_out
from ..labelled import LabelledRow, check_classes, class_counts, read_labelled
from ..result_readme import README
from ..step import OutputName, Result, StepContext, StepOptions

if TYPE_CHECKING:
    pass

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
        right=matrix(learnt, names),
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
    write_text(folder / README, classifier_readme(options.classifier, names, several, len(learnt)))
    context.progress(say("classify.measuring"), 0, None)
    started = monotonic()
    probabilities = classifier.probabilities([row.text for row in held], context.progress)
    answered = monotonic() - started
    found = decided(probabilities, several)
    write_predictions(folder, held, names, found, probabilities)
    return {
        "name": options.name,
        "classifier": options.classifier,
        "several": several,
        "rows": {"train": len(learnt), "test": len(held)},
        "chosen": classifier.chosen,
        "seconds": {"train": trained - start, "answer": answered},
        "warnings": list(warnings),
        **measured(class_counts(learnt), len(learnt), several, held, found, probabilities, context),
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
