"""The shadow of a training step needs the memory that the real step on real tensors needs."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.inputs import batch_bytes
from ftadvisor.executors.estimate.methods.find import method_of
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.step import Step
from ftadvisor.executors.estimate.storage import placement_of
from ftadvisor.executors.estimate.weights import rounded
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.stack import Stack

from .tiny import CONFIGS, real_model

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

BATCH, LENGTH, RANK = 2, 96, 8


class Meter:
    """Follow the storages that a piece of work makes."""

    def __init__(self, known: set[int]) -> None:
        self.known, self.live, self.current, self.peak = known, set[int](), 0, 0

    def see(self, tensor: Any) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, rounded(storage.nbytes())
        if key in self.live or key in self.known:
            return
        self.live.add(key)
        self.current += size
        self.peak = max(self.peak, self.current)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self.live.discard(key)
        self.current -= size


@contextmanager
def metered(known: set[int]) -> Iterator[Meter]:
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    meter = Meter(known)

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
            result = function(*arguments, **(options or {}))
            for leaf in tree_leaves(result):
                if isinstance(leaf, torch.Tensor):
                    meter.see(leaf)
            return result

    with Watch():
        yield meter


def real_peaks(family: str, method: str, checkpointing: bool) -> tuple[int, int]:
    model = real_model(CONFIGS[family], meta=False)
    if method == "lora":
        model = peft.get_peft_model(model, peft.LoraConfig(r=RANK, target_modules="all-linear", task_type="CAUSAL_LM"))
    model.train()
    if checkpointing:
        model.gradient_checkpointing_enable()
        if method == "lora":
            model.enable_input_require_grads()
    ids = torch.randint(1, 500, (BATCH, LENGTH))
    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers(), ids)}
    with metered(known) as meter:
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        forward, meter.peak = meter.peak, meter.current
        loss.backward()
    return forward, meter.peak


def shadow_peaks(family: str, method: str, checkpointing: bool) -> tuple[int, int]:
    request = EstimateRequest(
        config=CONFIGS[family],
        method=method,
        rank=RANK,
        batch=BATCH,
        seq_len=LENGTH,
        dtype="fp32",
        attention="eager",
        amp=False,
        device="cpu",
        grad_checkpointing=checkpointing,
    )
    step = Step(
        request, architecture_of(request.config), method_of(request), placement_of(request), load(Stack)["current"]
    )
    peaks, batch = step.play(), sum(map(rounded, batch_bytes(request, step.architecture)))
    return peaks.bytes["forward"] - batch, peaks.bytes["backward"] - batch


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "granite", "gemma", "phi3", "glm", "phi"])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_full_fine_tuning(family: str, checkpointing: bool) -> None:
    assert shadow_peaks(family, "full", checkpointing) == pytest.approx(
        real_peaks(family, "full", checkpointing), rel=0.005
    )


@pytest.mark.parametrize("family", ["glm4", "ministral3", "smollm3", "ernie4_5"])
def test_families_built_like_llama(family: str) -> None:
    """Some turn neighbouring numbers of a head together and copy the angles for it, which the shadow leaves out."""
    model = real_model(CONFIGS[family])
    assert architecture_of(CONFIGS[family]).parameters == sum(weight.numel() for weight in model.parameters())
    for method, checkpointing in (("full", False), ("lora", True)):
        found = shadow_peaks(family, method, checkpointing)
        assert found == pytest.approx(real_peaks(family, method, checkpointing), rel=0.01)


@pytest.mark.parametrize("family", ["qwen3", "glm", "glm4", "ernie4_5", "ministral3", "gemma", "gemma2", "smollm3"])
def test_what_a_config_leaves_out_is_its_family_s_default(family: str) -> None:
    config = {name: value for name, value in CONFIGS[family].items() if name not in {"head_dim", "tie_word_embeddings"}}
    real = sum(weight.numel() for weight in real_model(config).parameters())
    assert architecture_of(config).parameters == real


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "granite", "gemma", "phi"])
def test_lora_with_checkpointing(family: str) -> None:
    assert shadow_peaks(family, "lora", True) == pytest.approx(real_peaks(family, "lora", True), rel=0.005)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "opt", "opt_narrow", "gpt_bigcode"])
def test_families_with_learned_positions_or_joined_projections(family: str) -> None:
    """Embeddings that are added to each other live on as the model's variables."""
    assert shadow_peaks(family, "full", False) == pytest.approx(real_peaks(family, "full", False), rel=0.005)
    for method in ("full", "lora"):
        (forward, backward), real = shadow_peaks(family, method, True), real_peaks(family, method, True)
        assert backward == pytest.approx(real[1], rel=0.005)
        if family in {"gpt2", "gpt_bigcode", "opt"}:
            assert forward == pytest.approx(real[0], rel=0.005)


@pytest.mark.parametrize("family", ["gemma2", "gemma3_text", "phi3", "glm"])
def test_lora_with_checkpointing_in_families_with_more_small_tensors(family: str) -> None:
    assert shadow_peaks(family, "lora", True) == pytest.approx(real_peaks(family, "lora", True), rel=0.04)


@pytest.mark.parametrize("family", ["llama", "gemma2", "phi3", "phi"])
def test_lora_without_checkpointing(family: str) -> None:
    """The first layer's input needs no gradient; the shadow takes all layers for equal, which three layers show."""
    assert shadow_peaks(family, "lora", False) == pytest.approx(real_peaks(family, "lora", False), rel=0.02)


@pytest.mark.parametrize("family", ["mixtral", "granitemoe"])
def test_a_mixture_of_experts(family: str) -> None:
    assert shadow_peaks(family, "full", False) == pytest.approx(real_peaks(family, "full", False), rel=0.03)


def test_adapters_of_a_mixture_whose_experts_are_left_alone() -> None:
    assert shadow_peaks("granitemoe", "lora", False) == pytest.approx(real_peaks("granitemoe", "lora", False), rel=0.01)


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_positions_as_a_bias_on_scores(method: str, checkpointing: bool) -> None:
    forward, backward = shadow_peaks("bloom", method, checkpointing)
    real_forward, real_backward = real_peaks("bloom", method, checkpointing)
    assert backward == pytest.approx(real_backward, rel=0.005)
    assert forward == pytest.approx(real_forward, rel=0.07)  # the block's named tensors live on beside the next layer


def test_crowded_experts_need_more_where_they_run_one_by_one() -> None:
    wide = CONFIGS["mixtral"] | {"intermediate_size": 4096}
    together, apart = (
        estimate(EstimateRequest(config=wide, method="full", batch=4, seq_len=512, stack=stack))
        for stack in ("current", "transformers-4.48")
    )
    spread = apart.peak.high_bytes - apart.peak.allocated_bytes
    assert spread > together.peak.high_bytes - together.peak.allocated_bytes + 2**20
    assert "2.0 times" in "".join(apart.assumptions)
    assert "does not change" in "".join(together.assumptions)
