"""What ``memory_truth.py`` measures: families, methods, and shapes of batches, from the catalogue's own configs."""

from typing import Any

from ftadvisor.knowledge.find import find_model

Setting = dict[str, Any]

LORA_LIKE: tuple[tuple[str, str, Setting], ...] = (
    ("lora", "none", {}),
    ("lora", "none", {"dora": True}),
    ("lora", "none", {"rank": 64, "targets": ["q_proj", "v_proj"]}),
    ("qlora", "nf4", {}),
)
OTHERS: tuple[tuple[str, str, Setting], ...] = (
    ("full", "none", {}),
    ("ia3", "none", {}),
    ("prompt_tuning", "none", {}),
    ("p_tuning", "none", {}),
    ("prefix_tuning", "none", {}),
    ("bitfit", "none", {}),
)
GPU_MODELS = ("qwen2.5-0.5b", "qwen3-0.6b", "llama-3.2-1b", "gemma-3-1b")
SMALL: Setting = {
    "model_type": "llama",
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
    "hidden_size": 512,
    "intermediate_size": 1408,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "vocab_size": 8000,
}
TINY = SMALL | {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 320}
WITHOUT_CHECKPOINTING = {"prefix_tuning"}


def settings_for(device: str) -> list[Setting]:
    """Return the configurations for a device; the first two of a CPU are tiny and show that the way works."""
    return _gpu() if device == "cuda" else _cpu()


def _gpu() -> list[Setting]:
    found = []
    for model in GPU_MODELS:
        config = dict(find_model(model).config)
        for method, stored, options in (*LORA_LIKE, *OTHERS):
            if method == "bitfit" and not model.startswith("qwen2.5"):
                continue  # no biases
            for batch, length, again in ((1, 2048, True), (4, 512, False)):
                again = again and method not in WITHOUT_CHECKPOINTING
                found.append(_setting(model, config, method, stored, options, batch, length, again))
    return found


def _cpu() -> list[Setting]:
    tiny = [_setting("tiny", TINY, method, "none", {}, 2, 32, False) for method in ("lora", "full")]
    wide = SMALL | {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "vocab_size": 32000}
    small = [
        _setting("small", SMALL, method, "none", {}, batch, length, again)
        for method in ("lora", "full")
        for batch, length, again in ((4, 256, False), (8, 256, False), (4, 512, True))
    ]
    large = [
        _setting("wide", wide, "lora", "none", {}, 2, 512, False),
        _setting("wide", wide, "full", "none", {}, 2, 256, False),
        _setting("wide", wide, "ia3", "none", {}, 4, 256, False),
        _setting("qwen2.5-0.5b", dict(find_model("qwen2.5-0.5b").config), "lora", "none", {}, 1, 256, False),
        _setting("qwen2.5-0.5b", dict(find_model("qwen2.5-0.5b").config), "lora", "none", {}, 2, 256, True),
        _setting("qwen2.5-0.5b", dict(find_model("qwen2.5-0.5b").config), "bitfit", "none", {}, 1, 256, False),
    ]
    return [*tiny, *small, *large]


def _setting(
    model: str, config: Setting, method: str, stored: str, options: Setting, batch: int, length: int, again: bool
) -> Setting:
    own = "-".join(f"{name}={value}" for name, value in options.items())
    name = f"{model}/{method}{own and f'({own})'}/{batch}x{length}{'/checkpointing' if again else ''}"
    return {
        "id": name,
        "model": model,
        "config": config,
        "method": method,
        "quantisation": stored,
        "method_options": options,
        "batch_size": batch,
        "length": length,
        "gradient_checkpointing": again,
    }
