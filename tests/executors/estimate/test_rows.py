"""Published rows: read as their source's own settings say, or refused by name."""

import pytest
from ftadvisor.executors.estimate.rows import answer_row, request_of_row

LITGPT = {
    "source": "github.com/Lightning-AI/litgpt config_hub/finetune",
    "model": "tiny-llama",
    "method": "lora",
    "quant": "none",
    "rank": "32 (see yaml)",
    "batch": "8",
    "seq": "512 (max)",
    "grad_ckpt": "False",
    "optimizer": "AdamW",
    "dtype": "bf16-true",
    "attention": "sdpa",
    "gpu": "1xA10G",
    "kind": "allocated",
    "notes": "",
}


def test_a_row_takes_the_settings_of_its_source() -> None:
    request = request_of_row(LITGPT)
    assert request.stack == "litgpt"
    assert "lm_head" in request.targets
    assert request.gpu == ("a10g",)
    assert not request.grad_checkpointing


def _allocated(row: dict[str, str]) -> int:
    return int(answer_row(row)["peak"]["allocated_bytes"])


def test_packing_in_litgpt_keeps_inputs_until_the_next_step_has_its_logits() -> None:
    assert _allocated(LITGPT | {"quant": "bnb.nf4"}) > _allocated(LITGPT)


def test_gradients_of_all_weights_wait_where_units_mix_frozen_and_trained_ones() -> None:
    table = LITGPT | {"source": "github.com/Lightning-AI/litgpt tutorials", "model": "3B StableLM Alpha", "batch": "1"}
    alone = _allocated(table)
    shared = _allocated(table | {"gpu": "2 x A100", "notes": "Multiple GPUs"})
    assert shared > alone  # although each device holds half of the weights


def test_the_range_is_that_of_what_was_measured() -> None:
    tensors, device = (answer_row(LITGPT | {"kind": kind})["peak"] for kind in ("allocated", "nvidia-smi"))
    assert tensors["low_bytes"] < tensors["allocated_bytes"] < tensors["high_bytes"]
    assert device["low_bytes"] < device["device_bytes"] < device["high_bytes"]


def test_the_tutorial_of_torchtune_is_read_with_its_recipe() -> None:
    row = LITGPT | {"source": "github.com/pytorch/torchtune docs/source/tutorials/lora_finetune.rst", "batch": "2"}
    request = request_of_row(row | {"model": "Llama2-7B", "rank": "64", "kind": "reserved", "notes": "lora on q,v"})
    assert request.stack == "torchtune"
    assert (request.seq_len, request.targets) == (512, ("q_proj", "v_proj"))


def test_the_second_gemma_in_litgpt_has_four_norms_and_a_head_of_its_own() -> None:
    answer = answer_row(LITGPT | {"model": "gemma2-2b", "batch": "2"})
    head = 256_000 * 2304
    assert answer["parameters"] == 2_614_341_888 + head
    assert answer["peak"]["allocated_bytes"] > 2 * answer["parameters"] + 3 * 4 * 256_000 * 1024  # softcap's copies


def test_only_the_trained_half_of_an_adapter_counts_as_trained() -> None:
    row = LITGPT | {"source": "github.com/huggingface/peft method_comparison", "model": "meta-llama/Llama-3.2-3B"}
    row |= {"rank": "32", "batch": "4", "seq": "768", "dtype": "bfloat16", "kind": "reserved"}
    notes = "variant=lora--llama-3.2-3B-rank32-mica; targets=q_proj v_proj; trainable=5505024"
    assert answer_row(row | {"notes": notes})["trainable_parameters"] == 28 * 2 * 32 * 3072


def test_baichuan_keeps_a_normalised_copy_of_its_head() -> None:
    row = LITGPT | {"source": "modelscope/ms-swift", "rank": "8", "batch": "1", "seq": "<=64", "kind": "reserved"}
    row |= {"model": "baichuan2-7b-chat", "grad_ckpt": "True", "gpu": "A100-80GB"}
    peak = answer_row(row)["peak"]
    weights = 2 * 7_505_973_248
    assert peak["allocated_bytes"] > weights + 2 * 125696 * 4096


def test_written_out_scores_with_a_bias_grow_with_the_square_of_the_length() -> None:
    row = LITGPT | {"source": "modelscope/ms-swift", "rank": "8", "batch": "1", "kind": "reserved"}
    row |= {"model": "baichuan2-13b-chat", "grad_ckpt": "True", "gpu": "A100-80GB"}
    peaks = [answer_row(row | {"seq": f"<={length}"})["peak"]["allocated_bytes"] for length in (1024, 2048, 4096)]
    pairs = 40 * (4096**2 - 2048**2)
    assert peaks[2] - peaks[1] > 10 * pairs  # a bias, its sum with the mask, scores, and the softmax in float32
    assert peaks[1] - peaks[0] < peaks[2] - peaks[1]


def test_what_the_allocator_holds_is_likely_halfway_between_its_ends() -> None:
    row = LITGPT | {"source": "modelscope/ms-swift", "rank": "8", "batch": "1", "seq": "<=2048", "kind": "reserved"}
    row |= {"model": "yi-6b-chat", "grad_ckpt": "True", "gpu": "A100-80GB"}
    peak = answer_row(row)["peak"]
    assert peak["allocated_bytes"] < peak["reserved_bytes"] < peak["high_bytes"]


def test_float32_examples_with_plain_pytorch() -> None:
    row = LITGPT | {"source": "github.com/huggingface/peft README.md", "model": "bigscience/T0_3B", "kind": "unknown"}
    weights = 4 * 2_849_757_184
    assert answer_row(row | {"method": "full"})["peak"]["allocated_bytes"] >= 4 * weights
    assert weights < answer_row(row | {"method": "lora"})["peak"]["allocated_bytes"] < 1.4 * weights


def test_glm_4_with_its_own_code_has_the_published_number_of_parameters() -> None:
    row = LITGPT | {"source": "github.com/hiyouga/LlamaFactory/issues/1", "model": "THUDM/glm-4-9b-chat"}
    row |= {"kind": "nvidia-smi", "seq": "1024 cutoff", "rank": "8", "batch": "1"}
    assert answer_row(row)["parameters"] == 9_399_951_360


TITAN = LITGPT | {
    "source": "github.com/pytorch/torchtitan benchmarks",
    "model": "Llama 3.1 8B",
    "method": "full(pretrain)",
    "batch": "2",
    "seq": "8192",
    "grad_ckpt": "selective",
    "gpu": "8xH100-96GB",
    "kind": "reserved",
    "notes": "FSDP",
}


def test_selective_checkpoints_keep_every_second_product_and_attention() -> None:
    selective, whole = (answer_row(TITAN | {"grad_ckpt": kind})["peak"] for kind in ("selective", "full"))
    per_token = 2 * (4096 + 1024 + 14336 + 4096 + 4096) + 4 * 32
    kept = 32 * 2 * 8192 * per_token
    assert selective["allocated_bytes"] - whole["allocated_bytes"] == pytest.approx(kept, rel=0.01)


def test_shards_in_float32_are_divided_among_the_gpus() -> None:
    few, many = (answer_row(TITAN | {"gpu": f"{count}xH100-96GB"}) for count in (8, 128))
    states = 12 * few["parameters"]  # weights and AdamW's two states
    assert few["steady_bytes"] - many["steady_bytes"] == pytest.approx(states / 8 - states / 128, rel=0.01)


def test_compiled_kernels_and_other_ways_to_split_are_refused() -> None:
    assert "torch.compile" in answer_row(TITAN | {"notes": "FSDP+compile"})["unsupported"]
    assert "TP8" in answer_row(TITAN | {"notes": "FSDP32 TP8"})["unsupported"]


def test_checkpoints_that_are_not_reentrant_hold_the_inputs_of_old_packed_products() -> None:
    row = LITGPT | {"source": "modelscope/ms-swift", "model": "qwen-7b-chat", "rank": "8", "batch": "1"}
    row |= {"seq": "<=2048", "kind": "reserved", "grad_ckpt": "True", "gpu": "A100-80GB"}
    packed, plain = (
        answer_row(row | {"method": m, "quant": q}) for m, q in (("qlora", "int4 (bnb)"), ("lora", "none"))
    )
    saved = plain["steady_bytes"] - packed["steady_bytes"]
    inputs = 32 * 2048 * 2 * (3 * 4096 + 11008)  # of the joined projection, the output's, the gate's and the last one
    assert plain["peak"]["allocated_bytes"] - packed["peak"]["allocated_bytes"] < saved - 0.9 * inputs


def test_rows_that_cannot_be_estimated_say_why() -> None:
    refused = {
        "LLaMA-Adapter": {"method": "adapter"},
        "of gpt-9": {"model": "gpt-9"},
        "fused": {"notes": "framework=foak"},
        "source": {"source": "example.org"},
        "not known": {"source": "modelscope/ms-swift", "model": "chatglm3-6b"},
    }
    for reason, change in refused.items():
        assert reason in answer_row(LITGPT | change)["unsupported"]
