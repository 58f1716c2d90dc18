"""Execute a run in front of a person: progress, what came out, and how to go on after a stop."""

import errno
import shutil
from functools import partial
from pathlib import Path

from ..executors.plan import Plan
from ..executors.plan_file import plan_text, read_plan
from ..executors.run import RunFailed, execute_run, resume_hint
from ..executors.run_folder import RunFolder, create_run
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.refusal import reason_of
from .cli import DONE, FAILED, INTERRUPTED
from .consent import agree_to_send
from .output import print_note, progress_shown

NEARLY_FULL_BYTES = 4 * 2**20


def make_runs(runs: Path) -> None:
    """Make the folder of all runs.

    Raises:
        UserError: It cannot be made.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_folder(runs, error) from None


def new_run(plan_path: Path, runs: Path, agreed: bool = False, changed: Plan | None = None) -> RunFolder:
    """Return the folder of a new run; what people should know beforehand is shown.

    Args:
        plan_path: The plan's file.
        runs: The folder of all runs; made if need be.
        agreed: Whether the user agrees that what it asks endpoints leaves the machine.
        changed: What is run instead of what the file says; the file's place is still where relative names start.

    Raises:
        UserError: The plan or its data are wrong, nobody agreed, or the folder cannot be made.
    """
    plan = changed or read_plan(plan_path)
    text = plan_text(changed, plan_path.name, {}).encode() if changed else None
    agree = partial(agree_to_send, plan, plan_path.parent, agreed)
    try:
        return create_run(plan, plan_path, runs, print_note, agree, text)
    except OSError as error:
        raise _no_folder(runs, error) from None


def _no_folder(runs: Path, error: OSError) -> UserError:
    return UserError(say("run.no_folder", path=runs, problem=reason_of(error)), say("run.no_folder_hint"))


def run_shown(folder: RunFolder, quiet: bool, plan_path: Path | None = None) -> int:
    """Execute a run, new or interrupted, and return the exit code.

    Args:
        folder: The run.
        quiet: Show no progress.
        plan_path: A newer plan for an interrupted run.

    Raises:
        UserError: The input of the run or of a step is wrong.
    """
    try:
        with progress_shown(quiet) as shown:
            execute_run(folder, shown, shown.stage, plan_path, print_note)
    except RunFailed as failure:
        print_note(_failure(folder, failure.__cause__))
        print_note(resume_hint(folder))
        return FAILED
    except KeyboardInterrupt:
        print_note(say("cli.interrupted"))
        print_note(resume_hint(folder))
        return INTERRUPTED
    return DONE


def _failure(folder: RunFolder, cause: BaseException | None) -> str:
    # libraries hide "no space left" in errors of their own, so the disk itself is asked as well
    full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or shutil.disk_usage(folder.path).free < NEARLY_FULL_BYTES:
        return say("run.disk_full", path=folder.path)
    return say("run.failed", problem=f"{type(cause).__name__}: {cause}", path=folder.path / "error.txt")
