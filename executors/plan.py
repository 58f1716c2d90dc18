"""The plan: what will be done, step by step, with every option filled in."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, model_validator

from ..knowledge.messages import Language, say
from .prompt import Prompt
from .step import StepOptions, parse_step


class ModelSource(BaseModel):
    """Name the base model and how it is loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(
        min_length=1, description="builtin:tiny, a hub id, modelscope:ID, a local folder, or an endpoint"
    )
    revision: str | None = Field(None, description="branch, tag or commit on the hub; null for the newest")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="number type of the weights; auto: float32 on a CPU and where they are trained, else bfloat16",
    )
    quantisation: Literal["none", "int8", "nf4"] = Field("none", description="bits of the frozen weights")


def _of_its_kind(step: object) -> object:
    return parse_step(step) if isinstance(step, Mapping) else step


class Plan(BaseModel):
    """Hold one run's whole description; ``plan.yaml`` is the same as a file.

    Attributes:
        label: The recommendation that it carries out, such as ``rag+finetune:lora``.
        knowledge: Version of the knowledge that chose the values.
        model: The language model that steps train and ask; None where no step does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    title: str
    language: Language
    label: str
    seed: int = Field(ge=0, lt=2**32)
    knowledge: str
    model: ModelSource | None
    prompt: Prompt
    steps: tuple[Annotated[SerializeAsAny[StepOptions], BeforeValidator(_of_its_kind)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_the_model_that_steps_need(self) -> Self:
        for number, step in enumerate(self.steps, 1):
            if step.needs_model and self.model is None:
                raise ValueError(say("plan.no_model", number=number, kind=step.kind))
        return self
