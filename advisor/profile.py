"""What is known about a user's case: answers, where each came from, and nothing assumed."""

from collections.abc import Mapping
from typing import Literal, get_args

from ..knowledge.frozen import Field, Frozen

Origin = Literal["asked", "flag", "file", "detected", "described"]
Volatility = Literal["static", "monthly", "weekly", "daily", "realtime"]
StyleNeed = Literal["none", "light", "strict"]
FormatNeed = Literal["none", "json", "template", "strict"]
Latency = Literal["relaxed", "interactive", "realtime"]
Privacy = Literal["api_ok", "onprem_required"]
Level = Literal["low", "medium", "high"]
FailureMode = Literal["unknown", "missing_knowledge", "inconsistent_behaviour", "format", "cost_latency"]
Modality = Literal["text", "image", "audio", "video", "multimodal"]
Weights = Literal["open", "closed"]
LabelQuality = Literal["clean", "mixed", "noisy"]


class Profile(Frozen):
    """Hold the answers about one case; ``None`` means unknown and is never replaced by a default.

    Attributes:
        id: The case's own name, for batches.
        task_type: Any word for the task; ``knowledge.task.find_family`` gives its family.
        language: Language code of the texts, such as ``zh`` or ``en``, or ``multi``.
        knowledge_volatility: How often the facts that answers rest on change.
        knowledge_tokens: Size of the documents that answers rest on, in tokens.
        needs_citations: Every answer must name the place that it comes from.
        labelled_examples: Pairs of input and wanted output that exist or can be made.
        n_classes: Number of labels, for classification.
        style_need: How exactly a voice or tone must be met.
        format_need: What shape the output must have.
        latency: How fast an answer must come: relaxed seconds, interactive about one second, realtime milliseconds.
        privacy: Whether data may go to a vendor's interface.
        base_model: The model that is fixed or wanted, as its name.
        base_model_params_b: Its size in billions of parameters.
        vram_gb: Memory of all GPUs for training together, in GB; 0 means no GPU.
        n_gpus: How many GPUs ``vram_gb`` is spread over; a run uses one of them.
        n_tasks: Number of separate tasks or customers that one base model must serve.
        forgetting_sensitive: What the model can do today must not get worse.
        budget: Money for building it.
        volume: Requests: low hundreds a day, medium thousands, high hundreds of thousands or more.
        failure_mode: What goes wrong with the best prompt tried so far.
        modality: What goes into the model.
        training_allowed: Whether training a model is possible at all (rules, people, time).
        weights: Whether the weights of the wanted model can be downloaded.
        retrieval_possible: Whether documents can be looked up while answering.
        deletion_duty: Records must be deletable on request, or visible only to some users.
        label_quality: How much of the labelled examples can be trusted.
        adapter_storage_mb: Largest allowed size of what is stored per task or customer, in MB.
        wording: How the words of the description speak for (above zero) or against labels, in points; no answer.
        origins: Where each answer came from.
        problems: What was said but not understood; the field it was said for is unknown.
    """

    id: str | None = None
    task_type: str | None = None
    language: str | None = None
    knowledge_volatility: Volatility | None = None
    knowledge_tokens: int | None = Field(default=None, ge=0)
    needs_citations: bool | None = None
    labelled_examples: int | None = Field(default=None, ge=0)
    n_classes: int | None = Field(default=None, ge=1)
    style_need: StyleNeed | None = None
    format_need: FormatNeed | None = None
    latency: Latency | None = None
    privacy: Privacy | None = None
    base_model: str | None = None
    base_model_params_b: float | None = Field(default=None, gt=0)
    vram_gb: float | None = Field(default=None, ge=0)
    n_gpus: int | None = Field(default=None, ge=1)
    n_tasks: int | None = Field(default=None, ge=1)
    forgetting_sensitive: bool | None = None
    budget: Level | None = None
    volume: Level | None = None
    failure_mode: FailureMode | None = None
    modality: Modality | None = None
    training_allowed: bool | None = None
    weights: Weights | None = None
    retrieval_possible: bool | None = None
    deletion_duty: bool | None = None
    label_quality: LabelQuality | None = None
    adapter_storage_mb: float | None = Field(default=None, gt=0)
    wording: dict[str, int] = Field(default_factory=dict)
    origins: dict[str, Origin] = Field(default_factory=dict)
    problems: tuple[str, ...] = Field(default=(), exclude=True)

    def answers(self) -> dict[str, object]:
        """Return what is known, by field, in the order of the fields."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def with_answers(self, origin: Origin, **answers: object) -> "Profile":
        """Return a copy with some answers replaced; ``None`` makes an answer unknown.

        Args:
            origin: Where the new answers come from.
            answers: Values of the right type, by field; ``answers.profile_from`` reads values as people write them.

        Raises:
            ValidationError: A value is not allowed for its field.
        """
        origins = {name: known for name, known in self.origins.items() if name not in answers}
        origins |= {name: origin for name, value in answers.items() if value is not None}
        kept = {name: getattr(self, name) for name in KEPT}
        return Profile.model_validate(kept | self.answers() | answers | {"origins": origins})


#: What a profile keeps whatever is answered.
KEPT = ("id", "wording", "problems")
#: Names of the answers, in the order in which people read them.
FIELDS: tuple[str, ...] = tuple(name for name in Profile.model_fields if name not in (*KEPT, "origins"))


def choices(field: str) -> tuple[object, ...]:
    """Return the values that a field with a fixed set of answers allows; empty for open fields."""
    return _CHOICES.get(field, ())


def _choices_of(annotation: object) -> tuple[object, ...]:
    for part in get_args(annotation):
        if part is bool:
            return (True, False)
        if values := get_args(part):
            return tuple(values)
    return ()


_CHOICES: Mapping[str, tuple[object, ...]] = {
    name: values for name in FIELDS if (values := _choices_of(Profile.model_fields[name].annotation))
}
