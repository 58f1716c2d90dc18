"""Save and load what training changed: in checkpoints by parameter name, as a result in the field's own formats."""

import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from pydantic import JsonValue

from ..knowledge.durable import flush_files, flush_folder, write_json, write_text
from ..knowledge.progress import Progress, silent
from .heads import has_head
from .method import Schedule, method_module, widens_rest
from .models import PLAIN_TEMPLATE, is_on_hub, load_model, load_tokenizer
from .plan import ModelSource
from .quantised import widen_rest
from .result_readme import README, readme
from .sharding import gathered, is_shared, put
from .task import TaskBase, task_class
from .together import is_first
from .tuners.started_lora import save_lora
from .vocabulary import NEW, grow_as_told, grow_tokenizer

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TRAINED = "trained.safetensors"
SCHEDULE = "schedule.safetensors"
ABOUT = "ftadvisor.json"


def save_trained(
    model: Any,  # noqa: ANN401 - a model with or without an adapter
    folder: Path,
    state: "Mapping[str, Tensor] | None" = None,
) -> None:
    """Write the trainable parameters by name into ``trained.safetensors``; of several processes, the first one does.

    Args:
        model: Where each process holds a part of it and there is no ``state``, all have to call this.
        folder: Is there.
        state: All weights by name; None for those of the model.
    """
    from safetensors.torch import save_file

    trained = [(name, value.detach()) for name, value in model.named_parameters() if value.requires_grad]
    found = gathered(trained) if state is None else {name: state[name].contiguous() for name, _ in trained}
    if is_first():
        save_file(found, folder / TRAINED)


def load_trained(model: Any, folder: Path) -> None:  # noqa: ANN401 - a model with or without an adapter
    """Put the parameters of ``trained.safetensors`` back into a model that has all of them."""
    from safetensors.torch import load_file

    trained = load_file(folder / TRAINED)
    if is_shared(model):
        put(model, trained)
        return
    found = model.load_state_dict(trained, strict=False)
    if found.unexpected_keys:
        raise ValueError(f"{folder / TRAINED} does not belong to this model: {found.unexpected_keys[0]}")


def save_schedule(schedule: Schedule, folder: Path) -> None:
    """Write the state of a method's schedule into ``schedule.safetensors``."""
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in schedule.state().items()}, folder / SCHEDULE)


def load_schedule(schedule: Schedule, folder: Path) -> None:
    """Put the state in ``schedule.safetensors`` back."""
    from safetensors.torch import load_file

    schedule.load(load_file(folder / SCHEDULE))


def save_adapter(
    model: Any,  # noqa: ANN401 - a model with or without an adapter
    tokenizer: "PreTrainedTokenizerBase",
    folder: Path,
    base: ModelSource,
    method: str,
    about: Mapping[str, JsonValue] = MappingProxyType({}),
    state: "Mapping[str, Tensor] | None" = None,
) -> None:
    """Write the result of training at one stroke: the folder appears when it is whole.

    An adapter of the PEFT library is written in its format, a wholly trained model as a model, anything between as
    the changed parameters by name; the tokenizer beside it where it is not as the base's. ``about`` says which task it
    was trained for; ``state`` has all weights where the model itself holds parts of them.
    """
    from peft import PeftModel

    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    adapter = isinstance(model, PeftModel)
    full = not adapter and all(value.requires_grad for value in model.parameters())
    if adapter:
        if is_on_hub(base.source):  # not the folder that the hub's files lie in here
            for config in model.peft_config.values():
                config.base_model_name_or_path, config.revision = base.source, base.revision
        with _ranks_may_differ():
            save_lora(model, part, state)
    elif full:
        model.save_pretrained(part, state_dict=state)
    else:
        save_trained(model, part, state)
    own_tokenizer = full or NEW in about or (tokenizer.chat_template == PLAIN_TEMPLATE and not has_head(model))
    if own_tokenizer:
        tokenizer.save_pretrained(part)
    write_text(part / README, readme(model, base, method, about, full, own_tokenizer))
    write_json(part / ABOUT, {"method": method, "model": base.model_dump(), **about})
    flush_files(part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    flush_folder(folder.parent)


@contextmanager
def _ranks_may_differ() -> Iterator[None]:
    """Keep the library from calling AdaLoRA's layers without rank torn, and its ranks by layer unknown.

    Nothing is sharded here; and the ranks are put in place after the layers are made, which is when it looks for them.

    Source: peft 0.21.2, utils/save_and_load.py, ``_validate_lora_adapter_state_dict``; tuners/tuners_utils.py,
    ``inject_adapter``.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Adapter .* LoRA tensor\(s\) have invalid shape")
        warnings.filterwarnings("ignore", message=r"The following rank_pattern keys did not match")
        yield


def task_of(folder: Path) -> TaskBase:
    """Return the task that a result was trained for, as it was then.

    Args:
        folder: What ``save_adapter`` wrote.
    """
    about = json.loads((folder / ABOUT).read_bytes())
    kind = task_class(about.get("task", "causal_lm"))
    return kind(kind.Options.model_validate(about.get("task_options", {})), about.get("known", {}))


def adapted_tokenizer(base: ModelSource, folder: Path, progress: Progress = silent) -> "PreTrainedTokenizerBase":
    """Return the tokenizer that a result was trained with: the base's, and the words that were new.

    Args:
        base: The base model that the plan names.
        folder: What ``save_adapter`` wrote.
        progress: Is told before anything is fetched.
    """
    tokenizer = load_tokenizer(base.source, base.revision, progress)
    grow_tokenizer(tokenizer, json.loads((folder / ABOUT).read_bytes()).get(NEW, {}).get("words", []))
    return tokenizer


def load_adapted(base: ModelSource, folder: Path, progress: Progress = silent) -> "PreTrainedModel":
    """Load a model as training left it.

    Args:
        base: The base model that the plan names; it is loaded with the quantisation that the adapter was trained on.
        folder: What ``save_adapter`` wrote.
        progress: Is told before anything is fetched.
    """
    trained_on = json.loads((folder / ABOUT).read_bytes())["model"]
    base = base.model_copy(update={"quantisation": trained_on["quantisation"], "dtype": trained_on["dtype"]})
    loader = task_of(folder).loader(adapted_tokenizer(base, folder, progress))
    if (folder / "config.json").is_file():
        return load_model(base.model_copy(update={"source": str(folder), "revision": None}), progress, loader)
    return adapted(load_model(base, progress, loader), folder)


def adapted(model: "PreTrainedModel", folder: Path) -> "PreTrainedModel":
    """Return a model with what training changed put onto it.

    Args:
        model: The base that was trained on, or another form of it.
        folder: What ``save_adapter`` wrote, other than a whole model.
    """
    from peft import PeftModel

    from .tuners import bottleneck
    from .tuners.prompted import PromptedModel

    about = json.loads((folder / ABOUT).read_bytes())
    grow_as_told(model, about)
    if widens_rest(method_module(about["method"])):
        widen_rest(model)
    if (folder / "adapter_config.json").is_file():
        bottleneck.register()
        kind = PromptedModel if has_head(model) and _is_prompt(folder) else PeftModel
        with _ranks_may_differ():
            return cast("PreTrainedModel", kind.from_pretrained(model, str(folder)))
    load_trained(model, folder)
    return model


def _is_prompt(folder: Path) -> bool:
    """Tell whether an adapter is a soft prompt or a prefix."""
    from peft import PeftConfig

    return bool(PeftConfig.from_pretrained(str(folder)).is_prompt_learning)
