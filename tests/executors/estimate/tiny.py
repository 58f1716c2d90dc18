"""Small configs of several families, and the real models built from them."""

from typing import Any

COMMON = {
    "vocab_size": 512,
    "hidden_size": 128,
    "intermediate_size": 320,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "llama": COMMON | {"model_type": "llama"},
    "mistral": COMMON | {"model_type": "mistral"},
    "qwen2": COMMON | {"model_type": "qwen2", "tie_word_embeddings": True},
    "qwen3": COMMON | {"model_type": "qwen3", "head_dim": 32},
    "granite": COMMON | {"model_type": "granite", "tie_word_embeddings": True},
    "gemma": COMMON | {"model_type": "gemma", "head_dim": 32},
    "gemma2": COMMON | {"model_type": "gemma2", "head_dim": 32},
    "gemma3_text": COMMON | {"model_type": "gemma3_text", "head_dim": 32},
    "phi3": COMMON | {"model_type": "phi3"},
    "glm": COMMON | {"model_type": "glm", "head_dim": 32, "attention_bias": True, "partial_rotary_factor": 0.5},
    "glm4": COMMON | {"model_type": "glm4", "head_dim": 32, "attention_bias": True, "partial_rotary_factor": 0.5},
    "ministral3": COMMON | {"model_type": "ministral3", "head_dim": 32},
    "smollm3": COMMON | {"model_type": "smollm3", "eos_token_id": 1, "bos_token_id": 2},
    "ernie4_5": COMMON | {"model_type": "ernie4_5", "head_dim": 32},
    "phi": COMMON | {"model_type": "phi", "num_key_value_heads": 4, "partial_rotary_factor": 0.5},
    "mixtral": COMMON | {"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2},
    "granitemoe": COMMON
    | {"model_type": "granitemoe", "num_local_experts": 4, "num_experts_per_tok": 2, "tie_word_embeddings": True},
    "bloom": {
        "model_type": "bloom",
        "vocab_size": 512,
        "hidden_size": 128,
        "n_head": 4,
        "n_layer": 3,
        "pad_token_id": 0,
    },
    "gpt2": {
        "model_type": "gpt2",
        "vocab_size": 512,
        "n_embd": 128,
        "n_head": 4,
        "n_layer": 3,
        "n_positions": 256,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
    },
    "gpt_neox": COMMON | {"model_type": "gpt_neox"},
    "opt": COMMON | {"model_type": "opt", "ffn_dim": 320, "dropout": 0.0, "word_embed_proj_dim": 128},
    "opt_narrow": COMMON
    | {"model_type": "opt", "ffn_dim": 320, "dropout": 0.0, "word_embed_proj_dim": 64, "do_layer_norm_before": False},
    "gpt_bigcode": {
        "model_type": "gpt_bigcode",
        "vocab_size": 512,
        "n_embd": 128,
        "n_head": 4,
        "n_layer": 3,
        "n_positions": 256,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
    },
}


def real_model(config: dict[str, Any], *, meta: bool = True, attention: str = "eager") -> Any:
    """Return the transformers model of a config, without memory on the meta device."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta" if meta else "cpu"):
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), attn_implementation=attention)
