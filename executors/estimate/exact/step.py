"""Two optimizer steps, as the trainer makes them; in the second one the optimizer's states are there."""

# ruff: noqa: ANN401 - modules and tensors of libraries that are imported late

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...losses import answer_loss
from ..architectures.bert import MODEL_TYPES as ENCODERS
from ..request import EstimateRequest
from .device import NAME
from .optimizers import make_optimizer

if TYPE_CHECKING:
    from .tracker import Tracker

STEPS = 2
MICRO_STEPS = 2
"""Of all accumulated micro steps the first two are traced: from the second on gradients are there already."""


def train(request: EstimateRequest, model: Any, tracker: "Tracker", told: Callable[[str], None]) -> None:
    """Make two optimizer steps.

    Args:
        request: The run's settings.
        model: What ``build`` returned.
        tracker: Is told when a phase begins and what tensors are for.
        told: Receives the name of each phase as it begins.

    Source: transformers ``Trainer._inner_training_loop``; accelerate ``DataLoaderShard``, which fetches a batch ahead.
    """
    import torch

    optimizer = make_optimizer(request, model)
    forward = _forward(request, model)
    batches = _batches(request, tracker)
    ahead = next(batches)
    for _ in range(STEPS):
        for _ in range(min(request.grad_accum, MICRO_STEPS)):
            batch, ahead = ahead, next(batches)
            _begin(tracker, told, "forward")
            loss = _loss(request, forward, batch)
            _begin(tracker, told, "backward")
            loss.backward()
            loss = loss.detach()
            tracker.name("gradients", _gradients(model))
        _begin(tracker, told, "clip")
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        _begin(tracker, told, "step")
        optimizer.step()
        tracker.name("optimizer", _states(optimizer))
        model.zero_grad(set_to_none=True)
    _begin(tracker, told, "end")


def _begin(tracker: "Tracker", told: Callable[[str], None], phase: str) -> None:
    told(phase)
    tracker.begin(phase)


def _forward(request: EstimateRequest, model: Any) -> Any:
    """Return the model as accelerate wraps it: in mixed precision, its outputs are widened to float32.

    Source: accelerate ``Accelerator.prepare_model``.
    """
    import torch

    if not request.amp:
        return model
    convert = import_module("accelerate.utils").convert_outputs_to_fp32

    narrow = torch.float16 if request.dtype == "fp16" else torch.bfloat16

    def forward(**inputs: Any) -> Any:
        with torch.autocast(NAME, dtype=narrow):
            return model(**inputs)

    return convert(forward)


def _batches(request: EstimateRequest, tracker: "Tracker") -> Iterator[dict[str, Any]]:
    import torch

    shape = (request.batch, request.seq_len)
    while True:
        batch: dict[str, Any] = {
            name: torch.zeros(shape, dtype=torch.int64, device=NAME) for name in ("input_ids", "mask", "labels")
        }
        if request.labels and request.head != "token":
            batch["labels"] = torch.zeros(request.batch, dtype=torch.int64, device=NAME)
        tracker.name("inputs", batch.values())
        yield batch


def _loss(request: EstimateRequest, forward: Any, batch: dict[str, Any]) -> Any:
    """Return the loss. Rows are equally long, so that the model needs no mask of padding."""
    if request.labels and request.head == "span":
        place = batch["labels"]
        return forward(input_ids=batch["input_ids"], start_positions=place, end_positions=place).loss
    if request.labels or request.config["model_type"] in ENCODERS:
        return forward(input_ids=batch["input_ids"], labels=batch["labels"]).loss
    if 0 < request.loss_len <= request.seq_len:
        first = request.seq_len + 1 - request.loss_len
        loss, count = answer_loss(forward, batch | {"attention_mask": None, "first_answer": first})
        return loss / count
    return forward(input_ids=batch["input_ids"], labels=batch["labels"], use_cache=False).loss


def _gradients(model: Any) -> list[Any]:
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


def _states(optimizer: Any) -> list[Any]:
    import torch

    found = [value for state in optimizer.state.values() for value in state.values()]
    return [value for value in found if isinstance(value, torch.Tensor) and value.device.type == NAME]
