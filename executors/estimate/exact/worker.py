"""The process that traces: ``python -m ftadvisor.executors.estimate.exact.worker`` with a job on standard input.

A process of its own, because the simulated GPU cannot be taken back, and because PyTorch may end the process.
"""

import sys
from typing import TextIO

from ....knowledge.errors import UserError
from ....knowledge.messages import use_language
from ....knowledge.quiet import quiet_libraries
from .job import Job, Told
from .reading import read


def main() -> int:
    """Work on the job, telling one JSON object per line."""
    out, sys.stdout = sys.stdout, sys.stderr  # libraries may print; the channel is ours
    job = Job.model_validate_json(sys.stdin.buffer.read())
    use_language(job.language)
    quiet_libraries()
    try:
        _trace(job, out)
    except UserError as error:
        _tell(out, Told(kind="refused", text=error.message, hint=error.hint))
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - whatever a model's own code meets on tensors without numbers
        _tell(out, Told(kind="failed", text=f"{type(error).__name__}: {error}".split("\n")[0]))
    return 0


def _trace(job: Job, out: TextIO) -> None:
    from .trace import prepare, trace

    prepare()
    found, counted = trace(job.request, lambda phase: _tell(out, Told(kind="phase", text=phase)))
    reading = read(found, counted, job.request, job.workspace, job.limit)
    _tell(out, Told(kind="result", reading=reading))


def _tell(out: TextIO, told: Told) -> None:
    print(told.model_dump_json(), file=out, flush=True)


if __name__ == "__main__":
    sys.exit(main())
