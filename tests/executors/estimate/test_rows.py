"""Published rows: read as their source's own settings say, or refused by name."""

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


def test_rows_that_cannot_be_estimated_say_why() -> None:
    refused = {
        "LLaMA-Adapter": {"method": "adapter"},
        "of gpt-9": {"model": "gpt-9"},
        "fused": {"notes": "framework=foak"},
        "source": {"source": "example.org"},
    }
    for reason, change in refused.items():
        assert reason in answer_row(LITGPT | change)["unsupported"]
