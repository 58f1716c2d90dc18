"""The report as data: what ``report.json`` holds and the readable reports are drawn from."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue

Curve = list[tuple[float, float]]
Confusion = dict[str, dict[str, int]]
"""Counts by right value, then by the value found."""


class _Part(BaseModel):
    """Read what a step returned; what the report does not use is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(_Part):
    """Hold a figure with its 95 % interval."""

    value: float
    low: float
    high: float


Metrics = dict[str, Interval]


class Advised(_Part):
    """Hold what a guard said of a training, and what to do about it."""

    kind: str
    text: str
    fix: str


class Forgetting(_Part):
    """Hold the loss on general text before and after training, in nats per token."""

    before: float
    after: float


class Training(_Part):
    """Hold what one fine-tuning took.

    Attributes:
        advice: What its guards said.
        general_loss: What it made the model forget; None where that was not measured.
        loss: Step and training loss.
        validation_loss: Step and validation loss.
        best_step: The step whose state was kept.
    """

    name: str
    method: str
    task: str = "causal_lm"
    trainable_parameters: int
    total_parameters: int
    steps: int
    seconds: float
    tokens_per_second: float | None = None
    peak_memory_bytes: int | None = None
    estimated_memory_bytes: int | None = None
    loss: Curve = []
    validation_loss: Curve = []
    best_step: int | None = None
    adapter: str | None = None
    advice: list[Advised] = []
    general_loss: Forgetting | None = None


class Example(_Part):
    """Hold one question with everybody's answers."""

    question: str
    answer: str
    answers: dict[str, str]
    passages: list[str] = []


class Retrieval(_Part):
    """Hold how often the passage with the answer was among the first k, by k.

    Attributes:
        top_k: How many passages a question was answered with.
    """

    recall: dict[int, float] = {}
    top_k: int | None = None


class Evaluation(_Part):
    """Hold the comparison of the arms.

    Attributes:
        differences: The main arm minus each other one.
        confusion: By arm and field.
        signatures: How a metric was computed, so that others can compare theirs.
        shown: How many examples from the rows to learn from stood in an arm's prompts.
        cut: How many answers of an arm the limit of their length cut off; where it is held to a form, too early for it.
        empty: How many answers of an arm say nothing.
        json_fields: By arm, how often each field of the right answers, which are JSON objects, was right.
    """

    rows: int
    arms: dict[str, Metrics]
    differences: dict[str, Metrics] = {}
    confusion: dict[str, dict[str, Confusion]] = {}
    examples: list[Example] = []
    retrieval: Annotated[Retrieval, BeforeValidator(lambda found: found or {})] = Retrieval()
    seconds: dict[str, float] = {}
    signatures: dict[str, str] = {}
    shown: dict[str, int] = {}
    cut: dict[str, int] = {}
    empty: dict[str, int] = {}
    json_fields: dict[str, Metrics] = {}


class ClassMeasured(_Part):
    """Hold one class: shares from 0 to 1, held-out rows, and rows to learn from."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    learnt_from: int


class Classified(_Part):
    """Hold what one step ``classify`` measured.

    Attributes:
        differences: It minus the baseline, and minus each earlier classifier on the same rows.
        chosen: What training chose by itself.
        warnings: What makes its figures doubtful.
    """

    name: str
    classifier: str
    several: bool
    rows: dict[str, int]
    metrics: Metrics
    baseline: Metrics
    differences: dict[str, Metrics]
    per_class: list[ClassMeasured]
    confusion: Confusion | None
    chosen: dict[str, JsonValue]
    seconds: dict[str, float]
    warnings: list[str]


class StepTime(_Part):
    """Hold how long a step took in its last attempt."""

    number: int
    kind: str
    name: str | None = None
    seconds: float


class Measured(_Part):
    """Hold what doing it took."""

    steps: list[StepTime]
    training: list[Training]


class Report(_Part):
    """Hold a whole report.

    Attributes:
        plan: The plan as data.
        status: How far the run was when the report was written.
        estimated: Peak memory by fine-tuning, in bytes, where it was estimated.
        arm: The arm that the plan is about.
        metrics: That arm's metrics by split.
        baselines: The other arms' metrics.
        classified: What each small classifier measured.
        artefacts: Files and folders worth keeping, relative to the run.
        next: What to do next, in the plan's language.
    """

    plan: dict[str, Any]
    status: str
    estimated: dict[str, dict[str, int]]
    measured: Measured
    arm: str | None
    metrics: dict[str, Metrics]
    baselines: dict[str, Metrics]
    differences: dict[str, Metrics]
    evaluation: Evaluation | None
    classified: list[Classified] = []
    artefacts: list[str]
    next: list[str]
    environment: dict[str, JsonValue]
