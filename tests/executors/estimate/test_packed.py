"""Quantised bases take what the quantising libraries' own layers take, between steps and during one."""

from collections.abc import Iterator
from typing import Any

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.inputs import batch_bytes, with_lengths
from ftadvisor.executors.estimate.methods.find import method_of
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.settings import filled
from ftadvisor.executors.estimate.shadow.graph import Run, fresh
from ftadvisor.executors.estimate.shadow.packed import packed
from ftadvisor.executors.estimate.step import Step
from ftadvisor.executors.estimate.storage import eight_bit_bytes, grouped_bytes, placement_of
from ftadvisor.executors.estimate.weights import Weight, rounded
from ftadvisor.knowledge.find import find_model
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.stack import Stack

from .test_shadow import metered
from .tiny import CONFIGS, real_model

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")
bitsandbytes = pytest.importorskip("bitsandbytes")

BATCH, LENGTH, RANK = 2, 96, 8
LLAMA = find_model("llama-3.1-8b").config


def eight_bit_layers(model: Any) -> Iterator[Any]:
    return (layer for layer in model.modules() if isinstance(layer, bitsandbytes.nn.Linear8bitLt))


def real_int8() -> Any:
    """Return a small model whose layers are bitsandbytes' own, rounded on the CPU."""
    model = real_model(CONFIGS["llama"], meta=False)
    for name, layer in list(model.model.layers.named_modules()):
        if isinstance(layer, torch.nn.Linear):
            place, own = name.rsplit(".", 1)
            packed = bitsandbytes.nn.Linear8bitLt(
                layer.in_features, layer.out_features, bias=False, has_fp16_weights=False, threshold=6.0
            )
            packed.weight = bitsandbytes.nn.Int8Params(layer.weight.data, requires_grad=False)._quantize("cpu")
            setattr(model.model.layers.get_submodule(place), own, packed)
    model.is_loaded_in_8bit = True
    return model


def real_peaks(checkpointing: bool, reentrant: bool) -> tuple[int, int]:
    model = peft.get_peft_model(
        real_int8(), peft.LoraConfig(r=RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    ).train()
    for layer in eight_bit_layers(model):  # a CPU in training takes another way than a GPU
        layer.eval()
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": reentrant})
        model.enable_input_require_grads()
    ids = torch.randint(1, 500, (BATCH, LENGTH))
    model(input_ids=ids, use_cache=False)
    states = [tensor for layer in eight_bit_layers(model) for tensor in (layer.state.CB, layer.state.SCB)]
    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers(), *states, ids)}
    with metered(known) as meter:
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        kept = meter.peak = meter.current
        loss.backward()
    return kept, meter.peak


def shadow_peaks(checkpointing: bool, reentrant: bool) -> tuple[int, int]:
    plain: dict[str, Any] = {"dtype": "fp32", "attention": "eager", "amp": False, "device": "cpu"}
    shape: dict[str, Any] = {"batch": BATCH, "seq_len": LENGTH, "rank": RANK, "grad_checkpointing": checkpointing}
    request = EstimateRequest(config=CONFIGS["llama"], quant="int8", kbit_prepare=False, **plain, **shape)
    stack = load(Stack)["current"].model_copy(update={"reentrant_checkpoint": reentrant})
    step = Step(request, architecture_of(request.config), method_of(request), placement_of(request), stack)
    kept: list[int] = []
    close = step._close

    def noted(phase: str) -> None:
        kept.append(step.run.meter.current)
        close(phase)

    step._close = noted  # type: ignore[method-assign]
    peaks, batch = step.play(), sum(map(rounded, batch_bytes(request, step.architecture)))
    return kept[0] - batch, peaks.bytes["backward"] - batch


def test_int8_weights_are_as_large_as_bitsandbytes_makes_them() -> None:
    layers = list(eight_bit_layers(real_int8()))
    real = sum(rounded(layer.weight.CB.nbytes) + rounded(layer.weight.SCB.nbytes) for layer in layers)
    assert len(layers) == 3 * 7
    counted = [eight_bit_bytes(layer.out_features, layer.in_features) for layer in layers]
    assert sum(counted) == real


@pytest.mark.parametrize("reentrant", [False, True])
def test_int8_keeps_its_inputs_in_spite_of_checkpoints_that_do_not_reenter(reentrant: bool) -> None:
    assert shadow_peaks(True, reentrant) == pytest.approx(real_peaks(True, reentrant), rel=0.005)


def test_int8_without_checkpointing() -> None:
    assert shadow_peaks(False, False) == pytest.approx(real_peaks(False, False), rel=0.005)


def held_after_backward(request: EstimateRequest, saves: bool = False) -> int:
    """Return the bytes that a step holds at the end of its backward pass."""
    stack = load(Stack)["current"].model_copy(update={"saves_packed_inputs": saves, "reentrant_checkpoint": False})
    architecture = architecture_of(request.config)
    request = with_lengths(request, architecture)
    step = Step(request, architecture, method_of(request), placement_of(request), stack)
    held: list[int] = []
    close = step._close

    def noted(phase: str) -> None:
        held.append(step.run.meter.current)
        close(phase)

    step._close = noted  # type: ignore[method-assign]
    step.play()
    return held[-1]


@pytest.mark.parametrize("checkpointing", [False, True])
def test_inputs_that_4_bit_products_keep_as_attributes_outlive_checkpoints_and_the_backward_pass(
    checkpointing: bool,
) -> None:
    request = EstimateRequest(config=LLAMA, quant="nf4", seq_len=LENGTH, grad_checkpointing=checkpointing)
    more = held_after_backward(request, saves=True) - held_after_backward(request)
    inputs_of_a_layer = LENGTH * 2 * (6 * 4096 + 14336)  # every product narrows the float32 stream for itself
    assert more == pytest.approx(32 * inputs_of_a_layer, rel=0.05)


def test_a_first_layer_that_widens_the_stream_pins_no_more_than_the_others() -> None:
    one, two, three = (
        held_after_backward(
            EstimateRequest(config=LLAMA | {"num_hidden_layers": layers}, quant="int8", outer_dtype="bf16")
        )
        for layers in (1, 2, 3)
    )
    assert two - one == three - two


@pytest.mark.parametrize("checkpointing", [False, True])
def test_int8_layers_that_read_the_encoder_s_output_keep_it_together(checkpointing: bool) -> None:
    def growth(decoder_layers: int) -> int:
        config = find_model("t5-base").config | {"num_decoder_layers": decoder_layers}
        shape: dict[str, Any] = {"quant": "int8", "target_len": 8, "grad_checkpointing": checkpointing}
        short, long = (
            held_after_backward(EstimateRequest(config=config, seq_len=length, **shape)) for length in (512, 1024)
        )
        return long - short

    assert growth(2) == growth(12)


def test_only_the_blocks_linear_layers_are_packed() -> None:
    plain, int8, gptq, nf4 = (
        estimate(EstimateRequest(config=LLAMA, method="inference", quant=quant)).phases["load"]
        for quant in ("none", "int8", "gptq", "nf4-dq")
    )
    linear = sum(count * w.elements for count, w in architecture_of(LLAMA).weights() if w.role == "linear")
    assert plain - int8 == pytest.approx(linear, rel=0.01)
    assert nf4 < gptq < int8 < plain


def test_gptq_weights_have_their_scales_zeros_and_groups() -> None:
    """Shapes as gptqmodel registers them: a scale and a zero per group of 128 inputs, a group's number per input."""
    parts = {"qweight": 4096 // 8 * 1024 * 4, "qzeros": 32 * 128 * 4, "scales": 32 * 1024 * 2, "g_idx": 4096 * 4}
    assert grouped_bytes(1024, 4096, 128) == sum(map(rounded, parts.values()))
    assert grouped_bytes(1024, 4096, 32) > grouped_bytes(1024, 4096, 128)


def test_gptq_keeps_written_out_weights_unless_checkpoints_drop_them() -> None:
    kept, dropped = (
        estimate(EstimateRequest(config=LLAMA, quant="gptq", batch=1, seq_len=16, grad_checkpointing=checkpointing))
        for checkpointing in (False, True)
    )
    linear = sum(count * w.elements for count, w in architecture_of(LLAMA).weights() if w.role == "linear")
    assert kept.phases["backward"] - dropped.phases["backward"] > 0.9 * 2 * linear * 31 / 32


@pytest.mark.parametrize(
    ("written", "quant", "group"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "gptq", 32),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8", 128),
        (
            {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
            "nf4-dq",
            128,
        ),
    ],
)
def test_a_checkpoint_s_own_quantisation_is_read_from_its_config(written: Any, quant: str, group: int) -> None:
    request = filled(EstimateRequest(config=LLAMA | {"quantization_config": written}))
    assert (request.quant, request.group_size) == (quant, group)


def test_int8_products_copy_bfloat16_to_float16_and_back() -> None:
    """A wide output beside a narrow input, so that the peak is where the output is written out and cast."""
    weight = Weight("q_proj", (4096, 64), "linear")
    peaks = {}
    for dtype in ("bf16", "fp16"):
        request = EstimateRequest(config=LLAMA, quant="int8", dtype=dtype)  # type: ignore[arg-type]
        run = Run()
        packed(run, weight, fresh(run, 256, 64, 2), placement_of(request), request.dtype, saves=False, twice=False)
        peaks[dtype] = run.meter.peak
    assert peaks["bf16"] - peaks["fp16"] == 256 * 4096 * 2


def test_weights_packed_from_float16_are_written_out_in_it_first() -> None:
    """Up to bitsandbytes 0.42 there are two copies of the largest weight in bfloat16, and one in float16."""
    largest = 2 * 4096 * 11008
    values: dict[str, Any] = {"config": find_model("llama-2-7b").config, "method": "qlora", "amp": False, "seq_len": 16}
    for dtype, copies in (("bf16", 1), ("fp16", 0)):
        newer, older = (
            estimate(EstimateRequest(**values, dtype=dtype, stack=stack)).peak.allocated_bytes
            for stack in ("transformers-4.45", "transformers-4.32")
        )
        assert older - newer == pytest.approx(copies * largest, abs=0.02 * largest)
