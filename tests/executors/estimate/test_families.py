"""Encoder-decoders, vision and speech: counted as peft counts them, and as much memory as the real step."""

from typing import Any

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.inputs import batch_bytes, with_lengths
from ftadvisor.executors.estimate.methods.find import method_of
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.settings import filled
from ftadvisor.executors.estimate.step import Step
from ftadvisor.executors.estimate.storage import placement_of
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.executors.estimate.weights import rounded
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.stack import Stack

from .test_shadow import metered

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

BATCH, LENGTH, TARGET, RANK, TOKENS = 2, 96, 48, 8, 7
T5 = {
    "model_type": "t5",
    "vocab_size": 512,
    "d_model": 128,
    "d_kv": 32,
    "d_ff": 320,
    "num_layers": 3,
    "num_heads": 4,
    "decoder_start_token_id": 0,
    "dropout_rate": 0.0,
}
HEADS = {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 320, "decoder_ffn_dim": 320}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
WHISPER = HEADS | SPECIAL | {"model_type": "whisper", "vocab_size": 512, "d_model": 128, "dropout": 0.0}
AUDIO = {"encoder_layers": 3, "decoder_layers": 3, "num_mel_bins": 16}
WINDOW = {"max_source_positions": LENGTH, "max_target_positions": 64}
VIT = {
    "model_type": "vit",
    "hidden_size": 128,
    "intermediate_size": 320,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 64,
    "patch_size": 8,
    "num_labels": 10,
    "architectures": ["ViTForImageClassification"],
}
CONFIGS: dict[str, dict[str, Any]] = {
    "t5": T5,
    "mt5": T5 | {"model_type": "mt5", "feed_forward_proj": "gated-gelu"},
    "whisper": WHISPER | AUDIO | WINDOW,
    "vit": VIT,
}
CLASSES = {"whisper": "AutoModelForSpeechSeq2Seq", "vit": "AutoModelForImageClassification"}


def real(family: str, *, attention: str = "eager") -> Any:
    import transformers

    found = getattr(transformers, CLASSES.get(family, "AutoModelForSeq2SeqLM"))
    return found.from_config(transformers.AutoConfig.for_model(**CONFIGS[family]), attn_implementation=attention)


def inputs(family: str) -> dict[str, Any]:
    labels = torch.randint(3, 500, (BATCH, TARGET))
    if family == "whisper":
        return {"input_features": torch.randn(BATCH, 16, 2 * LENGTH), "labels": labels, "use_cache": False}
    if family == "vit":
        return {"pixel_values": torch.randn(BATCH, 3, 64, 64), "labels": torch.zeros(BATCH, dtype=torch.long)}
    return {"input_ids": torch.randint(3, 500, (BATCH, LENGTH)), "labels": labels, "use_cache": False}


def real_peaks(family: str, method: str, checkpointing: bool, attention: str) -> tuple[int, int, int]:
    """Return what the real step keeps after the forward pass, and the peaks of both passes."""
    model = real(family, attention=attention)
    if method == "lora":
        left_out = ["classifier"] if family == "vit" else None
        model = peft.get_peft_model(
            model, peft.LoraConfig(r=RANK, target_modules="all-linear", exclude_modules=left_out)
        )
    model.train()
    if checkpointing:
        model.gradient_checkpointing_enable()
        if method == "lora":
            model.enable_input_require_grads()
    batch = inputs(family)
    tensors = [value for value in batch.values() if isinstance(value, torch.Tensor)]
    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers(), *tensors)}
    with metered(known) as meter:
        loss = model(**batch).loss
        saved, forward, meter.peak = meter.current, meter.peak, meter.current
        loss.backward()
    return saved, forward, meter.peak


def asked(family: str, method: str, **values: Any) -> EstimateRequest:
    return EstimateRequest(config=CONFIGS[family], method=method, rank=RANK, **values)


def shadow_peaks(family: str, method: str, checkpointing: bool, attention: str) -> tuple[int, int, int]:
    values: dict[str, Any] = {"dtype": "fp32", "attention": attention, "amp": False, "device": "cpu"}
    shape = {"batch": BATCH, "seq_len": LENGTH, "target_len": TARGET, "grad_checkpointing": checkpointing}
    request = filled(asked(family, method, **values, **shape))
    architecture = architecture_of(request.config)
    request = with_lengths(request, architecture)
    placement = placement_of(request)
    step = Step(request, architecture, method_of(request), placement, load(Stack)["current"])
    kept: list[int] = []
    close = step._close

    def noted(phase: str) -> None:
        kept.append(step.run.meter.current)
        close(phase)

    step._close = noted  # type: ignore[method-assign]
    peaks, batch = step.play(), sum(map(rounded, batch_bytes(request, architecture)))
    return kept[0] - batch, peaks.bytes["forward"] - batch, peaks.bytes["backward"] - batch


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("checkpointing", [True, False])
def test_full_fine_tuning(family: str, checkpointing: bool) -> None:
    saved, _, backward = shadow_peaks(family, "full", checkpointing, "eager")
    real_saved, _, real_backward = real_peaks(family, "full", checkpointing, "eager")
    assert saved == pytest.approx(real_saved, rel=0.005)
    assert backward == pytest.approx(real_backward, rel=0.01)


@pytest.mark.parametrize("family", CONFIGS)
def test_lora_keeps_what_the_real_step_keeps(family: str) -> None:
    """The first layer's input needs no gradient; the shadow takes all layers for equal, which three layers show."""
    assert shadow_peaks(family, "lora", True, "eager")[0] == pytest.approx(
        real_peaks(family, "lora", True, "eager")[0], rel=0.005
    )
    assert shadow_peaks(family, "lora", False, "eager") == pytest.approx(
        real_peaks(family, "lora", False, "eager"), rel=0.025
    )


@pytest.mark.parametrize("family", ["whisper", "vit"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_lora_and_full_with_fused_attention(family: str, method: str) -> None:
    """Processors and GPUs have the same fused forward pass; the backward passes' workspaces differ."""
    real_saved, real_forward, _ = real_peaks(family, method, False, "sdpa")
    saved, forward, _ = shadow_peaks(family, method, False, "sdpa")
    assert (saved, forward) == pytest.approx((real_saved, real_forward), rel=0.025)


def counted(family: str, method: str, **values: Any) -> int:
    return estimate(asked(family, method, grad_checkpointing=False, **values)).trainable_parameters


def trained_by(model: Any) -> int:
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


@pytest.mark.parametrize("family", CONFIGS)
def test_full_trains_what_the_model_lets_be_trained(family: str) -> None:
    assert counted(family, "full") == trained_by(real(family))


@pytest.mark.parametrize("family", ["t5", "mt5", "whisper"])
@pytest.mark.parametrize("variant", ["none", "dora"])
def test_lora_on_all_linear_layers(family: str, variant: str) -> None:
    config = peft.LoraConfig(r=RANK, target_modules="all-linear", use_dora=variant == "dora")
    assert counted(family, "lora", variant=variant) == trained_by(peft.get_peft_model(real(family), config))


def test_adalora_on_t5() -> None:
    names = ("q", "v", "wo")
    config = peft.AdaLoraConfig(init_r=RANK, total_step=10, target_modules=list(names), task_type="SEQ_2_SEQ_LM")
    assert counted("t5", "adalora", targets=names) == trained_by(peft.get_peft_model(real("t5"), config))


@pytest.mark.parametrize("family", ["t5", "mt5"])
def test_ia3_uses_the_paper_s_layers(family: str) -> None:
    model = peft.get_peft_model(real(family), peft.IA3Config(task_type="SEQ_2_SEQ_LM"))
    assert counted(family, "ia3") == trained_by(model)


def test_soft_prompts_and_prefixes_of_t5() -> None:
    kind = {"num_virtual_tokens": TOKENS, "task_type": "SEQ_2_SEQ_LM"}
    wide = kind | {"encoder_hidden_size": 16}
    configs = {
        "prompt_tuning": peft.PromptTuningConfig(**kind),
        "p_tuning": peft.PromptEncoderConfig(**wide),
        "p_tuning_v2": peft.PrefixTuningConfig(**kind),
        "prefix_tuning": peft.PrefixTuningConfig(**wide, prefix_projection=True),
    }
    for method, config in configs.items():
        found = counted("t5", method, virtual_tokens=TOKENS, encoder_width=16)
        assert found == trained_by(peft.get_peft_model(real("t5"), config)), method


def test_t5_learns_new_words_only_where_all_is_trained() -> None:
    assert counted("t5", "full", added_tokens=3) == trained_by(real("t5")) + 3 * 128
    with pytest.raises(UnsupportedError, match=r"lora.*added_tokens.*t5.*full"):
        counted("t5", "lora", added_tokens=3)


@pytest.mark.parametrize("family", ["whisper", "vit"])
def test_bitfit_trains_the_biases(family: str) -> None:
    names = real(family).named_parameters()
    assert counted(family, "bitfit") == sum(weight.numel() for name, weight in names if name.endswith("bias"))


@pytest.mark.parametrize("family", ["whisper", "vit"])
@pytest.mark.parametrize("method", ["prompt_tuning", "p_tuning", "prefix_tuning", "p_tuning_v2"])
def test_inputs_that_are_no_tokens_get_no_soft_prompts(family: str, method: str) -> None:
    with pytest.raises(UnsupportedError, match=family):
        counted(family, method)


def test_bottlenecks_lie_behind_attention_and_feed_forward() -> None:
    per_bottleneck = 2 * 128 * 16 + 128 + 16
    assert counted("t5", "adapter", bottleneck=16) == (3 * 2 + 3 * 3) * per_bottleneck  # a decoder attends twice
    assert counted("vit", "adapter", bottleneck=16) == 3 * 2 * per_bottleneck


def test_a_classifier_of_new_classes_is_trained_whole() -> None:
    without = {key: value for key, value in VIT.items() if key != "num_labels"}
    request = EstimateRequest(config=without, method="lora", rank=RANK, labels=5)
    adapters = 3 * RANK * (4 * 2 * 128 + 2 * (128 + 320))
    assert estimate(request).trainable_parameters == adapters + 5 * 128 + 5


def test_t5_s_second_half_of_feed_forward_is_not_quantised() -> None:
    weights = {weight.name: weight for _, weight in architecture_of(T5).weights()}
    placement = placement_of(filled(asked("t5", "qlora")))
    assert placement.quantises(weights["DenseReluDense.wi"])
    assert not placement.quantises(weights["DenseReluDense.wo"])


def test_longer_targets_need_more() -> None:
    short, long = (estimate(asked("t5", "full", seq_len=64, target_len=length)) for length in (32, 256))
    assert long.phases["backward"] > short.phases["backward"]


def test_t5_keeps_half_of_its_feed_forward_layer_in_float32_beside_float16() -> None:
    from transformers import T5ForConditionalGeneration

    assert T5ForConditionalGeneration._keep_in_fp32_modules == ["wo"]
    half, narrow = (estimate(asked("t5", "inference", dtype=dtype)).phases["load"] for dtype in ("fp16", "bf16"))
    assert half - narrow == 6 * 128 * 320 * 2
