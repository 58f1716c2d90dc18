"""Ask other estimators' own code about training runs; runs in an environment of its own, where ftadvisor need not be.

Reads one JSON question per line from stdin and prints, as the last line, a JSON object: estimator -> bytes per
question, null where it has no answer. See ``estimators_compared.py``.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - other packages have no types, and here no checker sees them

import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

GIB = 2**30


def accelerate(asked):
    """Return what ``accelerate estimate-memory`` tells for training with Adam in bfloat16: it knows no adapters."""
    from accelerate import init_empty_weights
    from accelerate.commands.estimate import estimate_training_usage
    from accelerate.utils import calculate_maximum_sizes
    from transformers import AutoConfig, AutoModel

    with init_empty_weights():
        model = AutoModel.from_config(AutoConfig.from_pretrained(asked["folder"]))
    size, _ = calculate_maximum_sizes(model)
    return max(estimate_training_usage(size, "bfloat16").values())


def fm_training_estimator(asked):
    """Return the theory of IBM's estimator; its regression needs measurements of one's own."""
    _without_regression()
    from fm_training_estimator.config.arguments import FMArguments, HFTrainingArguments, PeftLoraConfig, PeftQLoraConfig
    from fm_training_estimator.memory.full.full import FullParameterTuningEstimator
    from fm_training_estimator.memory.lora.lora import LoraEstimator
    from fm_training_estimator.memory.qlora.qlora import QLoraEstimator

    _write_tokenizer(Path(asked["folder"]))
    model = FMArguments(
        base_model_path=asked["folder"], block_size=asked["seq_len"], torch_dtype="bfloat16", flash_attention_v2=True
    )
    train = HFTrainingArguments(
        per_device_train_batch_size=asked["batch"],
        gradient_checkpointing=asked["grad_checkpointing"],
        optim="adamw_torch",
        report_to="none",
    )
    lora = PeftLoraConfig(r=asked["rank"], target_modules=asked["targets"] or "all-linear")
    makers = {
        "full": lambda: FullParameterTuningEstimator(model, train),
        "lora": lambda: LoraEstimator(model, train, lora),
        "qlora": lambda: QLoraEstimator(model, train, lora, PeftQLoraConfig(use_double_quant="dq" in asked["quant"])),
    }
    return makers[asked["method"]]().get_total_mem_estimate()


def _without_regression():
    """Let the theory load without the packages of the regression, which is not asked."""
    import fm_training_estimator

    root = Path(fm_training_estimator.__path__[0])
    for part in ("memory", "memory/full", "memory/lora", "memory/qlora"):
        module = ModuleType(f"fm_training_estimator.{part.replace('/', '.')}")
        module.__path__ = [str(root / part)]
        sys.modules.setdefault(module.__name__, module)
    from fm_training_estimator.memory.full.full import FullParameterTuningEstimator

    sys.modules["fm_training_estimator.memory.full"].FullParameterTuningEstimator = FullParameterTuningEstimator


def _write_tokenizer(folder):
    """Write the smallest tokenizer that loads: only its existence is asked for."""
    if (folder / "tokenizer.json").exists():
        return
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0}, "a"))).save_pretrained(folder)


def ftuneai(asked):
    """Return ftuneai's total, with its own default of where LoRA goes translated from the targets."""
    from ftuneai.core.memory import MemoryEstimator
    from ftuneai.core.models import FineTuneMethod, LoRATarget, ModelSpec, Quantization, TrainingConfig
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(asked["folder"])
    spec = ModelSpec(
        name="row",
        parameters=_parameters(asked),
        hidden_size=config.hidden_size,
        num_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        num_kv_heads=getattr(config, "num_key_value_heads", None) or config.num_attention_heads,
        intermediate_size=getattr(config, "intermediate_size", None) or config.n_inner or 4 * config.hidden_size,
        vocab_size=config.vocab_size,
        max_seq_length=asked["seq_len"],
        is_moe=hasattr(config, "num_local_experts"),
        num_experts=getattr(config, "num_local_experts", None),
        num_active_experts=getattr(config, "num_experts_per_tok", None),
    )
    targets = {0: LoRATarget.ALL_LINEAR, 2: LoRATarget.ATTENTION}
    training = TrainingConfig(
        model="row",
        method=FineTuneMethod(asked["method"]),
        quantization=Quantization.INT4 if asked["method"] == "qlora" else Quantization.NONE,
        batch_size=asked["batch"],
        seq_length=asked["seq_len"],
        gradient_checkpointing=asked["grad_checkpointing"],
        lora_rank=asked["rank"],
        lora_target=targets.get(len(asked["targets"]), LoRATarget.ATTENTION_ALL),
        flash_attention=True,
    )
    return MemoryEstimator(spec, training).estimate().total_gb * GIB


def deepspeed(asked):
    """Return ZeRO-2's model states on one GPU: all weights trained, activations not counted."""
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs

    return estimate_zero2_model_states_mem_needs(_parameters(asked), 1, 1, cpu_offload=False)[1]


def _parameters(asked):
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM

    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(asked["folder"]))
    model.tie_weights()
    return model.num_parameters()


PEERS = {
    "accelerate": ("accelerate", accelerate),
    "fm-training-estimator": ("fm-training-estimator", fm_training_estimator),
    "ftuneai": ("ftuneai", ftuneai),
    "deepspeed (ZeRO-2, model states)": ("deepspeed", deepspeed),
}


def main():
    """Answer all questions with all estimators that are installed; equal questions are asked once."""
    logging.disable(logging.WARNING)
    questions = [json.loads(line) for line in sys.stdin if line.strip()]
    answers = {}
    for name, (package, ask) in PEERS.items():
        try:
            title = f"{name.replace(package, f'{package} {version(package)}', 1)}"
        except ModuleNotFoundError:
            print(f"peer: {package} is not installed", file=sys.stderr)
            continue
        known = {}
        answers[title] = []
        for question in questions:
            key = json.dumps(question)
            if key not in known:
                known[key] = _answer(ask, question)
            answers[title].append(known[key])
    print(json.dumps(answers))


def _answer(ask, question):
    if question is None:
        return None
    try:
        return round(ask(question))
    except Exception as problem:  # noqa: BLE001 - whatever a stranger's code raises, it has no answer
        print(f"peer: {ask.__name__}: {type(problem).__name__}: {str(problem)[:200]}", file=sys.stderr)
        return None


if __name__ == "__main__":
    main()
