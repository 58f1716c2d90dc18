"""What a method trains is counted exactly as peft counts it."""

from typing import Any

import pytest
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.unsupported import UnsupportedError

from .tiny import CONFIGS, real_model

peft = pytest.importorskip("peft")

FAMILIES = sorted(CONFIGS)
MIXTURES = ("granitemoe", "mixtral")
LORA_FAMILIES = [name for name in FAMILIES if name not in MIXTURES]
ATTENTION = dict.fromkeys(MIXTURES, ("q_proj", "v_proj"))


def counted(family: str, method: str, **settings: Any) -> int:
    settings = {"grad_checkpointing": False} | settings
    return estimate(EstimateRequest(config=CONFIGS[family], method=method, **settings)).trainable_parameters


def trained_by(model: Any) -> int:
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def with_peft(family: str, config: Any) -> int:
    return trained_by(peft.get_peft_model(real_model(CONFIGS[family]), config))


@pytest.mark.parametrize("family", FAMILIES)
def test_full_trains_every_weight(family: str) -> None:
    assert counted(family, "full") == trained_by(real_model(CONFIGS[family]))


@pytest.mark.parametrize("family", LORA_FAMILIES)
@pytest.mark.parametrize("rank", [1, 8])
def test_lora_on_all_linear_layers(family: str, rank: int) -> None:
    config = peft.LoraConfig(r=rank, target_modules="all-linear", task_type="CAUSAL_LM")
    assert counted(family, "lora", rank=rank) == with_peft(family, config)


@pytest.mark.parametrize("family", ["llama", "qwen3", "mixtral"])
def test_lora_on_named_layers(family: str) -> None:
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    assert counted(family, "lora", rank=4, targets=("q_proj", "v_proj")) == with_peft(family, config)


def test_dora_adds_a_magnitude_per_output() -> None:
    config = peft.LoraConfig(r=4, target_modules="all-linear", use_dora=True, task_type="CAUSAL_LM")
    torch = pytest.importorskip("torch")
    model = real_model(CONFIGS["llama"], meta=False)
    with torch.no_grad():
        assert counted("llama", "lora", rank=4, variant="dora") == trained_by(peft.get_peft_model(model, config))


def test_rslora_counts_like_lora() -> None:
    assert counted("llama", "lora", variant="rslora") == counted("llama", "lora")


def test_adalora_starts_at_its_initial_rank() -> None:
    config = peft.AdaLoraConfig(init_r=6, total_step=10, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    model = peft.get_peft_model(real_model(CONFIGS["llama"], meta=False), config)  # on meta, peft freezes too little
    assert counted("llama", "adalora", rank=6, targets=("q_proj", "v_proj")) == trained_by(model)


@pytest.mark.parametrize(
    "family", ["llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi", "gpt_bigcode"]
)
def test_ia3_uses_the_paper_s_layers(family: str) -> None:
    assert counted(family, "ia3") == with_peft(family, peft.IA3Config(task_type="CAUSAL_LM"))


@pytest.mark.parametrize("family", ["llama", "gemma", "phi"])
def test_soft_prompts(family: str) -> None:
    prompt = peft.PromptTuningConfig(num_virtual_tokens=7, task_type="CAUSAL_LM")
    assert counted(family, "prompt_tuning", virtual_tokens=7) == with_peft(family, prompt)
    encoder = peft.PromptEncoderConfig(num_virtual_tokens=7, encoder_hidden_size=16, task_type="CAUSAL_LM")
    assert counted(family, "p_tuning", virtual_tokens=7, encoder_width=16) == with_peft(family, encoder)


@pytest.mark.parametrize("family", ["llama", "qwen3", "phi"])
def test_prefixes(family: str) -> None:
    plain = peft.PrefixTuningConfig(num_virtual_tokens=7, task_type="CAUSAL_LM")
    assert counted(family, "p_tuning_v2", virtual_tokens=7) == with_peft(family, plain)
    made = peft.PrefixTuningConfig(
        num_virtual_tokens=7, prefix_projection=True, encoder_hidden_size=16, task_type="CAUSAL_LM"
    )
    assert counted(family, "prefix_tuning", virtual_tokens=7, encoder_width=16) == with_peft(family, made)


@pytest.mark.parametrize("family", ["qwen2", "glm", "phi", "gpt_bigcode"])
def test_bitfit_trains_the_biases(family: str) -> None:
    names = real_model(CONFIGS[family]).named_parameters()
    assert counted(family, "bitfit") == sum(weight.numel() for name, weight in names if name.endswith("bias"))


def test_bitfit_refuses_models_without_biases() -> None:
    with pytest.raises(UnsupportedError, match="bias"):
        counted("llama", "bitfit")


def test_adapters_are_two_bottlenecks_per_block() -> None:
    hidden, width, layers = 128, 16, 3
    assert counted("llama", "adapter", bottleneck=width) == layers * 2 * (2 * hidden * width + width + hidden)


def test_prefixes_refuse_checkpointing_as_peft_does() -> None:
    with pytest.raises(UnsupportedError, match="gradient checkpointing"):
        counted("llama", "p_tuning_v2", grad_checkpointing=True)


def test_experts_stored_together_are_not_guessed() -> None:
    with pytest.raises(UnsupportedError, match="targets"):
        counted("mixtral", "lora")


def test_new_words_are_rows_of_the_tables_where_all_is_trained() -> None:
    asked = EstimateRequest(config=CONFIGS["llama"], method="full")
    grown = estimate(asked.model_copy(update={"added_tokens": 3}))
    larger = asked.model_copy(update={"config": asked.config | {"vocab_size": 512 + 3}})
    assert grown.trainable_parameters == estimate(larger).trainable_parameters
    assert grown.parameters - estimate(asked).parameters == 2 * 3 * 128


@pytest.mark.parametrize("method", ["adalora", "ia3", "prompt_tuning", "inference"])
def test_methods_that_learn_no_new_words_refuse_them(method: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"{method}.*added_tokens"):
        estimate(EstimateRequest(config=CONFIGS["llama"], method=method, grad_checkpointing=False, added_tokens=3))
