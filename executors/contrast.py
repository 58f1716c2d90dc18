"""Teach an embedding model from pairs of texts which belong together; what a kill interrupts goes on unchanged.

Source: Tunstall et al. 2022, arXiv 2209.11055, section 3. The loop is our own: the setfit package needs an older
transformers than this project runs with, and sentence-transformers' trainer the datasets package, not used elsewhere.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .checkpoints import checkpoint_folder, newest_whole, prune, seal

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

Pair = tuple[str, str, float]
"""Two texts, and how near their vectors should be: 1.0 or 0.0."""

WEIGHTS, STATE = "weights.safetensors", "state.pt"
LEAST_SECONDS = 60.0
"""Between two checkpoints; a kill costs no more than this, or what the next one allows."""
SHARE = 0.05
"""Of the time that may go into writing checkpoints: those of large models are written more rarely."""


@dataclass(frozen=True)
class Contrast:
    """Say what an embedding model learns, and how.

    Attributes:
        identity: Names the model's weights as they are before.
        pairs: What it learns from.
        epochs: Passes over all pairs.
        batch_size: Pairs per update.
        learning_rate: Its peak, a tenth of the updates after the start; from there it falls to 0.
        seed: Decides the order of pairs, and dropout.
        checkpoints: Folder of the checkpoints; may be missing, and hold some of an interrupted attempt.
    """

    identity: str
    pairs: Sequence[Pair]
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    checkpoints: Path

    @property
    def updates(self) -> int:
        """How many updates there are in all."""
        return self.epochs * -(-len(self.pairs) // self.batch_size)

    def batches(self) -> Iterator[Sequence[Pair]]:
        """Yield the pairs of each update."""
        chance = random.Random(f"{self.seed}/order")
        for _ in range(self.epochs):
            order = chance.sample(list(self.pairs), len(self.pairs))
            for start in range(0, len(order), self.batch_size):
                yield order[start : start + self.batch_size]

    @cached_property
    def fingerprint(self) -> str:
        """Return what tells this training from any other."""
        how = [self.identity, self.epochs, self.batch_size, self.learning_rate, self.seed]
        digest = hashlib.sha256(json.dumps(how).encode())
        for pair in self.pairs:  # one by one, as a text of all would be as large as they are
            digest.update(json.dumps(pair).encode())
        return digest.hexdigest()


def contrast(model: "SentenceTransformer", learning: Contrast, progress: Progress) -> None:
    """Pull the vectors of pairs of one class together, and those of two classes apart.

    Goes on from the last whole checkpoint if there is one, and ends with the weights that it would have without.

    Args:
        model: Its weights are changed in place.
        learning: What it learns, and how.
        progress: Receives the loss and the number of updates.
    """
    import torch
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from sentence_transformers.util import batch_to_device

    total, loss_of = learning.updates, CosineSimilarityLoss(model)
    optimizer, schedule = _optimizer(model, learning)
    keeper = _Keeper(model, optimizer, schedule, learning)
    with torch.random.fork_rng():
        torch.manual_seed(learning.seed)  # dropout
        model.train()
        begun = keeper.restore()
        for done, pairs in enumerate(islice(learning.batches(), begun, None), begun + 1):
            first, second, scores = zip(*pairs, strict=True)
            features = [batch_to_device(model.preprocess(list(side)), model.device) for side in (first, second)]
            loss = loss_of(features, torch.tensor(scores, device=model.device))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            progress(say("classify.contrasting", loss=loss.item()), done, total)
            if keeper.is_due() or done == total:  # the last one spares what follows a second training
                keeper.keep(done)
        model.eval()


def _optimizer(model: "SentenceTransformer", learning: Contrast) -> tuple[Any, Any]:
    """Return the optimizer, and its learning rate's schedule: up over a tenth of the updates, then down to 0."""
    import torch

    total = learning.updates
    warmup = max(1, total // 10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (total - step) / max(1, total - warmup + 1))
    )
    return optimizer, schedule


@dataclass
class _Keeper:
    """Keep all that decides how a training goes on, now and then, and put it back."""

    model: "SentenceTransformer"
    optimizer: Any
    schedule: Any
    learning: Contrast
    due: float = field(default_factory=lambda: monotonic() + LEAST_SECONDS)

    def is_due(self) -> bool:
        """Tell whether it is time for a checkpoint."""
        return monotonic() >= self.due

    def keep(self, done: int) -> None:
        """Write the checkpoint of so many updates, and delete the one before."""
        import torch
        from safetensors.torch import save_model

        started = monotonic()
        folder = checkpoint_folder(self.learning.checkpoints, done)
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.model, str(folder / WEIGHTS))
        state = {"optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict()}
        torch.save({**state, "chance": _chance(self.model)}, folder / STATE)
        seal(folder, {"fingerprint": self.learning.fingerprint, "updates": done})
        prune(self.learning.checkpoints, {done})
        ended = monotonic()
        self.due = ended + max(LEAST_SECONDS, (ended - started) / SHARE)

    def restore(self) -> int:
        """Go back to the last whole checkpoint, and return how many updates are done."""
        import torch
        from safetensors.torch import load_model

        found = newest_whole(self.learning.checkpoints, self.learning.fingerprint)
        if found is None:
            return 0
        folder, told = found
        load_model(self.model, str(folder / WEIGHTS), device=str(self.model.device))
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        _restore_chance(self.model, state["chance"])
        return int(str(told["updates"]))


def _chance(model: "SentenceTransformer") -> "list[Tensor]":
    """Return the state of chance of the CPU and of the model's device."""
    import torch

    here = [torch.get_rng_state()]
    return here if model.device.type == "cpu" else [*here, torch.get_device_module(model.device).get_rng_state()]


def _restore_chance(model: "SentenceTransformer", states: "Sequence[Tensor]") -> None:
    import torch

    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.get_device_module(model.device).set_rng_state(state)
