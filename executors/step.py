"""What a step is: options that a plan fills in, and a context to run in.

A step kind is a file ``executors/steps/<kind>.py`` with a class ``Options(StepOptions)`` and a function
``execute(options, context)``. Reading a plan imports the modules of the kinds that it names, so those keep
heavy imports inside functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue

from ..knowledge.builtin import BUILTIN, builtin_path
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from ..rag.endpoint import is_endpoint
from . import steps

if TYPE_CHECKING:
    from .plan import ModelSource, Plan

Result = dict[str, JsonValue]
RowUse = Literal["learn", "choose", "measure"]
"""What rows are for: weights are learnt from them, states chosen by them, or results measured on them."""


class StepOptions(BaseModel):
    """Base of all steps' options: frozen, strict about unknown keys.

    A subclass sets ``kind: Literal["<file name>"] = "<file name>"`` and describes each field, as the descriptions
    become the plan file's comments where the plan gives no reason of its own.

    Attributes:
        inputs: Names of the options that name files or folders to read.
        rows: Those of them that name a file of rows, and what the rows are for.
        needs_model: Whether it uses the plan's language model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: ClassVar[tuple[str, ...]] = ()
    rows: ClassVar[Mapping[str, RowUse]] = MappingProxyType({})
    needs_model: ClassVar[bool] = False

    kind: str


class StepModule(Protocol):
    """What a file in ``executors/steps`` offers."""

    Options: type[StepOptions]

    def execute(self, options: Any, context: "StepContext", /) -> Result:  # noqa: ANN401 - each step its own options
        """Do the work; return what the report and later steps need."""


class EventSink(Protocol):
    """Append one event, such as a loss at a step, to the run's ``events.jsonl``."""

    def __call__(self, name: str, /, **values: JsonValue) -> None:
        """Append an event of this name with these values."""


@dataclass(frozen=True)
class EarlierResult:
    """Hold what a finished step left behind.

    Attributes:
        number: The step's place in the plan, from 1.
        options: Its options in the plan.
        result: What its ``execute`` returned.
        seconds: How long its last attempt took.
    """

    number: int
    options: StepOptions
    result: Result
    seconds: float


@dataclass(frozen=True)
class StepContext:
    """Give a step its surroundings.

    Attributes:
        run_folder: Where everything of this run is written.
        plan_folder: Where the plan file lies; its relative paths start here.
        plan: The whole plan, an ``executors.plan.Plan``.
        number: This step's place in the plan, from 1.
        earlier: The results of the steps before this one, in order.
        progress: Receives how far the step is.
        event: Appends to the run's events.
    """

    run_folder: Path
    plan_folder: Path
    plan: "Plan"
    number: int
    earlier: tuple[EarlierResult, ...]
    progress: Progress
    event: EventSink

    @property
    def seed(self) -> int:
        """The plan's seed."""
        return self.plan.seed

    @property
    def model(self) -> "ModelSource":
        """The plan's model; a folder that the plan names relative to itself, with its whole path."""
        named = self.plan.model
        assert named is not None  # a plan without one has no step that needs it
        folder = self.plan_folder / named.source
        return named.model_copy(update={"source": str(folder)}) if (folder / "config.json").is_file() else named

    def results(self, kind: str) -> list[EarlierResult]:
        """Return the earlier results of one kind of step, in order."""
        return [result for result in self.earlier if result.options.kind == kind]

    @property
    def checkpoints(self) -> Path:
        """Where this step may keep what it needs to continue after a crash.

        Empty or missing when the step starts for the first time; removed when it is finished.
        """
        step = self.plan.steps[self.number - 1]
        return self.run_folder / "checkpoints" / f"{self.number}-{step.kind}"

    def output(self, name: str) -> Path:
        """Return where this run keeps an output, such as ``index`` or ``adapters/combined``."""
        return self.run_folder / "outputs" / name

    @property
    def own_output(self) -> Path:
        """Where this step's own output goes; only steps with an option ``output`` have one."""
        return self.output(str(getattr(self.plan.steps[self.number - 1], "output")))  # noqa: B009

    def input(self, name: str) -> Path:
        """Find a file or folder that the plan names.

        A name whose first part is the ``output`` of an earlier step is that output. ``builtin:`` names something
        inside ``knowledge/examples``. Anything else is relative to the plan file.
        """
        if name.startswith(BUILTIN):
            return builtin_path(name)
        made = is_output(name, self.plan.steps[: self.number - 1])
        return self.output(name) if made else self.plan_folder / name


def is_output(name: str, earlier: Sequence[StepOptions]) -> bool:
    """Tell whether a name's first part is the ``output`` of one of the earlier steps."""
    parts = Path(name).parts
    prefixes = {str(Path(*parts[:length])) for length in range(1, len(parts) + 1)}
    return bool(prefixes & {getattr(step, "output", None) for step in earlier})


def input_path(name: str | None, earlier: Sequence[StepOptions], folder: Path) -> Path | None:
    """Return where a file or folder lies that a plan in some folder names.

    None for none, for what a step makes, and for what is no file: the address of a tuned model.
    """
    if name is None or is_endpoint(name) or is_output(name, earlier):
        return None
    return builtin_path(name) if name.startswith(BUILTIN) else folder / name


def _inside(name: str) -> str:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(say("plan.outside"))
    return name


OutputName = Annotated[str, AfterValidator(_inside)]
"""A relative path inside the run's ``outputs`` folder; the type of every step's ``output``."""


@cache
def step_kinds() -> tuple[str, ...]:
    """Return all kinds of steps, from the files in ``executors/steps``."""
    return tuple(sorted({module.name for module in iter_modules(steps.__path__) if not module.name.startswith("_")}))


def step_module(kind: str) -> StepModule:
    """Import the module of one kind of step, and no other.

    Raises:
        ValueError: There is no such kind.
    """
    if kind not in step_kinds():
        raise ValueError(f"no step of kind {kind!r}; there are {', '.join(step_kinds())}")
    return cast(StepModule, import_module(f"{steps.__name__}.{kind}"))


def parse_step(values: Mapping[str, Any]) -> StepOptions:
    """Check the options of one step against its kind's record.

    Raises:
        ValueError: The kind is missing or unknown.
        pydantic.ValidationError: An option is missing, unknown or out of range.
    """
    return step_module(str(values.get("kind"))).Options.model_validate(values)
