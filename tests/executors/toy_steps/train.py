"""A step that learns nothing but keeps checkpoints, continues from them, and needs the index."""

import hashlib
import json
import sys
import time
from typing import Literal

from ftadvisor.executors.step import Result, StepContext, StepOptions
from ftadvisor.knowledge.durable import write_json
from ftadvisor.knowledge.errors import UserError


class Options(StepOptions):
    kind: Literal["train"] = "train"
    name: str
    index: str = "index"
    epochs: int = 3
    advice: tuple[str, ...] = ()
    fail: Literal["no", "wrong", "broken", "full", "interrupt", "wait"] = "no"


def execute(options: Options, context: StepContext) -> Result:
    for kind in options.advice:
        context.event("advice", name=options.name, kind=kind, text=f"it is {kind}", fix="mend it")
    _fail(options.fail)
    words = [path.read_text() for path in sorted(context.input(options.index).glob("*.txt"))]
    epoch, state = _last_checkpoint(context)
    while epoch < options.epochs:
        epoch, state = epoch + 1, hashlib.sha256(f"{context.seed}{words}{state}".encode()).hexdigest()
        context.checkpoints.mkdir(parents=True, exist_ok=True)
        write_json(context.checkpoints / "state.json", [epoch, state])
        context.event("loss", step=epoch, loss=1 / epoch)
    return {"name": options.name, "state": state, "earlier": [found.result for found in context.earlier]}


def _last_checkpoint(context: StepContext) -> tuple[int, str]:
    path = context.checkpoints / "state.json"
    epoch, state = json.loads(path.read_bytes()) if path.exists() else (0, "")
    return epoch, state


def _fail(how: str) -> None:
    if how == "wrong":
        raise UserError("the data is wrong", "mend the data")
    if how == "broken":
        raise RuntimeError("the bearings are worn")
    if how == "full":
        raise OSError(28, "No space left on device")
    if how == "wait":
        print("waiting", file=sys.stderr, flush=True)
        time.sleep(60)
    if how == "interrupt":
        raise KeyboardInterrupt
