"""Execute a run in front of a person: progress, what came out, and how to go on after a stop."""

import errno
import shutil
from pathlib import Path

from ..executors.run import RunFailed, execute_run, resume_hint
from ..executors.run_folder import RunFolder
from ..knowledge.messages import say
from .cli import DONE, FAILED, INTERRUPTED
from .output import print_note, progress_shown

NEARLY_FULL_BYTES = 4 * 2**20


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
            execute_run(folder, shown, shown.stage, plan_path)
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
