"""Follow a training in other tools: TensorBoard where it is installed, Weights & Biases where the plan asks for it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..knowledge.errors import UserError
from ..knowledge.messages import say

Tracker = Literal["tensorboard", "wandb", "none"]


def refuse_missing(tracker: Tracker) -> None:
    """Check, before anything is loaded, that a tracker is there that was asked for.

    Raises:
        UserError: Weights & Biases is not installed.
    """
    if tracker == "wandb" and find_spec(tracker) is None:
        raise UserError(say("guards.no_tracker", package=tracker), f"pip install {tracker}", {"tracker": "tensorboard"})


def tracker_callback(tracker: Tracker, folder: Path, name: str) -> tuple[Any | None, str]:
    """Return a callback of transformers' Trainer, if any, and a sentence about where to look.

    Args:
        tracker: The plan's choice; TensorBoard is left out where it is not installed, and that is said.
        folder: Where TensorBoard's event files go.
        name: What people call the training.
    """
    if tracker == "none":
        return None, ""
    if tracker == "tensorboard" and find_spec(tracker) is None:
        return None, say("guards.no_tensorboard")
    if tracker == "wandb":
        from transformers.integrations.integration_utils import WandbCallback

        return WandbCallback(), say("guards.wandb", name=name)
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations.integration_utils import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(folder))), say("guards.tensorboard", folder=folder)
