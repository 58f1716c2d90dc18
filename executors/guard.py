"""Look at a training's losses for what goes wrong: each guard is a file in ``executors/guards``, found by its presence.

Guards see nothing but the log, so a resumed training is told what the undisturbed one would have been.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from statistics import median
from typing import Any, Protocol, cast

from ..knowledge.messages import say
from . import guards

WINDOW = 10
"""Updates whose mean loss is compared: fewer are too noisy, more tell too late."""

LOOKS = 100
"""How often in a training guards look."""


@dataclass(frozen=True)
class Advice:
    """Hold something that a person should know about a training.

    Attributes:
        kind: A stable word for scripts, such as ``flat``.
        text: What was noticed, with its figures, in the current language.
        fix: What to do, in the current language.
        step: When it was noticed; None before the first step.
    """

    kind: str
    text: str
    fix: str
    step: int | None = None


@dataclass(frozen=True)
class Log:
    """Hold what a training has shown so far.

    Attributes:
        losses: Step and training loss of each update that had a label.
        gradients: Length of the gradient of each of them.
        validation: Step and validation loss.
        updates: How many updates there will be.
        warmup: Over how many of them the learning rate rises.
        learning_rate: The highest one.
        fitted: Whether what is trained had been fitted to the same rows before, without dropout.
        uneven: Whether some rows weigh far more than others: a single one makes the loss of its update many times that
            of the others.
    """

    losses: list[tuple[int, float]]
    gradients: list[float]
    validation: list[tuple[int, float]]
    updates: int
    warmup: int
    learning_rate: float
    fitted: bool = False
    uneven: bool = False

    @property
    def step(self) -> int:
        """The last update."""
        return self.losses[-1][0] if self.losses else 0

    def mean(self, end: int, count: int = WINDOW) -> float:
        """Return the mean loss of some updates before place ``end`` of the list, or their median where it is uneven."""
        part = [loss for _, loss in self.losses[max(0, end - count) : end]]
        return median(part) if self.uneven else sum(part) / len(part)


class Guard(Protocol):
    """What a file in ``executors/guards`` offers; where it has ``EXPLAINS``, the guards named there keep silent."""

    def look(self, log: Log, /) -> dict[str, Any] | None:
        """Return the figures of the text ``guards.NAME`` where there is something to say, else None."""


@cache
def guard_names() -> tuple[str, ...]:
    """Return all guards, from the files in ``executors/guards``."""
    return tuple(sorted(found.name for found in iter_modules(guards.__path__) if not found.name.startswith("_")))


def look(log: Log) -> Iterator[Advice]:
    """Yield what the guards have to say of a log."""
    if not log.losses:
        return
    found = {name: _guard(name).look(log) for name in guard_names()}
    speaking = {name: figures for name, figures in found.items() if figures is not None}
    explained = {other for name in speaking for other in getattr(_guard(name), "EXPLAINS", ())}
    for name, figures in speaking.items():
        if name not in explained:
            yield advice(name, log.step, **figures)


def _guard(name: str) -> Guard:
    return cast(Guard, import_module(f"{guards.__name__}.{name}"))


def advice(kind: str, step_seen: int | None = None, /, **figures: Any) -> Advice:  # noqa: ANN401 - whatever a text names
    """Return a piece of advice whose text is ``guards.KIND`` and whose remedy is ``guards.fix_KIND``."""
    return Advice(kind, say(f"guards.{kind}", **figures), say(f"guards.fix_{kind}", **figures), step_seen)


def log_of(
    history: Sequence[Mapping[str, float]],
    updates: int,
    warmup: int,
    learning_rate: float,
    fitted: bool = False,
    uneven: bool = False,
) -> Log:
    """Return the log that guards read.

    Args:
        history: Trainer's own log.
        updates: How many updates there will be.
        warmup: Over how many of them the learning rate rises.
        learning_rate: The highest one.
        fitted: As in a ``Log``.
        uneven: As in a ``Log``.
    """
    trained = [entry for entry in history if "loss" in entry and not _asked_nothing(entry)]
    return Log(
        losses=[(int(entry["step"]), entry["loss"]) for entry in trained],
        gradients=[float(entry["grad_norm"]) for entry in trained if "grad_norm" in entry],
        validation=[(int(entry["step"]), entry["eval_loss"]) for entry in history if "eval_loss" in entry],
        updates=updates,
        warmup=warmup,
        learning_rate=learning_rate,
        fitted=fitted,
        uneven=uneven,
    )


def _asked_nothing(entry: Mapping[str, float]) -> bool:
    """Tell whether an update had no label in any of its rows, which says nothing of the model."""
    return entry["loss"] == 0 and entry.get("grad_norm") == 0


def looks_at(step: int, updates: int) -> bool:
    """Tell whether guards look at an update: about ``LOOKS`` times in a training, and at its end."""
    return step % max(1, updates // LOOKS) == 0 or step == updates


def all_advice(
    history: Sequence[Mapping[str, float]],
    updates: int,
    warmup: int,
    rate: float,
    fitted: bool = False,
    uneven: bool = False,
) -> list[Advice]:
    """Return what guards said in the course of a training, each kind once, when it was first to be seen.

    Args:
        history: Trainer's own log, of all attempts.
        updates: As for ``log_of``.
        warmup: As for ``log_of``.
        rate: As for ``log_of``.
        fitted: As in a ``Log``.
        uneven: As in a ``Log``.
    """
    found: dict[str, Advice] = {}
    for place, entry in enumerate(history, 1):
        if "eval_loss" in entry or ("loss" in entry and looks_at(int(entry["step"]), updates)):
            for one in look(log_of(history[:place], updates, warmup, rate, fitted, uneven)):
                found.setdefault(one.kind, one)
    return list(found.values())
