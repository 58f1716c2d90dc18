"""Pass on how a training goes: losses, speed and memory as events and as progress, and advice as soon as it is due."""

# ruff: noqa: ANN401 - the trainer's own signatures are open

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .events import ADVICE
from .guard import Advice, all_advice, log_of, look, looks_at
from .train_options import TrainOptions

Event = Callable[..., None]
GIBIBYTE = 2**30


@dataclass
class Watcher:
    """Tell events and progress what a training shows.

    Attributes:
        name: What people call the training.
        updates: How many there will be.
        options: How it is laid out.
        progress: Receives how far it is.
        event: Receives ``loss``, ``validation_loss`` and ``advice`` as they come.
        expected: Estimated memory in bytes; None where there is no honest estimate.
        measured: Returns the trainer's seconds, tokens and peak memory.
        fitted: Whether what is trained had been fitted to the same rows before.
        uneven: Whether some rows weigh far more than others in the loss.
        told: Advice that has been passed on, by kind.
    """

    name: str
    updates: int
    options: TrainOptions
    progress: Progress
    event: Event
    expected: int | None = None
    measured: Callable[[], dict[str, float]] | None = None
    fitted: bool = False
    uneven: bool = False
    told: dict[str, Advice] = field(default_factory=dict)

    def __call__(self, values: dict[str, float]) -> None:
        """Pass on a loss."""
        kind = "loss" if "loss" in values else "validation_loss"
        self.event(kind, name=self.name, **values)
        if kind == "loss":
            self.progress(self._label(values), values["step"], self.updates)

    def tell(self, advice: Advice) -> None:
        """Pass on advice, each kind once."""
        if advice.kind not in self.told:
            self.told[advice.kind] = advice
            self.event(ADVICE, name=self.name, **asdict(advice))

    def consider(self, history: list[dict[str, float]], warmup: int) -> None:
        """Let the guards look at what has been logged so far."""
        for advice in look(log_of(history, self.updates, warmup, self.options.learning_rate, self.fitted, self.uneven)):
            self.tell(advice)

    def advised(self, history: list[dict[str, float]], warmup: int) -> list[Advice]:
        """Return all advice of a finished training, the same however often it was interrupted."""
        before = [advice for advice in self.told.values() if advice.step is None]
        seen = all_advice(history, self.updates, warmup, self.options.learning_rate, self.fitted, self.uneven)
        return [*before, *seen]

    def _label(self, values: dict[str, float]) -> str:
        shown = self.measured() if self.measured else {}
        seconds = shown.get("seconds", 0.0)
        said = {
            "name": self.name,
            "loss": values["loss"],
            "rate": f"{values['learning_rate']:.1e}",
            "speed": f"{shown['tokens'] / seconds:,.0f}" if seconds else "-",
            "memory": f"{shown.get('peak_memory_bytes', 0) / GIBIBYTE:.2f}",
        }
        if self.expected is None:
            return say("training.running", **said)
        return say("training.running_of", **said, expected=f"{self.expected / GIBIBYTE:.2f}")


def guarding(watcher: Watcher, warmup: int) -> Any:
    """Return a callback of transformers' Trainer that lets the guards look."""
    from transformers import TrainerCallback

    class Guarding(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if "eval_loss" in logs or ("loss" in logs and looks_at(state.global_step, watcher.updates)):
                watcher.consider(state.log_history, warmup)

    return Guarding()
