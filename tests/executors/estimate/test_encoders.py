"""Encoders with a classifier: counted as transformers and peft count, and as much memory as the real step."""

from typing import Any

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.inputs import batch_bytes
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

LABELS, RANK, BATCH, LENGTH = 5, 4, 2, 96
SHAPE = {"hidden_size": 128, "intermediate_size": 320, "num_hidden_layers": 3, "num_attention_heads": 4}
DISTILLED = {"dim": 128, "hidden_dim": 320, "n_layers": 3, "n_heads": 4, "dropout": 0.0, "attention_dropout": 0.0}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
COMMON = {"vocab_size": 512, "max_position_embeddings": 128}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
RELATIVE = {
    "model_type": "deberta-v2",
    "relative_attention": True,
    "position_buckets": 32,
    "pos_att_type": ["p2c", "c2p"],
    "share_att_key": True,
    "norm_rel_ebd": "layer_norm",
    "position_biased_input": False,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": COMMON | SHAPE | STILL | {"model_type": "bert"},
    "roberta": COMMON | SHAPE | STILL | {"model_type": "roberta"},
    "electra": COMMON | SHAPE | STILL | {"model_type": "electra", "embedding_size": 64},
    "modernbert": COMMON | SHAPE | SPECIAL | {"model_type": "modernbert"},
    "deberta-v2": COMMON | SHAPE | STILL | RELATIVE,
    "deberta-v2-apart": COMMON | SHAPE | STILL | RELATIVE | {"share_att_key": False, "position_biased_input": True},
    "distilbert": COMMON | DISTILLED | {"model_type": "distilbert"},
}


def real(family: str, *, meta: bool = True, attention: str = "eager", **changed: Any) -> Any:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.for_model(**CONFIGS[family] | changed, num_labels=LABELS)
    with torch.device("meta" if meta else "cpu"):
        return AutoModelForSequenceClassification.from_config(config, attn_implementation=attention)


def asked(family: str, **values: Any) -> EstimateRequest:
    return EstimateRequest(config=CONFIGS[family], labels=LABELS, **values)


@pytest.mark.parametrize("family", CONFIGS)
def test_full_trains_every_weight(family: str) -> None:
    answer = estimate(asked(family, method="full"))
    assert answer.trainable_parameters == answer.parameters == sum(w.numel() for w in real(family).parameters())


@pytest.mark.parametrize(
    ("family", "targets"),
    [*((family, "all-linear") for family in CONFIGS if family != "distilbert"), ("distilbert", ["q_lin", "v_lin"])],
)
def test_lora_trains_the_classifier_too(family: str, targets: Any) -> None:
    model = peft.get_peft_model(real(family), peft.LoraConfig(r=RANK, target_modules=targets, task_type="SEQ_CLS"))
    named = () if targets == "all-linear" else tuple(targets)
    counted = estimate(asked(family, method="lora", rank=RANK, targets=named)).trainable_parameters
    assert counted == sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def real_peaks(model: Any, half: bool) -> tuple[int, int]:
    ids, labels = torch.randint(5, 500, (BATCH, LENGTH)), torch.zeros(BATCH, dtype=torch.long)
    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers(), ids, labels)}
    with metered(known) as meter:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(input_ids=ids, labels=labels).loss
        forward, meter.peak = meter.peak, meter.current
        loss.backward()
    return forward, meter.peak


def shadow_peaks(request: EstimateRequest) -> tuple[int, int]:
    request = filled(request)
    step = Step(
        request, architecture_of(request.config), method_of(request), placement_of(request), load(Stack)["current"]
    )
    peaks, batch = step.play(), sum(map(rounded, batch_bytes(request, step.architecture)))
    return peaks.bytes["forward"] - batch, peaks.bytes["backward"] - batch


STEP: dict[str, Any] = {
    "method": "full",
    "batch": BATCH,
    "seq_len": LENGTH,
    "grad_checkpointing": False,
    "dtype": "fp32",
    "device": "cpu",
}


@pytest.mark.parametrize("family", CONFIGS)
def test_the_step_needs_what_the_real_step_needs(family: str) -> None:
    found = shadow_peaks(asked(family, attention="eager", amp=False, **STEP))
    assert found == pytest.approx(real_peaks(real(family, meta=False).train(), half=False), rel=0.03)


@pytest.mark.parametrize("half", [False, True])
def test_attention_that_drops_weights_on_a_cpu(half: bool) -> None:
    """No fused kernel does that there, and what is written out is in float32 whatever comes in."""
    dropping = {"attention_probs_dropout_prob": 0.1}
    model = real("bert", meta=False, attention="sdpa", **dropping).train()
    request = EstimateRequest(config=CONFIGS["bert"] | dropping, labels=LABELS, attention="sdpa", amp=half, **STEP)
    assert shadow_peaks(request) == pytest.approx(real_peaks(model, half), rel=0.05)


def test_a_bare_encoder_needs_to_be_told_its_classes() -> None:
    with pytest.raises(UnsupportedError, match="labels"):
        estimate(EstimateRequest(config=CONFIGS["bert"] | {"architectures": ["BertModel"]}, method="full"))
