"""Execute a run: each step once, its result kept; what a crash interrupted is done again or continued."""

import json
import shlex
import shutil
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from pydantic import JsonValue

from ..knowledge.durable import write_json, write_text
from ..knowledge.errors import RefusedError, UserError
from ..knowledge.lock import locked
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from ..rag.endpoint import without_key
from ..rag.refused import MisnamedError
from .events import ADVICE, STARTED, Advised, advised, advised_before, append_event, drop_torn_line
from .kernel_cache import bound_kernels
from .plan import Plan
from .plan_file import read_plan
from .run_folder import RunFolder, State
from .step import EarlierResult, StepContext, step_module

Stage = Callable[[int, int, str], None]
"""Receives the number of the step that starts, the number of steps, and its title."""

Notice = Callable[[str], None]
"""Receives what a person should know at once, such as a guard's advice before the first update."""


def unheard(text: str) -> None:
    """Ignore a notice; for callers with nobody in front of them."""


class RunFailed(Exception):
    """Report that a step broke for a reason that is not a mistake in the input; the cause is chained."""


def execute_run(
    folder: RunFolder, progress: Progress, stage: Stage, plan_path: Path | None = None, notice: Notice = unheard
) -> None:
    """Do all steps that are not finished, in order, and again those that come after one of them.

    Args:
        folder: A run, new or interrupted.
        progress: Receives how far the current step is.
        stage: Receives which step starts.
        plan_path: A newer plan that takes the place of the run's own, if what has begun is the same in both.
        notice: Receives advice as it comes.

    Raises:
        UserError: Another process runs it, its plan was changed under it, or a step found wrong input.
        RunFailed: A step failed otherwise.
        KeyboardInterrupt: The user stopped it; what was finished is saved.
    """
    with locked(folder.lock_file) as free:
        if not free:
            raise UserError(say("run.locked", path=folder.path), say("run.locked_hint"))
        bound_kernels()
        plan = read_plan(plan_path or folder.plan_file)
        check_unchanged(folder, plan, plan_path or folder.plan_file)
        try:
            if plan_path:
                folder.adopt(plan, plan_path)
            drop_torn_line(folder.events_file)
            _do_steps(folder, plan, progress, stage, notice)
        except OSError as error:
            raise RunFailed from error


def check_unchanged(folder: RunFolder, plan: Plan, plan_path: Path) -> None:
    """Refuse a plan whose begun steps are not what they were begun as.

    Args:
        folder: The run.
        plan: The plan.
        plan_path: Its file.

    Raises:
        UserError: Names the first step that differs, and what to do.
    """
    kinds = {number: step.kind for number, step in enumerate(plan.steps, 1)}
    for begun in sorted(folder.path.glob("steps/*.begun.json")):
        number, kind = begun.name.removesuffix(".begun.json").split("-", 1)
        same = kinds.get(int(number)) == kind and json.loads(begun.read_bytes()) == _inputs(plan, int(number))
        if not same:
            hint = say("run.changed_hint", files=folder.path / "steps" / f"{number}-*", plan=plan_path)
            raise UserError(say("run.changed", number=number, kind=kind), hint)


def _inputs(plan: Plan, number: int) -> JsonValue:
    whole: dict[str, JsonValue] = plan.model_dump(mode="json")
    options = plan.steps[number - 1].model_dump(mode="json")
    return {"seed": whole["seed"], "model": whole["model"], "prompt": whole["prompt"], "step": options}


def _do_steps(folder: RunFolder, plan: Plan, progress: Progress, stage: Stage, notice: Notice) -> None:
    earlier: list[EarlierResult] = []
    for number, options in enumerate(plan.steps, 1):
        found = folder.earlier(number, options)
        if found is None:
            folder.forget_after(number)
            stage(number, len(plan.steps), step_title(options.kind))
            seen = tuple(earlier)
            sink = _sink(folder, number, notice)
            context = StepContext(folder.path, folder.plan_folder(), plan, number, seen, progress, sink)
            found = _guarded(folder, context)
        earlier.append(found)
    shutil.rmtree(folder.path / "checkpoints", ignore_errors=True)
    folder.write_status("finished", len(plan.steps) + 1)


def step_title(kind: str) -> str:
    """Return the name of a kind of step in the current language."""
    return say(f"steps.{kind}.title")


def advice_line(text: str, fix: str) -> str:
    """Return a guard's advice as people see it on the screen, in the current language."""
    return say("run.advice", text=text, fix=fix)


def resume_command(folder: RunFolder) -> str:
    """Return the command that continues a run."""
    return f"ftadvisor run --resume {shlex.quote(str(folder.path))}"


def resume_hint(folder: RunFolder) -> str:
    """Return the sentence with the command that continues a run."""
    return say("run.resume", command=resume_command(folder))


def _guarded(folder: RunFolder, context: StepContext) -> EarlierResult:
    try:
        return _do_step(folder, context)
    except KeyboardInterrupt as error:
        _note(folder, context, "interrupted", error)
        raise
    except UserError as error:
        _note(folder, context, "failed", error)
        kind = RefusedError if isinstance(error, RefusedError) else UserError
        raise kind(error.message, _way_on(folder, context.number, error)) from error
    except Exception as error:
        _note(folder, context, "failed", error)
        raise RunFailed from error


def _way_on(folder: RunFolder, number: int, error: UserError) -> str:
    """Return how to continue, what must be mended for it, and how where it is the plan: nothing need be done anew."""
    if isinstance(error, RefusedError):
        renamed = say("run.renamed") if isinstance(error, MisnamedError) else ""
        return "\n".join(filter(None, [resume_hint(folder), error.hint, renamed]))
    changed = say("run.resume_changed", plan=folder.plan_file, files=folder.path / "steps" / f"{number}-*")
    mended = say("run.resume_mended", command=resume_command(folder))
    return "\n".join(filter(None, [mended, error.hint, changed]))


def _do_step(folder: RunFolder, context: StepContext) -> EarlierResult:
    options = context.plan.steps[context.number - 1]
    folder.write_status("running", context.number)
    context.event(STARTED, step=context.number, kind=options.kind, anew=_begin(folder, context, options.kind))
    start = monotonic()
    result = step_module(options.kind).execute(options, context)
    seconds = monotonic() - start
    folder.keep_result(context.number, options, seconds, result)
    context.event("step_finished", step=context.number, kind=options.kind, seconds=seconds)
    shutil.rmtree(context.checkpoints, ignore_errors=True)
    return EarlierResult(context.number, options, result, seconds)


def _begin(folder: RunFolder, context: StepContext, kind: str) -> bool:
    """Tell whether a step begins anew; then what it begins with is kept."""
    begun = folder.step_file(context.number, kind, ".begun.json")
    if begun.exists():
        return False
    shutil.rmtree(context.checkpoints, ignore_errors=True)  # of an attempt with other options
    write_json(begun, _inputs(context.plan, context.number))
    return True


def _sink(folder: RunFolder, number: int, notice: Notice) -> Callable[..., None]:
    """Return what keeps a step's events and passes advice on, each piece once, however often the run is continued."""
    told: set[Advised] = set()

    def event(name: str, /, **values: JsonValue) -> None:
        if name == STARTED:
            told.update(() if values["anew"] else advised_before(folder.events_file, number))
        if name == ADVICE and advised(values) in told:
            return
        append_event(folder.events_file, name, values)
        if name == ADVICE:
            told.add(advised(values))
            notice(advice_line(str(values["text"]), str(values["fix"])))

    return event


def _note(folder: RunFolder, context: StepContext, state: State, error: BaseException) -> None:
    text = error.message if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    text, whole = without_key(text), without_key("".join(traceback.format_exception(error)))
    with suppress(OSError):  # a full disk must not hide what happened; without a status the run counts as interrupted
        context.event(f"step_{state}", step=context.number, error=text)
        write_text(folder.path / "error.txt", whole)
        folder.write_status(state, context.number, text)
