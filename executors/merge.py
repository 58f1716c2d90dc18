"""Merge what training changed into its base, write a model that any tool loads, and measure how far it drifted."""

# ruff: noqa: ANN401 - models with and without adapters

import gc
import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import JsonValue

from ..knowledge.builtin import builtin_path
from ..knowledge.durable import flush_files, flush_folder, write_json
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .adapters import ABOUT, adapted, adapted_tokenizer, load_adapted, task_of
from .batches import shortened
from .general import GENERAL, read_general
from .memory import free_bytes
from .models import load_model
from .plan import ModelSource
from .quantised import dequantised

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Into = Literal["trained_on", "original"]
"""``trained_on``: the weights that training saw, so a 4-bit base as it was rounded; ``original``: before rounding."""

Dtype = Literal["float32", "bfloat16", "float16"]
MERGED = ("lora", "qlora", "ia3", "adalora", "full", "bitfit")
LONGEST = 64
"""Tokens of a text that answers are compared on."""

BESIDE = 1.1
"""Times a model's weights: what answering with texts of ``LONGEST`` tokens takes at most."""

FARTHEST = 0.05
"""Nats of mean divergence. A guard's bar, not a finding: it was tried on small models only."""

LEAST_SAME = 0.9
"""Share of first choices that must be the same. A guard's bar, too."""


@dataclass(frozen=True)
class Drift:
    """Say how far a merged model's answers are from those of the model as it was trained.

    Attributes:
        largest_logit: Largest difference of a logit. Answering in single precision rounds by about 1e-6 of the largest
            logit, merged or not, and so does this; in double precision a merged model is within 1e-5 (a test holds it).
        relative: The same as a share of the largest logit.
        mean_kl: Mean Kullback-Leibler divergence of the next token, in nats.
        same_first: Share of places where the likeliest answer is the same.
    """

    largest_logit: float
    relative: float
    mean_kl: float
    same_first: float

    @property
    def close(self) -> bool:
        """Whether the merged model may stand in for the trained one without being measured again."""
        return self.mean_kl <= FARTHEST and self.same_first >= LEAST_SAME


def merge(
    source: Path, folder: Path, base: ModelSource, into: Into, dtype: Dtype, progress: Progress
) -> dict[str, JsonValue]:
    """Write the merged model at one stroke, and return what was measured.

    Args:
        source: What training wrote.
        folder: Appears whole; must not exist.
        base: The model that was trained on.
        into: Which form of the base.
        dtype: Number type of the merged weights.
        progress: Receives what is done.

    Raises:
        UserError: The method cannot be merged, or the folder is there.
    """
    about = json.loads((source / ABOUT).read_bytes())
    if about["method"] not in MERGED:
        values = {"method": about["method"], "methods": ", ".join(MERGED)}
        raise UserError(
            say("merging.no_method", **values), say("merging.no_method_hint", adapter=shlex.quote(str(source)))
        )
    if folder.exists():
        raise UserError(say("data.folder_exists", path=folder), say("data.folder_exists_hint"))
    tokenizer = adapted_tokenizer(base, source, progress)
    texts = read_general(builtin_path(GENERAL))
    progress(say("merging.reading"), 0, None)
    expected = _answers(load_adapted(base, source, progress), tokenizer, texts)
    gc.collect()
    progress(say("merging.merging"), 0, None)
    model = _merged(source, base, about["model"]["quantisation"], into, progress)
    whole = base.model_copy(update={"quantisation": "none", "dtype": dtype, "source": str(folder), "revision": None})
    _write(model, tokenizer, folder, dtype, {**about, "model": whole.model_dump()})
    del model
    progress(say("merging.comparing"), 0, None)
    size = sum(path.stat().st_size for path in folder.iterdir())
    written = load_model(whole, progress, task_of(folder).loader(tokenizer), "" if _has_room(size) else "cpu")
    drift = _drift(expected, _answers(written, tokenizer, texts))
    return {
        "folder": str(folder),
        "into": into,
        "dtype": dtype,
        "bytes": size,
        "drift": asdict(drift),
        "close": drift.close,
    }


def _merged(source: Path, base: ModelSource, quantisation: str, into: Into, progress: Progress) -> Any:
    """Return the model with what was trained inside its weights, in single precision.

    On the CPU, through whose memory such weights go in any case: a GPU that holds a model in 4 bits or 16 has no room
    for 32 as a rule.
    """
    if (source / "config.json").is_file():
        return load_adapted(base, source, progress).cpu().float()
    loader = task_of(source).loader(adapted_tokenizer(base, source))
    rounded = quantisation != "none" and into == "trained_on"
    form = {"quantisation": quantisation if rounded else "none", "dtype": base.dtype if rounded else "float32"}
    model: Any = load_model(base.model_copy(update=form), progress, loader, "cpu")
    if rounded:
        model = dequantised(model)
    model = adapted(model.float(), source)
    if not hasattr(model, "merge_and_unload"):
        return model
    _put_in_place(model)
    return model.merge_and_unload()


def _has_room(size: int) -> bool:
    """Tell whether the device has room for a model, in bytes, and for what answering takes beside it."""
    return (free := free_bytes()) is None or size * BESIDE <= free


def _put_in_place(model: Any) -> None:
    """Put modules that were trained whole where their frozen originals stand.

    PEFT does so itself, but for IA3 only with modules that are a single layer (peft 0.21.2, tuners_utils.py,
    BaseTuner._replace_module), which RoBERTa's head is not.
    """
    from peft.utils import ModulesToSaveWrapper

    wrapped: list[tuple[str, Any]] = [
        (name, module) for name, module in model.named_modules() if isinstance(module, ModulesToSaveWrapper)
    ]
    for name, module in wrapped:
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, module.modules_to_save[module.active_adapter])


def _write(model: Any, tokenizer: "PreTrainedTokenizerBase", folder: Path, dtype: Dtype, about: Any) -> None:
    import torch

    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    model.to(getattr(torch, dtype)).save_pretrained(part)
    tokenizer.save_pretrained(part)
    write_json(part / ABOUT, about)
    flush_files(part)
    part.rename(folder)
    flush_folder(folder.parent)


def _answers(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> "list[Tensor]":
    """Return the logits for each text, in single precision.

    Returns:
        ``(seq, vocabulary)`` of a language model, ``(seq, tags)`` of a tagger, ``(1, classes)`` of a classifier, and
        ``(2, seq)`` of a model that finds spans: how likely each token is first, and last.
    """
    import torch

    found = []
    model.eval()
    with torch.no_grad():
        for text in texts:
            row = torch.tensor([shortened(tokenizer(text)["input_ids"], LONGEST)], device=model.device)
            decoder = {"decoder_input_ids": row} if model.config.is_encoder_decoder else {}
            output = model(input_ids=row, attention_mask=torch.ones_like(row), **decoder)
            spans = not hasattr(output, "logits")
            logits = torch.cat([output.start_logits, output.end_logits]) if spans else output.logits[0]
            found.append(torch.atleast_2d(logits.float().cpu()))
    return found


def _drift(expected: "Sequence[Tensor]", found: "Sequence[Tensor]") -> Drift:
    import torch

    pairs = list(zip(expected, found, strict=True))  # texts have vectors of different lengths where spans are found
    likely = [(right.log_softmax(-1), ours.log_softmax(-1)) for right, ours in pairs]
    apart = torch.cat([(right.exp() * (right - ours)).sum(-1) for right, ours in likely])
    same = torch.cat([right.argmax(-1) == ours.argmax(-1) for right, ours in pairs])
    largest = max(float((right - ours).abs().max()) for right, ours in pairs)
    return Drift(
        largest_logit=largest,
        relative=largest / max(1e-9, *(float(right.abs().max()) for right, _ in pairs)),
        mean_kl=float(apart.mean()),
        same_first=float(same.float().mean()),
    )
