"""One of several processes that do a step together; arguments: run, folder of the plan, step number, result folder."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from ..knowledge.durable import write_json
from ..knowledge.errors import UserError
from ..knowledge.lock import locked
from ..knowledge.messages import use_language
from .events import ADVICE, append_event
from .launch import ERROR, LOCK, RESULT
from .plan_file import read_plan
from .step import StepContext, step_module
from .together import is_first


def main(run: Path, plans: Path, number: int, folder: Path) -> int:
    """Do a step with the other processes; the first one writes the result.

    Args:
        run: The run's folder.
        plans: The folder where the plan's relative names start.
        number: The step's place in the plan, from 1.
        folder: Where the result goes.
    """
    import torch
    from accelerate import PartialState

    PartialState(cpu=not torch.cuda.is_available())  # meets the others
    first = is_first()
    plan = read_plan(run / "plan.yaml")
    use_language(plan.language)

    def event(name: str, /, **values: JsonValue) -> None:
        if first and name == ADVICE:  # which is for people at once, and they sit before the process that waits
            print(json.dumps({"event": name, "values": values}), flush=True)
        elif first:
            append_event(run / "events.jsonl", name, values)

    context = StepContext(run, plans, plan, number, (), _tell if first else _nothing, event)
    options = plan.steps[number - 1]
    try:
        with locked(folder / LOCK) if first else nullcontext(True) as free:
            if not free:
                return 1
            result = step_module(options.kind).execute(options, context)
    except UserError as error:
        write_json(folder / ERROR, {"message": error.message, "hint": error.hint})  # whoever found it
        return 1
    if first:
        write_json(folder / RESULT, result)
    return 0


def _tell(label: str, done: float, total: float | None, /) -> None:
    print(json.dumps({"label": label, "done": done, "total": total}), flush=True)


def _nothing(*_: Any) -> None:  # noqa: ANN401 - progress of the other processes
    return


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
