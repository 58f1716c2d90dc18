"""A few real training steps on random weights: what they take on this machine, without any download."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from .expected import expected_tensors, request_of
from .freed_memory import is_returned, return_freed_memory
from .kernel_cache import bound_kernels
from .memory import PeakMemory
from .method import method_module
from .models import device, load_model, require
from .plan import ModelSource
from .recomputing import recompute_activations
from .task import TaskOptions, task_class
from .tokens import TokenRow
from .train_options import TrainOptions
from .trainer import make_trainer

NEVER = 10**9
MIB = 2**20


@dataclass(frozen=True)
class Probe:
    """Hold what a few steps took.

    Attributes:
        peak_bytes: What ``executors.memory`` measures: tensors on a GPU, resident memory above the start on a CPU.
        step_seconds: Median time of an update, the first left out.
        fastest_seconds: The shortest of them.
        slowest_seconds: The longest of them.
        trainable_parameters: Numbers that were trained.
        outside_bytes: Memory of the GPU that the caching allocator does not hold: the context; 0 on a CPU.
    """

    peak_bytes: int
    step_seconds: float
    fastest_seconds: float
    slowest_seconds: float
    trainable_parameters: int
    outside_bytes: int


def write_random_model(config: Mapping[str, Any], folder: Path, number_type: str) -> None:
    """Write a model of random weights.

    Args:
        config: The model's config with transformers' own key names.
        folder: Where it goes; must exist.
        number_type: Type of the weights as PyTorch calls it, such as ``float32``.
    """
    import torch

    transformers = require("transformers")
    transformers.utils.logging.disable_progress_bar()
    made = transformers.AutoConfig.for_model(**config)
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(made, dtype=getattr(torch, number_type))
    model.save_pretrained(folder)


def probe(
    base: ModelSource,
    method: str,
    method_options: Mapping[str, Any],
    options: TrainOptions,
    length: int,
    steps: int = 4,
) -> Probe:
    """Train a few steps with the trainer that ``ftadvisor run`` uses.

    Args:
        base: A model, usually one that ``write_random_model`` has written.
        method: A fine-tuning method.
        method_options: The method's own options; those not named have their defaults.
        options: Settings shared by all methods; ``epochs`` is replaced.
        length: Tokens of every row, all of which count in the loss.
        steps: Updates, 2 or more; the first is not timed.
    """
    require("peft")
    bound_kernels()
    require("transformers").set_seed(0)
    outside = _outside_bytes()
    module = method_module(method)
    memory = PeakMemory()
    own = module.Options.model_validate(method_options)
    model = module.attach(load_model(base), own)
    task = task_class("causal_lm")(TaskOptions(), {})
    if options.gradient_checkpointing:
        recompute_activations(model)
    vocabulary = model.config.get_text_config().vocab_size
    row = TokenRow([number % vocabulary for number in range(1, length + 1)], 1)
    rows = [row] * (steps * options.batch_size * options.accumulation)
    options = options.model_copy(update={"epochs": 1.0, "validate_every": NEVER})
    if is_returned(expected_tensors(request_of(model, base, method, own, options, task.shape(rows)))):
        return_freed_memory()
    ends: list[float] = []
    with TemporaryDirectory() as folder:
        trainer = make_trainer(
            model, task, 0, rows, [], options, 0, Path(folder), "probe", memory, lambda _: ends.append(monotonic())
        )
        trainer.args.save_strategy = "no"
        trainer.train()
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    between = [end - start for start, end in pairwise(ends)]
    seconds = (median(between), min(between), max(between))
    return Probe(memory.peak_bytes(), *seconds, trained, max(outside, _outside_bytes()))


def _outside_bytes() -> int:
    """Return what the GPU holds beside the allocator's blocks; of all processes, as drivers tell no better."""
    import torch

    if device().type != "cuda":
        return 0
    free, total = torch.cuda.mem_get_info()
    return total - free - torch.cuda.memory_reserved()
