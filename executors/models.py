"""Load models and tokenizers: bundled, local, from the Hugging Face hub or ModelScope; safetensors only."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..knowledge.builtin import BUILTIN, builtin_path
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from ..knowledge.quiet import quiet_libraries
from ..rag.endpoint import is_endpoint
from .family import family_of
from .heads import GAPS, HEADS, POOLER, fresh_modules, is_head, kind_of, no_gap_head, note_fresh, widen_head
from .plan import ModelSource
from .pooling import POOLING, pooled_class, pooling_of
from .task import Loader
from .train_options import TrainOptions

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MODELSCOPE = "modelscope:"
FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
NO_FOREIGN_CODE = {"trust_remote_code": False}
"""Said each time: where nothing is said, transformers asks at the terminal whether to run a model's own code."""

LANGUAGE = Loader()

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ '### ' + message['role'] + '\n' + message['content'] }}"
    "{{ eos_token if message['role'] == 'assistant' else '' }}{{ '\n\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant\n' }}{% endif %}"
)
"""For base models, which have no chat template of their own; training and serving use the same one."""


def resolve_model(source: str, revision: str | None = None, progress: Progress = silent) -> Path:
    """Return the folder of a model, fetching it only when the source names a hub and it is not cached.

    Args:
        source: ``builtin:NAME``, a local folder, a hub id, or ``modelscope:ID``.
        revision: Branch, tag or commit on the hub.
        progress: Is told before anything is fetched.

    Raises:
        UserError: It was not found; says where it was looked for and what to do.
    """
    if is_endpoint(source):
        raise UserError(say("training.model_served", source=source), say("served.no_weights_hint", model=source))
    if source.startswith(BUILTIN):
        folder = builtin_path(f"{BUILTIN}{source.removeprefix(BUILTIN)}_model")
        if not (folder / "config.json").is_file():
            raise UserError(
                say("training.model_builtin_missing", source=source, path=folder), say("training.model_hint")
            )
        return folder
    if source.startswith(MODELSCOPE):
        return _from_modelscope(source, revision, progress)
    if (Path(source).expanduser() / "config.json").is_file():
        return Path(source).expanduser()
    if not _looks_like_id(source):
        raise UserError(
            say("training.model_missing", source=source, path=Path(source).absolute()), say("training.model_hint")
        )
    return _from_hub(source, revision, progress)


def load_tokenizer(source: str, revision: str | None = None, progress: Progress = silent) -> "PreTrainedTokenizerBase":
    """Load a model's tokenizer, with a chat template and a padding token in any case.

    Raises:
        UserError: It was not found, or cannot be loaded.
    """
    transformers = require("transformers")
    folder = resolve_model(source, revision, progress)
    try:
        tokenizer: PreTrainedTokenizerBase = transformers.AutoTokenizer.from_pretrained(folder, **NO_FOREIGN_CODE)
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    if tokenizer.pad_token_id is None:  # padding is masked by length, never by token, so the end token may stand in
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    source: ModelSource, progress: Progress = silent, loader: Loader = LANGUAGE, place: str = ""
) -> "PreTrainedModel":
    """Load a model onto the best device of this machine.

    Args:
        source: The model as the plan names it. ``dtype: auto`` is bfloat16 on an accelerator and float32 on a CPU.
        progress: Is told before anything is fetched.
        loader: What it is loaded for; a language model unless said otherwise.
        place: Another device, for weights that are not quantised.

    Raises:
        UserError: It was not found, has no safetensors weights, or cannot be loaded.
    """
    transformers = require("transformers")
    transformers.utils.logging.disable_progress_bar()  # ours tells how far the work is
    folder = resolve_model(source.source, source.revision, progress)
    _check_weights(folder)
    options = {"dtype": number_type(source), "use_safetensors": True, **NO_FOREIGN_CODE}
    if source.quantisation != "none":
        options |= {"quantization_config": _quantisation(source, loader), "device_map": {"": device()}}
    config = load_config(source, loader)
    try:
        model: PreTrainedModel
        auto = getattr(transformers, loader.auto)
        options |= {"config": config, **_renamed(auto, config)}
        model, found = class_of(auto, config).from_pretrained(folder, **options, output_loading_info=True)
    except (OSError, ValueError, require("safetensors").SafetensorError) as error:
        raise _unreadable(folder, error) from error
    note_fresh(model, found["missing_keys"])
    _check_body(model, folder)
    _note_own_head(model)
    widen_head(model)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = loader.padding
    if loader.config and family_of(config) == "decoder":  # its head reads the last token that is no padding
        model.config.get_text_config().pad_token_id = loader.padding
    if source.quantisation == "none":
        model.to(place or device())  # type: ignore[arg-type]
        return model
    _keep_gradients(model)
    return model


def load_config(source: ModelSource, loader: Loader = LANGUAGE) -> Any:  # noqa: ANN401 - each family has its own
    """Return a model's config, with what a task has to say, and how a sentence encoder makes its vector.

    Raises:
        UserError: It was not found, or its config cannot be read.
    """
    transformers = require("transformers")
    folder = resolve_model(source.source, source.revision)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **NO_FOREIGN_CODE, **(loader.config or {}))
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    if loader.pools and family_of(config) == "encoder" and (how := pooling_of(folder)):
        config.sentence_pooling = how
    elif not loader.pools and hasattr(config, POOLING):  # a trained classifier says it, and no other task has its head
        delattr(config, POOLING)
    return config


def class_of(auto: Any, config: Any) -> Any:  # noqa: ANN401 - transformers' own
    """Return the class of models that a config is for, with a head on the pooled vector where it says how to pool.

    Args:
        auto: One of transformers' Auto classes; it has a class for the config.
        config: What ``load_config`` returned.
    """
    if not getattr(config, POOLING, None):
        return auto
    return pooled_class(auto._model_mapping[type(config)])


def context_length(source: ModelSource) -> int:
    """Return how many tokens the model can read at most.

    Raises:
        UserError: It was not found, or its config cannot be read.
    """
    length: int = getattr(load_config(source).get_text_config(), "max_position_embeddings", sys.maxsize)
    return length


def _renamed(auto: Any, config: Any) -> dict[str, Any]:  # noqa: ANN401 - transformers' own
    """Return how the checkpoint calls what the class calls otherwise: Llama's body is ``transformer`` in one class.

    Without it that class starts from chance and says so only in a remark.
    """
    transformers = require("transformers")
    usual = transformers.AutoModelForCausalLM._model_mapping.get(type(config), None)
    own = auto._model_mapping.get(type(config), None)
    if usual is None or own is None or usual.base_model_prefix == own.base_model_prefix:
        return {}
    return {"key_mapping": {rf"^{usual.base_model_prefix}\.": f"{own.base_model_prefix}."}}


def _check_body(model: "PreTrainedModel", folder: Path) -> None:
    """Refuse a model whose body starts from chance because the checkpoint lacks it.

    Raises:
        UserError: Names what is missing.
    """
    lacking = [name for name in fresh_modules(model) if not is_head(name)]
    body = f"{model.base_model_prefix}."
    if kind_of(model) == GAPS and lacking and not any(name.startswith(body) for name in lacking):
        raise no_gap_head(folder)
    if lacking:
        names = ", ".join(lacking[:3])
        raise UserError(say("refusals.weights_missing", path=folder, names=names), say("refusals.weights_missing_hint"))


def _note_own_head(model: "PreTrainedModel") -> None:
    """Let the config say that the head has a table of its own, where it was loaded with one.

    T5's says the contrary whatever the checkpoint has; tables that grow would then become one, and be counted so.
    """
    head = model.get_output_embeddings()
    if head is not None and head.weight is not model.get_input_embeddings().weight:
        model.config.tie_word_embeddings = False


def device() -> "torch.device":
    """Return the accelerator that PyTorch found (CUDA, ROCm, MPS, Ascend, ...), or the CPU."""
    import torch

    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def number_type(source: ModelSource) -> "torch.dtype":
    """Return the number type that the weights are loaded in."""
    import torch

    name = source.dtype
    if name == "auto":
        name = "float32" if device().type in {"cpu", "mps"} else "bfloat16"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def computes_in_half(options: TrainOptions) -> bool:
    """Tell whether a training computes in bfloat16 here."""
    import torch

    able = device().type == "cuda" and torch.cuda.is_bf16_supported()
    return options.precision == "bfloat16" or (options.precision == "auto" and able)


def require(package: str) -> Any:  # noqa: ANN401 - a module
    """Import a package of the ``train`` extra, without remarks that it makes to programmers.

    Raises:
        UserError: It is not installed; says the command that installs it.
    """
    quiet_libraries()
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        missing = error.name or package
        raise UserError(say("training.extra_missing", package=missing), say("training.extra_hint")) from error


def _quantisation(source: ModelSource, loader: Loader) -> object:
    transformers = require("transformers")
    require("bitsandbytes")
    skipped = [*HEADS, POOLER] if loader.config else None  # they are trained whole; None is what the model itself says
    if source.quantisation == "int8":
        return transformers.BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skipped)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=number_type(source),
        llm_int8_skip_modules=skipped,
    )


def _keep_gradients(model: "PreTrainedModel") -> None:
    """Keep bitsandbytes from repacking four-bit weights on a CPU.

    On CPUs with AVX512-BF16 it repacks them in the first evaluation, and the kernel for repacked weights has no
    backward pass: training after an evaluation would go on with wrong gradients, without an error.

    Source: bitsandbytes 0.50.2, nn/modules.py, Linear4bit.forward; autograd/_functions.py, matmul_4bit.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            setattr(module, "support_avx512bf16_for_cpu", False)  # noqa: B010 - modules have no such attribute by type


def is_on_hub(source: str) -> bool:
    """Tell whether a source names a model on the Hugging Face hub, and not a folder, ours or ModelScope's."""
    local = (Path(source).expanduser() / "config.json").is_file()
    return _looks_like_id(source) and not local and not source.startswith((BUILTIN, MODELSCOPE))


def _looks_like_id(source: str) -> bool:
    return not source.startswith((".", "/", "~")) and source.count("/") <= 1 and "\\" not in source


def _from_hub(source: str, revision: str | None, progress: Progress) -> Path:
    hub = require("huggingface_hub")

    def fetch(local: bool) -> str:
        return str(hub.snapshot_download(source, revision=revision, allow_patterns=FILES, local_files_only=local))

    try:
        return Path(fetch(True))
    except (OSError, ValueError):  # not cached; LocalEntryNotFoundError and HFValidationError derive from these
        return _download(source, hub.constants.ENDPOINT, lambda: fetch(False), progress)


def _from_modelscope(source: str, revision: str | None, progress: Progress) -> Path:
    name = source.removeprefix(MODELSCOPE)
    try:
        modelscope = import_module("modelscope")
    except ModuleNotFoundError as error:
        raise UserError(say("training.extra_missing", package="modelscope"), say("training.modelscope_hint")) from error

    def fetch() -> str:
        return str(modelscope.snapshot_download(name, revision=revision, allow_patterns=FILES))

    return _download(name, "ModelScope", fetch, progress)


def _download(source: str, hub: str, fetch: Callable[[], str], progress: Progress) -> Path:
    progress(say("training.downloading", source=source, hub=hub), 0, None)
    try:
        return Path(fetch())
    except Exception as error:  # whatever the hub's client and its network libraries raise
        problem = str(error).strip().split("\n")[0]
        places = {"path": Path(source).absolute(), "hub": hub}
        message = say("training.model_download_failed", source=source, **places, problem=problem)
        raise UserError(message, say("training.model_hint")) from error


def _check_weights(folder: Path) -> None:
    if any(folder.glob("*.safetensors")):
        return
    found = ", ".join(sorted(path.name for path in folder.iterdir())) or "-"
    raise UserError(say("training.model_no_weights", path=folder, found=found), say("training.model_no_weights_hint"))


def _unreadable(folder: Path, error: Exception) -> UserError:
    problem = str(error).strip().split("\n")[0]
    return UserError(say("training.model_unreadable", path=folder, problem=problem), say("training.model_hint"))
