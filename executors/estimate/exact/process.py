"""Run the process that traces, and turn whatever becomes of it into a result or an error for people."""

import signal
import subprocess
import sys
from tempfile import TemporaryFile
from typing import IO

from ....knowledge.errors import UserError
from ....knowledge.messages import say
from ....knowledge.progress import Progress
from .job import Job, Told
from .reading import Reading
from .step import MICRO_STEPS, STEPS

WORKER = f"{__package__}.worker"


def traced(job: Job, progress: Progress, python: str = sys.executable) -> Reading:
    """Return what a trace says.

    Args:
        job: What to trace.
        progress: Is told which phase is traced.
        python: The interpreter whose libraries are traced.

    Raises:
        UserError: There is none; says why, and offers the analytic estimate.
    """
    with TemporaryFile() as remarks:
        command = [python, "-m", WORKER]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=remarks)
        try:
            return _result(process, job, progress, remarks)
        finally:  # also when the user interrupts
            process.kill()
            process.wait()


def _result(process: "subprocess.Popen[bytes]", job: Job, progress: Progress, remarks: IO[bytes]) -> Reading:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(job.model_dump_json().encode())
    process.stdin.close()
    total = 2 + STEPS * (2 * min(job.request.grad_accum, MICRO_STEPS) + 2)
    for done, line in enumerate(process.stdout):
        told = Told.model_validate_json(line)
        if told.reading is not None:
            return told.reading
        if told.kind == "phase":
            progress(say("exact.tracing", phase=say(f"exact.phase.{told.text}")), done, total)
        elif told.kind == "refused":
            raise UserError(told.text, told.hint or say("exact.analytic_instead"))
        else:
            raise UserError(say("exact.failed", reason=told.text), say("exact.analytic_instead"))
    raise UserError(say("exact.failed", reason=_end_of(process, remarks)), say("exact.analytic_instead"))


def _end_of(process: "subprocess.Popen[bytes]", remarks: IO[bytes]) -> str:
    """Return why the process ended without an answer: the signal that ended it, and its last words."""
    code = process.wait()
    remarks.seek(0)
    words = remarks.read().decode(errors="replace").strip().splitlines()
    how = signal.Signals(-code).name if code < 0 else str(code)
    return f"{how}: {words[-1]}" if words else how
