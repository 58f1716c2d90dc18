"""Bottleneck adapters as a tuner of the PEFT library: places, stacking, four bits, saving in a fresh process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.adapters import save_adapter
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.methods.adapter import ENDS, Options, attach, targets
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.knowledge.errors import UserError

SIZES: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
OTHER_NAMES = {"t5": {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 64}}
LAYERS = 2
ELSEWHERE = {"t5", "mt5", "umt5", "bart", "mbart", "whisper"}
"""Families with decoders that look at encoders, and so have one more in each block."""


def tiny(kind: str) -> Any:
    from transformers import AutoConfig, AutoModel

    names = OTHER_NAMES.get(kind, SIZES)
    if kind in {"ministral", "hunyuan_v1_dense"}:
        names = SIZES | {"head_dim": 8}
    if kind == "gpt2":
        names = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 64}
    if kind == "distilbert":
        names = {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4, "vocab_size": 64}
    return AutoModel.from_config(AutoConfig.for_model(kind, **names))


@pytest.mark.parametrize("kind", sorted(ENDS.keys() - ELSEWHERE))
@pytest.mark.parametrize(("placement", "per_block"), [("houlsby", 2), ("pfeiffer", 1)])
def test_every_block_gets_its_adapters_and_nothing_else_does(kind: str, placement: str, per_block: int) -> None:
    assert len(adapted(kind, placement)) == LAYERS * per_block


def test_a_decoder_gets_one_more_behind_its_cross_attention() -> None:
    assert len(adapted("t5", "houlsby")) == LAYERS * (2 + 3)
    assert len(adapted("t5", "pfeiffer")) == LAYERS * 2


def adapted(kind: str, placement: str) -> list[str]:
    """Return the names of a tiny model's layers with an adapter behind them; all else must be frozen."""
    from ftadvisor.executors.tuners.bottleneck import BottleneckConfig, BottleneckModel

    config = BottleneckConfig(width=4, target_modules=targets(kind, placement))
    model = BottleneckModel(tiny(kind), config, "default")
    trained = {
        name.rpartition(".bottleneck_adapters.")[0] for name, one in model.named_parameters() if one.requires_grad
    }
    assert all(".bottleneck_adapters." in name for name, one in model.named_parameters() if one.requires_grad)
    return sorted(trained)


def test_an_unknown_architecture_is_refused_with_what_to_use() -> None:
    with pytest.raises(UserError, match="unheard_of"):
        targets("unheard_of", "houlsby")


def test_two_adapters_run_one_after_the_other_and_can_be_switched_off(tiny_model: Path) -> None:
    import torch
    from ftadvisor.executors.tuners.bottleneck import BottleneckConfig

    tokens = torch.tensor([[5, 6, 7, 8]])
    model = load_model(ModelSource(source=str(tiny_model)))
    plain = model(tokens).logits
    adapted = attach(model, Options(bottleneck=4))
    _shake(adapted)
    first = adapted(tokens).logits
    adapted.add_adapter("second", BottleneckConfig(width=8, target_modules=r".*\.down_proj"))
    adapted.set_adapter("second")
    _shake(adapted)
    second = adapted(tokens).logits
    adapted.base_model.set_adapter(["default", "second"])
    both = adapted(tokens).logits
    with adapted.disable_adapter():
        assert torch.equal(adapted(tokens).logits, plain)
    results = [plain, first, second, both]
    assert all(not torch.allclose(one, other) for i, one in enumerate(results) for other in results[:i])
    with pytest.raises(ValueError, match="in series"):
        adapted.merge_and_unload()


def test_it_trains_on_a_base_in_four_bits(tiny_model: Path) -> None:
    import torch

    model = attach(load_model(ModelSource(source=str(tiny_model), quantisation="nf4")), Options(bottleneck=4))
    model(torch.tensor([[5, 6, 7, 8]])).logits.sum().backward()
    trained = [value for value in model.parameters() if value.requires_grad]
    assert trained
    assert all(value.grad is not None and value.dtype == torch.float32 for value in trained)


def test_the_count_is_the_estimators(tiny_model: Path) -> None:
    import json

    config = json.loads((tiny_model / "config.json").read_text())
    model = attach(load_model(ModelSource(source=str(tiny_model))), Options(bottleneck=4))
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    request = EstimateRequest(config=config, method="adapter", bottleneck=4, seq_len=16)
    assert estimate(request).trainable_parameters == trained


def test_a_fresh_process_loads_what_was_saved(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    base = ModelSource(source=str(tiny_model))
    model = attach(load_model(base), Options(bottleneck=4))
    _shake(model)
    save_adapter(model, load_tokenizer(str(tiny_model)), tmp_path / "adapter", base, "adapter")
    program = f"""
from pathlib import Path
import torch
from ftadvisor.executors.adapters import load_adapted
from ftadvisor.executors.plan import ModelSource
model = load_adapted(ModelSource(source={str(tiny_model)!r}), Path({str(tmp_path / "adapter")!r}))
print(float(model(torch.tensor([[5, 6, 7, 8]])).logits.double().sum()))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    expected = float(model.eval()(torch.tensor([[5, 6, 7, 8]])).logits.double().sum().detach())
    assert float(found.stdout) == pytest.approx(expected, rel=1e-6)


def _shake(model: Any) -> None:
    import torch

    torch.manual_seed(0)
    for value in model.parameters():
        if value.requires_grad:
            value.data += 0.3 * torch.randn_like(value)
