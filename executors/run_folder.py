"""The folder of one run: what lies where in it, and how it comes into being at one stroke."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from ..knowledge.durable import flush_folder, write_bytes, write_json
from ..knowledge.errors import UserError
from ..knowledge.lock import locked
from ..knowledge.messages import say
from .contents import check_contents
from .endpoint_use import check_endpoints
from .environment import describe_environment
from .inputs import check_inputs
from .plan import Plan
from .step import EarlierResult, Result, StepOptions

State = Literal["running", "interrupted", "failed", "finished"]
REPORTS = ("report.html", "report.md", "report.json")


class Status(BaseModel):
    """Say how far a run is; the run's ``status.json``.

    Attributes:
        step: The step that runs or is next, from 1; after the last one when all are finished.
        steps: How many steps the plan has.
        error: Why it failed, in the plan's language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State
    title: str
    step: int
    steps: int
    started: datetime
    updated: datetime
    error: str | None = None


@dataclass(frozen=True)
class RunFolder:
    """Name the files of a run."""

    path: Path

    @property
    def plan_file(self) -> Path:
        """The run's own copy of the plan, comments and all."""
        return self.path / "plan.yaml"

    @property
    def environment_file(self) -> Path:
        """Versions, machine, threads, seed, and where the plan came from."""
        return self.path / "environment.json"

    @property
    def events_file(self) -> Path:
        """The diary; see ``executors.events``."""
        return self.path / "events.jsonl"

    @property
    def status_file(self) -> Path:
        """A ``Status``."""
        return self.path / "status.json"

    @property
    def lock_file(self) -> Path:
        """Held by the process that runs it."""
        return self.path / "lock"

    def step_file(self, number: int, kind: str, ending: str = ".json") -> Path:
        """The result of a step, or with ``.begun.json`` what it was begun with."""
        return self.path / "steps" / f"{number}-{kind}{ending}"

    def plan_folder(self) -> Path:
        """Return where the plan came from; its relative paths start there."""
        return Path(json.loads(self.environment_file.read_bytes())["plan_file"]).parent

    def adopt(self, plan: Plan, plan_path: Path, text: bytes | None = None) -> None:
        """Take over a plan, as its file has it unless given, and note the machine that it now runs on."""
        write_bytes(self.plan_file, plan_path.read_bytes() if text is None else text)
        write_json(self.environment_file, describe_environment(plan.seed, plan_path))

    def earlier(self, number: int, options: StepOptions) -> EarlierResult | None:
        """Return what a step left behind, or None if it is not finished."""
        path = self.step_file(number, options.kind)
        if not path.exists():
            return None
        record = json.loads(path.read_bytes())
        return EarlierResult(number, options, record["result"], record["seconds"])

    def keep_result(self, number: int, options: StepOptions, seconds: float, result: Result) -> None:
        """Write what a step returned; from then on it is finished."""
        record = {
            "number": number,
            "kind": options.kind,
            "seconds": seconds,
            "options": options.model_dump(mode="json"),
        }
        write_json(self.step_file(number, options.kind), {**record, "result": result})

    def forget_after(self, number: int) -> None:
        """Drop what later steps left behind: they were made from a result that is now made anew."""
        for path in self.path.glob("steps/*.json"):
            if int(path.name.partition("-")[0]) > number:
                path.unlink()

    def finished_steps(self) -> list[dict[str, JsonValue]]:
        """Return the records of all finished steps in order: number, kind, seconds, options, result."""
        paths = [path for path in self.path.glob("steps/*.json") if not path.name.endswith(".begun.json")]
        return sorted((json.loads(path.read_bytes()) for path in paths), key=lambda record: record["number"])

    def reports(self) -> list[Path]:
        """Return the reports that have been written."""
        return [path for name in REPORTS if (path := self.path / name).exists()]

    def status(self) -> Status:
        """Read the status; a run that says it is running but whose process is gone was interrupted.

        Not for the process that executes the run: trying its own lock would give it back.
        """
        status = Status.model_validate_json(self.status_file.read_bytes())
        if status.state != "running":
            return status
        with locked(self.lock_file) as free:
            return status.model_copy(update={"state": "interrupted"}) if free else status

    def write_status(self, state: State, step: int, error: str | None = None) -> None:
        """Replace the status, keeping what does not change."""
        old = Status.model_validate_json(self.status_file.read_bytes())
        changes = {"state": state, "step": step, "error": error, "updated": datetime.now(UTC)}
        write_json(self.status_file, old.model_copy(update=changes).model_dump(mode="json"))


def create_run(
    plan: Plan,
    plan_path: Path,
    runs: Path,
    warn: Callable[[str], None] = lambda _: None,
    agree: Callable[[], None] = lambda: None,
    text: bytes | None = None,
) -> RunFolder:
    """Make the folder of a new run, ready to be executed.

    Either the whole folder is there afterwards or, after a crash, a hidden one that nothing uses.

    Args:
        plan: The plan.
        plan_path: The file that it was read from; its bytes are copied.
        runs: The folder of all runs; made if need be.
        warn: Receives what people should know although the plan can run.
        agree: Called once the plan is known to be right, before anything is made; raises where it must not run.
        text: The plan's own file, where the plan is not what lies at ``plan_path``.

    Raises:
        UserError: Files that the plan names are not there, or hold wrong rows, or a model cannot do what it asks.
    """
    check_endpoints(plan)
    check_inputs(plan, plan_path)
    for warning in check_contents(plan, plan_path):
        warn(warning)
    agree()
    runs.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".new-", dir=runs))
    try:
        _fill(RunFolder(draft), plan, plan_path, text)
        folder = draft.rename(runs / _free_name(runs, plan.title))
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    flush_folder(runs)
    return RunFolder(folder)


def _fill(draft: RunFolder, plan: Plan, plan_path: Path, text: bytes | None) -> None:
    draft.path.chmod(0o755)
    draft.path.joinpath("steps").mkdir()
    draft.adopt(plan, plan_path, text)
    now = datetime.now(UTC)
    status = Status(state="interrupted", title=plan.title, step=1, steps=len(plan.steps), started=now, updated=now)
    write_json(draft.status_file, status.model_dump(mode="json"))


def _free_name(runs: Path, title: str) -> str:
    words = re.sub(r"\W+", "-", title).strip("-")[:40]
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{words}".rstrip("-")
    taken = {path.name for path in runs.iterdir()}
    return next(name for name in [name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))] if name not in taken)


def open_run(path: Path) -> RunFolder:
    """Return an existing run.

    Raises:
        UserError: There is no run there.
    """
    folder = RunFolder(path)
    try:
        Status.model_validate_json(folder.status_file.read_bytes())
    except (OSError, ValidationError):
        raise UserError(say("run.no_run", path=path), say("run.no_run_hint")) from None
    return folder


def all_runs(runs: Path) -> list[RunFolder]:
    """Return all runs in a folder, the oldest first."""
    if not runs.is_dir():
        return []
    return [RunFolder(path.parent) for path in sorted(runs.glob("[!.]*/status.json"))]
