"""What people see of trainings that are done: losses, speed, memory, advice, and where things are."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..executors.data import read_rows
from ..executors.report.names import method_name
from ..executors.run import advice_line
from ..executors.run_folder import RunFolder
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .own_run import LANGUAGE_MODEL, results_of

GIBIBYTE = 2**30


def trained_lines(folder: RunFolder) -> Iterator[str]:
    """Yield what a run with one training measured, and what can be done with the result."""
    for found in results_of(folder, "train"):
        yield say("own.trained", **_figures(found))
        if found.get("general_loss"):
            yield say("own.general", **{name: f"{value:.2f}" for name, value in found["general_loss"].items()})
        yield from (advice_line(one["text"], one["fix"]) for one in found["advice"])
        held = found.get("held_out")
        if held:
            yield say("own.held_out", **held)
        rows = held["path"] if held and _can_be_asked(found["task"], Path(held["path"])) else "TEST.jsonl"
        words = ["ftadvisor", "evaluate", rows, "--adapter", found["adapter"]]
        yield say("own.adapter", path=found["adapter"], command=shlex.join(words))
    if (followed := folder.path / "tensorboard").is_dir():
        yield say("guards.tensorboard", folder=followed)
    yield from (say("run.report", path=path) for path in folder.reports())


def _can_be_asked(task: str, rows: Path) -> bool:
    """Tell whether ``evaluate`` can ask about rows: of a language model's not those with several turns."""
    try:
        return task != LANGUAGE_MODEL or bool(read_rows(rows))
    except UserError:
        return False


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    last = found["loss"][-1][1] if found["loss"] else float("nan")
    best = best_loss(found)
    return {
        "method": method_name(found["method"]),
        "rows": found["rows"],
        "steps": found["steps"],
        "loss": f"{last:.3f}",
        "validation": "-" if best is None else f"{best:.3f}",
        "best": found["best_step"],
        "share": f"{found['trainable_parameters'] / found['total_parameters']:.2%}",
        "seconds": f"{found['seconds']:.0f}",
        "speed": f"{found['tokens_per_second']:,.0f}",
        "memory": f"{found['peak_memory_bytes'] / GIBIBYTE:.2f}",
    }


def best_loss(found: Mapping[str, Any]) -> float | None:
    """Return the lowest validation loss of a training; None where it was not validated."""
    return min((loss for _, loss in found["validation_loss"]), default=None)


def tuned_lines(trials: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    """Yield the trials, the best one first, each with what was varied and what came of it.

    Args:
        trials: What was varied, and what the training returned.
    """
    for varied, found in trials:
        settings = " ".join(f"{name}={value}" for name, value in varied.items())
        loss = best_loss(found)
        yield say(
            "own.trial",
            settings=settings,
            validation="-" if loss is None else f"{loss:.4f}",
            best=found["best_step"],
            steps=found["steps"],
        )
