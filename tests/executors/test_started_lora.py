"""Starts of LoRA: they leave the model as it was, train, resume, and become plain adapters of the untouched base."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ftadvisor.executors.adapters import load_adapted, save_adapter
from ftadvisor.executors.method import method_module
from ftadvisor.executors.methods.lora import Options
from ftadvisor.executors.models import LANGUAGE, load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.refusals import refuse_impossible
from ftadvisor.executors.tuners.started_lora import NAMES, Start
from ftadvisor.knowledge.errors import UserError
from pydantic import ValidationError

if TYPE_CHECKING:
    from torch import Tensor


def tokens() -> "Tensor":
    import torch

    return torch.tensor([[5, 6, 7, 8, 9, 10]])


def answered(model: Any) -> "Tensor":
    import torch

    with torch.inference_mode():
        found: Tensor = model(input_ids=tokens()).logits
    return found


def attached(base: ModelSource, **options: Any) -> Any:
    import torch

    torch.manual_seed(7)
    return method_module("lora").attach(load_model(base).eval(), Options(**options))


def learn(model: Any) -> None:
    """Take three steps that change what is answered."""
    import torch

    trained = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    for _ in range(3):
        model(input_ids=tokens(), labels=tokens()).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("start", [name for name in NAMES if name != "orthogonal"])  # which begins with a small change
def test_a_start_leaves_what_is_answered(tiny_model: Path, start: str) -> None:
    base = ModelSource(source=str(tiny_model))
    assert (answered(attached(base, start=start)) - answered(load_model(base))).abs().max() < 1e-4


@pytest.mark.parametrize(
    "options", [{}, {"rslora": True}, {"dora": True}, {"targets": ("embed_tokens", "q_proj")}], ids=str
)
@pytest.mark.parametrize("start", list(NAMES))
def test_the_result_is_a_plain_adapter_of_the_untouched_base(
    tiny_model: Path, tmp_path: Path, start: str, options: dict[str, Any]
) -> None:
    base, folder = ModelSource(source=str(tiny_model)), tmp_path / "adapter"
    model = attached(base, start=start, rank=4, **options)
    learn(model)
    expected = answered(model)
    assert (expected - answered(load_model(base))).abs().max() > 1e-2
    save_adapter(model, load_tokenizer(str(tiny_model)), folder, base, "lora")
    assert (answered(load_adapted(base, folder)) - expected).abs().max() < 1e-4
    written = json.loads((folder / "adapter_config.json").read_bytes())
    taking = start in ("pissa", "olora")
    assert written["r"] == (8 if taking else 4)
    assert not taking or written["init_lora_weights"] is True
    assert answered(model).equal(expected)  # saving changes nothing


def test_starts_differ(tiny_model: Path) -> None:
    base = ModelSource(source=str(tiny_model))
    begun = [
        next(value for name, value in attached(base, start=start).named_parameters() if ".lora_A." in name)
        for start in NAMES
    ]
    assert len({tuple(value.flatten().tolist()) for value in begun}) == len(NAMES)


def test_an_odd_rank_cannot_be_orthogonal() -> None:
    with pytest.raises(ValidationError, match="even rank"):
        Options(start="orthogonal", rank=3)


@pytest.mark.parametrize("start", ["pissa", "olora"])
def test_no_more_is_taken_than_there_is(start: Start, tiny_model: Path) -> None:
    """A layer has as many directions as its shorter side; what was learnt of fewer would be saved as of the rank."""
    base, module = ModelSource(source=str(tiny_model)), method_module("lora")
    refuse_impossible(base, LANGUAGE, "lora", module, Options(start=start, rank=32))
    with pytest.raises(UserError, match="k_proj has 32 in all") as error:
        refuse_impossible(base, LANGUAGE, "lora", module, Options(start=start, rank=33))
    assert error.value.change == {"method_options.rank": 32}


def test_a_quantised_base_is_not_taken_from(tiny_model: Path) -> None:
    with pytest.raises(ValidationError):
        method_module("qlora").Options(start="pissa")
    base, options = ModelSource(source=str(tiny_model), quantisation="nf4"), Options(start="olora")
    with pytest.raises(UserError, match="rounded anew"):
        refuse_impossible(base, LANGUAGE, "lora", method_module("lora"), options)
