"""Share one model among the processes that train it (FSDP2): weights, gradients and the optimizer's averages.

Trainer and accelerate do it; here is what they leave to others: whole tensors for files, and a CPU, where tests run.

Source: accelerate 1.15, ``utils/fsdp_utils.py``; PyTorch 2.13, ``torch.distributed.fsdp.fully_shard``.
"""

# ruff: noqa: ANN401 - models with and without adapters, and the trainer's own objects

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .plan import ModelSource
from .together import is_first
from .train_options import TrainOptions

if TYPE_CHECKING:
    from torch import Tensor

METHODS = ("full", "lora", "adapter", "bitfit", "ia3")
"""Methods whose parameters are used inside the model's own blocks; soft prompts are read from outside of them."""
OPTIMIZER, SCHEDULER = "optimizer.pt", "scheduler.pt"
SETTINGS = {"version": 2, "auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "state_dict_type": "FULL_STATE_DICT"}
"""For ``TrainingArguments.fsdp_config``: each block is gathered on its own, and files hold whole tensors."""


def refuse_unshared(options: TrainOptions, method: str, base: ModelSource, new_tokens: Sequence[str]) -> None:
    """Check that what a training asks for can be shared among processes.

    Args:
        options: All settings.
        method: A fine-tuning method.
        base: The model, stored as the method needs it.
        new_tokens: Words that get a token each.

    Raises:
        UserError: Names what cannot, and what to do instead.
    """
    if options.sharding == "none":
        return
    wrong = {
        "processes: 1": options.processes == 1,
        f"method: {method}": method not in METHODS,
        f"quantisation: {base.quantisation}": base.quantisation != "none",
        "new_tokens": bool(new_tokens),
        "loss: chunked": options.loss == "chunked",
        "optimizer: adamw_8bit": options.optimizer == "adamw_8bit",
    }
    if found := [name for name, is_so in wrong.items() if is_so]:
        values = {"found": ", ".join(found), "methods": ", ".join(METHODS)}
        raise UserError(say("training.not_shared", **values), say("training.not_shared_hint", **values))


def let_cpu_share() -> None:
    """Have accelerate share a model on a CPU as on GPUs; it would copy it to each process, though PyTorch can."""
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    state = PartialState()
    if state.device.type == "cpu":
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU


def use_one_table(model: Any) -> None:
    """Have both halves of an encoder-decoder read their table of tokens through one module instead of one each.

    PyTorch shares a module's weights with whatever else is in the same group as the module; accelerate has a group for
    the table that is read from and the one that is written to, and knows of no others.

    Source: accelerate 1.15, ``utils/fsdp_utils.py``, ``fsdp2_prepare_model``.
    """
    table = model.get_input_embeddings()
    for module in model.modules():
        for name, child in module.named_children():
            if getattr(child, "weight", None) is table.weight and _settings(child) == _settings(table):
                setattr(module, name, table)


def _settings(module: Any) -> dict[str, Any]:
    """Return what makes two modules with the same weights compute the same."""
    return {"kind": type(module)} | {name: value for name, value in vars(module).items() if not name.startswith("_")}


def gathered(values: "Iterable[tuple[str, Tensor]]") -> "dict[str, Tensor]":
    """Return whole tensors by name for the first process, on the CPU; the others get none.

    Each process may hold a part of any of them, so all have to ask. They come together one by one, so that no device
    has to have room for more than one.
    """
    from torch.distributed.tensor import DTensor

    found = {}
    for name, value in values:
        full = value.full_tensor() if isinstance(value, DTensor) else value
        if is_first():
            found[name] = full.cpu().contiguous()
    return found


def whole_state(model: Any) -> "dict[str, Tensor]":
    """Return all weights by name, whole and on the CPU, for the first process; the others get none.

    All processes have to ask for it.
    """
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    found = cast("dict[str, Tensor]", get_model_state_dict(model, options=options))
    for name, source in getattr(model, "all_tied_weights_keys", {}).items():
        if name in found and source in found:
            found[name] = found[source]  # one table, written once
    return found


def put(model: Any, values: "Mapping[str, Tensor]") -> None:
    """Put whole tensors into a shared model by name; all processes have to, with the same ones."""
    from torch.distributed.tensor import distribute_tensor

    for name, parameter in model.named_parameters():
        if name in values:
            there = values[name].to(parameter.device)
            parameter.data.copy_(distribute_tensor(there, parameter.device_mesh, parameter.placements))


def is_shared(model: Any) -> bool:
    """Tell whether each process holds a part of the model."""
    from torch.distributed.fsdp import FSDPModule

    return isinstance(model, FSDPModule)


def save_optimizer(trainer: Any, folder: Path) -> None:
    """Write the optimizer's whole state and the schedule of the learning rate, as one process alone would.

    accelerate's own way does not find tied weights, and the trainer's writes all weights once more.
    """
    import torch

    state = trainer.optimizer.state_dict()
    kept = {place: gathered(of.items()) for place, of in state["state"].items()}
    if is_first():
        torch.save({**state, "state": kept}, folder / OPTIMIZER)
        torch.save(trainer.lr_scheduler.state_dict(), folder / SCHEDULER)


def load_optimizer(trainer: Any, folder: Path) -> None:
    """Put back what ``save_optimizer`` wrote, to each process its part."""
    import torch
    from torch.distributed.tensor import DTensor, distribute_tensor

    state = torch.load(folder / OPTIMIZER, map_location="cpu", mmap=True, weights_only=True)
    trained = [value for group in trainer.optimizer.param_groups for value in group["params"]]
    for place, of in state["state"].items():
        like = trained[place]
        for name, value in of.items():
            if isinstance(like, DTensor) and value.shape == like.shape:
                of[name] = distribute_tensor(value.to(like.device), like.device_mesh, like.placements)
    trainer.optimizer.load_state_dict(state)
    trainer.lr_scheduler.load_state_dict(torch.load(folder / SCHEDULER, weights_only=True))
