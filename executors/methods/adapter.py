"""Bottleneck adapters: a narrow trained network in series behind attention and behind the feed-forward layer.

Source: Houlsby et al. 2019, arXiv 1902.00751, section 2.1; Pfeiffer et al. 2020, arXiv 2005.00247, section 3.1.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..heads import peft_settings
from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 3e-4
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = True

LLAMA = ("o_proj", "down_proj")
BERT = ("attention.output.dense", "output.dense")
BART = ("out_proj", "fc2")
NEOX = ("dense", "dense_4h_to_h")

ENDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3", "granite"), LLAMA),
    **dict.fromkeys(("olmo", "olmo2", "olmo3", "smollm3", "glm", "glm4", "cohere", "cohere2", "stablelm"), LLAMA),
    **dict.fromkeys(("ministral", "exaone4", "seed_oss", "hunyuan_v1_dense", "ernie4_5", "arcee", "nemotron"), LLAMA),
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "electra", "deberta", "deberta-v2"), BERT),
    **dict.fromkeys(
        ("camembert", "data2vec-text", "ernie", "xlm-roberta-xl", "megatron-bert", "rembert", "xmod"), BERT
    ),
    **dict.fromkeys(("roberta-prelayernorm", "big_bird", "longformer", "layoutlm", "convbert", "esm", "luke"), BERT),
    "vit": ("attention.o_proj", "mlp.fc2"),
    "mpnet": ("attention.attn.o", "output.dense"),
    **dict.fromkeys(("bart", "mbart", "whisper", "opt"), BART),
    **dict.fromkeys(("gpt_neox", "falcon", "bloom"), NEOX),
    **dict.fromkeys(("t5", "mt5", "umt5"), ("o", "wo")),
    "starcoder2": ("o_proj", "mlp.c_proj"),
    "gpt2": ("attn.c_proj", "mlp.c_proj"),
    "distilbert": ("out_lin", "lin2"),
    "modernbert": ("attn.Wo", "mlp.Wo"),
    "phi": ("self_attn.dense", "fc2"),
}
"""The linear layers that end attention and the feed-forward layer, by transformers' ``model_type``."""


class Options(MethodOptions):
    """Choose the size and the place of the adapters.

    Attributes:
        placement: ``houlsby`` behind attention and the feed-forward layer, ``pfeiffer`` behind the latter only.
    """

    bottleneck: int = Field(64, ge=1, description="width of the narrow layer; 8 to 256 is usual")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of adapter inputs zeroed in training")
    placement: Literal["houlsby", "pfeiffer"] = Field("houlsby", description="two adapters in every block, or one")
    targets: tuple[str, ...] = Field((), description="linear modules with an adapter behind them; empty for placement")


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and put the adapters in.

    Raises:
        UserError: Where attention and the feed-forward layer end is not known for this model's architecture.
    """
    from peft import get_peft_model

    from ..tuners.bottleneck import BottleneckConfig, register

    register()
    config = BottleneckConfig(
        **peft_settings(model),
        width=options.bottleneck,
        dropout=options.dropout,
        target_modules=list(options.targets) or targets(model.config.model_type, options.placement),
    )
    return get_peft_model(model, config)


def targets(kind: str, placement: str) -> str:
    """Return a pattern for the names of the layers with an adapter behind them.

    A pattern, as a name's end alone cannot tell BERT's two places apart.

    Args:
        kind: transformers' ``model_type``.
        placement: ``houlsby`` or ``pfeiffer``.

    Raises:
        UserError: The architecture is not known.
    """
    if kind not in ENDS:
        message, hint = say("training.no_targets", method="adapter", kind=kind), say("training.no_targets_hint")
        raise UserError(message, hint, {"method": "lora"})
    attention, feed_forward = (name.replace(".", r"\.") for name in ENDS[kind])
    both = rf".*\.({attention}|{feed_forward})"
    return both if placement == "houlsby" else rf".*(?<!attention)\.{feed_forward}"
