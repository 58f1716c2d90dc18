"""What a person asks the estimator: a model, a method, and every setting that costs memory or time."""

from typing import Literal

from ...knowledge.frozen import Field, Frozen
from ...knowledge.json_value import JsonValue

Quant = Literal["none", "int8", "nf4", "nf4-dq", "fp4", "fp4-dq", "gptq"]
Variant = Literal["none", "dora", "rslora"]
Dtype = Literal["bf16", "fp16", "fp32"]
Optimizer = Literal[
    "adamw_torch",
    "adamw_torch_fused",
    "adamw_8bit",
    "paged_adamw_8bit",
    "paged_adamw_32bit",
    "adafactor",
    "lion",
    "lion_8bit",
    "sgd",
    "sgd_momentum",
    "muon",
    "galore_adamw",
]
Attention = Literal["sdpa", "flash", "eager"]
Loss = Literal["standard", "chunked", "liger"]
Parallel = Literal["none", "ddp", "zero1", "zero2", "zero3", "fsdp"]
Offload = Literal["none", "optimizer", "parameters"]
CacheQuant = Literal["none", "fp8", "int4", "int2"]
Device = Literal["cuda", "cpu"]
Head = Literal["sequence", "token", "span"]

BITS: dict[Dtype, int] = {"bf16": 2, "fp16": 2, "fp32": 4}
"""Bytes of one number of each precision."""


class EstimateRequest(Frozen):
    """Hold one question to the estimator; every field but the model's config has a default.

    Attributes:
        config: The model's config with transformers' own key names, ``model_type`` included.
        model: What to call the model in the answer.
        method: A fine-tuning method id, or ``inference``.
        variant: A relative of LoRA: ``dora`` or ``rslora``.
        quant: How frozen weights are stored; ``qlora`` without it means ``nf4-dq``.
        group_size: ``gptq`` only: rows of a weight that share a scale.
        kbit_prepare: Quantised bases only: ``prepare_model_for_kbit_training`` is called (fp32 norms and residuals).
        outer_dtype: Precision of embeddings and head after k-bit preparation; empty leaves them at float32.
        rank: LoRA-like rank, 1 or more.
        trained_half: Which of LoRA's two matrices is trained; the other one stays as it was made.
        targets: Names of adapted linear modules; empty means all linear layers of the blocks.
        dropout: Dropout of the adapter, 0 to below 1.
        adapter_dtype: Precision of trainable adapters; ``auto`` follows peft (fp32 over 16-bit bases).
        virtual_tokens: Soft prompts' length.
        encoder_width: Width of the network that makes soft prompts, for methods that have one.
        bottleneck: Width of a bottleneck adapter.
        added_tokens: New words' tokens: with LoRA the rows that are trained, in tables of the config's size; with
            full fine-tuning the rows that are added to these, less the spare ones.
        spare_rows: Rows of the tables that no token of the tokenizer has yet; new words take these first.
        labels: Number of classes of a classifier head; 0 keeps the language-model head.
        head: Where ``labels`` is not 0: whether a text, each token, or a span is told.
        fresh_pooler: Whether the checkpoint lacks the encoder's pooler, which is then trained whole.
        batch: Sequences per device and step.
        seq_len: Tokens per sequence, padding included.
        target_len: Tokens of the decoder's side in encoder-decoder models; 0 means ``seq_len``.
        new_tokens: Tokens that ``inference`` writes behind every prompt of ``seq_len`` tokens.
        cache_quant: How ``inference`` keeps keys and values.
        loss_len: Tokens at the end of every sequence for which logits are computed; 0 means all.
        grad_accum: Micro steps per optimizer step.
        dtype: Precision of the weights.
        amp: Mixed precision: autocast to 16 bits around the forward pass; None means on a GPU, as trainers do.
        train_tokens: Tokens of the training set, for run time; 0 when unknown.
        gpu: Names of the GPUs to judge; the first one's facts shape the estimate.
        gpus: Devices per run.
        offload: What sharding keeps in main memory: the optimizer's part, or the weights too.
        usd_per_gpu_hour: A price that replaces the price list's.
        stack: Whose library behaviour applies; an entry of ``knowledge/stacks``.
        varied: Whether batches differ in length, so that what the allocator holds grows with every new longest one.
    """

    config: dict[str, JsonValue]
    model: str = ""
    method: str = "lora"
    variant: Variant = "none"
    quant: Quant = "none"
    group_size: int = Field(default=128, ge=1)
    kbit_prepare: bool = True
    outer_dtype: Literal["", "bf16", "fp16"] = ""
    rank: int = Field(default=16, ge=1)
    trained_half: Literal["both", "A", "B"] = "both"
    targets: tuple[str, ...] = ()
    dropout: float = Field(default=0.0, ge=0, lt=1)
    adapter_dtype: Literal["auto", "fp32", "bf16"] = "auto"
    virtual_tokens: int = Field(default=20, ge=1)
    encoder_width: int = Field(default=128, ge=1)
    bottleneck: int = Field(default=64, ge=1)
    added_tokens: int = Field(default=0, ge=0)
    spare_rows: int = Field(default=0, ge=0)
    labels: int = Field(default=0, ge=0)
    head: Head = "sequence"
    fresh_pooler: bool = False
    batch: int = Field(default=1, ge=1)
    seq_len: int = Field(default=1024, ge=1)
    target_len: int = Field(default=0, ge=0)
    loss_len: int = Field(default=0, ge=0)
    new_tokens: int = Field(default=256, ge=1)
    cache_quant: CacheQuant = "none"
    grad_accum: int = Field(default=1, ge=1)
    dtype: Dtype = "bf16"
    amp: bool | None = None
    optimizer: Optimizer = "adamw_torch_fused"
    grad_checkpointing: bool = True
    attention: Attention = "sdpa"
    loss: Loss = "standard"
    gpu: tuple[str, ...] = ()
    gpus: int = Field(default=1, ge=1)
    parallel: Parallel = "none"
    offload: Offload = "none"
    device: Device = "cuda"
    stack: str = "current"
    varied: bool = False
    train_tokens: int = Field(default=0, ge=0)
    epochs: float = Field(default=1.0, gt=0)
    usd_per_gpu_hour: float | None = Field(default=None, gt=0)

    def __post_init__(self) -> None:
        if not isinstance(self.config.get("model_type"), str):
            raise ValueError("config has no model_type")

    @property
    def tokens(self) -> int:
        """Tokens per device and micro step."""
        return self.batch * self.seq_len
