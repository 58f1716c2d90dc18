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
from .general import GENERAL, read_general
from .models import load_model
from .plan import ModelSource

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Into = Literal["trained_on", "original"]
"""``trained_on``: the weights that training saw, so a 4-bit base as it was rounded; ``original``: before rounding."""

Dtype = Literal["float32", "bfloat16", "float16"]
MERGED = ("lora", "qlora", "ia3", "adalora", "full", "bitfit")
LONGEST = 64
"""Tokens of a text that answers are compared on."""


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
    written = load_model(whole, progress, task_of(folder).loader(tokenizer))
    drift = _drift(expected, _answers(written, tokenizer, texts))
    size = sum(path.stat().st_size for path in folder.iterdir())
    return {"folder": str(folder), "into": into, "dtype": dtype, "bytes": size, "drift": asdict(drift)}


def _merged(source: Path, base: ModelSource, quantisation: str, into: Into, progress: Progress) -> Any:
    """Return the model with what was trained inside its weights, in single precision."""
    import torch

    if (source / "config.json").is_file():
        return load_adapted(base, source, progress).float()
    loader = task_of(source).loader(adapted_tokenizer(base, source))
    rounded = quantisation != "none" and into == "trained_on"
    form = {"quantisation": quantisation if rounded else "none", "dtype": base.dtype if rounded else "float32"}
    model: Any = load_model(base.model_copy(update=form), progress, loader)
    if rounded:
        model = model.dequantize(dtype=torch.float32)
    model = adapted(model.float(), source)
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


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
    """Return the logits for each text, ``(seq, vocabulary)`` of a language model, in single precision."""
    import torch

    found = []
    model.eval()
    with torch.no_grad():
        for text in texts:
            row = torch.tensor([tokenizer(text)["input_ids"][:LONGEST]], device=model.device)
            decoder = {"decoder_input_ids": row} if model.config.is_encoder_decoder else {}
            output = model(input_ids=row, attention_mask=torch.ones_like(row), **decoder)
            logits = output.logits if hasattr(output, "logits") else output.start_logits
            found.append(logits[0].float().cpu())
    return found


def _drift(expected: "Sequence[Tensor]", found: "Sequence[Tensor]") -> Drift:
    import torch

    right, ours = (torch.cat([one.reshape(-1, one.shape[-1]) for one in part]) for part in (expected, found))
    likely, guess = right.log_softmax(-1), ours.log_softmax(-1)
    return Drift(
        largest_logit=(largest := float((right - ours).abs().max())),
        relative=largest / max(float(right.abs().max()), 1e-9),
        mean_kl=float((likely.exp() * (likely - guess)).sum(-1).mean()),
        same_first=float((right.argmax(-1) == ours.argmax(-1)).float().mean()),
    )
