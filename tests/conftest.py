"""What all tests share: no network, Ctrl-C that works, and a tiny random language model with its own tokenizer."""

import os
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from ftadvisor.knowledge.messages import use_language
from hypothesis import settings

from .postgres_server import postgres as postgres

os.environ["HF_HUB_OFFLINE"] = "1"  # the hub's library reads it when it is imported, here and in processes we start
for _name in ("XDG_DATA_HOME", "LOCALAPPDATA"):  # no test reads or writes what the user's own runs measured
    os.environ[_name] = mkdtemp(prefix="ftadvisor-tests-")
for _name in ("COLUMNS", "LINES"):  # pytest-xdist sets them, and a program on another terminal would believe them
    os.environ.pop(_name, None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job; our processes would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of what is tested
settings.load_profile("untimed")

TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
TEXT = [
    "What is the colour of the sky? The sky is blue. Which passage says so?",
    "退货期限是多少天?退货期限为七天。哪一条规定了这一点?",
    "<passage> refund within seven days </passage> decision: accept, reject, clause A-12",
]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random Llama of about 100,000 parameters with grouped-query attention."""
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny") / "model"
    tokenizer = _tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the folder of a random language model of about 20,000 parameters.

    It takes transformers' ``model_type``, ``sentence`` for a BERT that gives the mean of its tokens as a text's
    vector, or ``first_bert`` for one saved with both heads of its pretraining, and makes each model once.
    """
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)

    @cache
    def made(kind: str) -> Path:
        folder = tmp_path_factory.mktemp("tiny") / kind
        tokenizer = _tokenizer(*FRAMES.get(kind, ()))
        if FRAMES.get(kind) == ("<s>", "</s>"):
            tokenizer.mask_token = "<|system|>"  # encoders see no conversations
        torch.manual_seed(0)
        _language_model(kind, tokenizer).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if kind == SENTENCE:
            (folder / "1_Pooling").mkdir()
            (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}', encoding="utf-8")
        return folder

    return made


SENTENCE, FIRST_BERT = "sentence", "first_bert"


FRAMES = {
    **dict.fromkeys(
        ("bert", "roberta", "distilbert", "deberta-v2", "modernbert", "mpnet", SENTENCE, FIRST_BERT), ("<s>", "</s>")
    ),
    "llama": ("<s>", ""),
    "t5": ("", "</s>"),
    "bart": ("<s>", "</s>"),
}
"""Special tokens around a text, as the tokenizers of these families put them."""


def _language_model(kind: str, tokenizer: Any) -> Any:
    """Return a random model with the head that its family is pretrained with."""
    import transformers

    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 256,
        "initializer_range": 0.2,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    if kind in {"llama", "qwen2", "qwen3"}:
        config = transformers.AutoConfig.for_model(kind, **sizes, num_key_value_heads=2)
        return transformers.AutoModelForCausalLM.from_config(config)
    if kind == "t5":
        own = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 2}
        kept = {name: sizes[name] for name in ("vocab_size", "pad_token_id", "eos_token_id")}
        return transformers.T5ForConditionalGeneration(transformers.T5Config(**own, **kept))
    if kind == "bart":
        parts = {f"{part}_{name}": 2 for part in ("encoder", "decoder") for name in ("layers", "attention_heads")}
        parts |= {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "d_model": 16, "init_std": 0.2}
        kept = {name: value for name, value in sizes.items() if name not in {"hidden_size", "num_attention_heads"}}
        starts = {"decoder_start_token_id": tokenizer.eos_token_id, "forced_eos_token_id": tokenizer.eos_token_id}
        return transformers.BartForConditionalGeneration(transformers.BartConfig(**kept, **parts, **starts))
    if kind == "distilbert":
        sizes |= {"dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 4}
    if kind == FIRST_BERT:
        return transformers.BertForPreTraining(transformers.BertConfig(**sizes))
    kind = "bert" if kind == SENTENCE else kind
    return transformers.AutoModelForMaskedLM.from_config(transformers.AutoConfig.for_model(kind, **sizes))


def _tokenizer(before: str = "", after: str = "") -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<|system|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(TEXT, trainer)
    if before or after:
        single, pair = (
            " ".join(filter(None, parts)) for parts in ((before, "$A", after), (before, "$A", after, "$B", after))
        )
        marks = [(token, core.token_to_id(token)) for token in (before, after) if token]
        core.post_processor = processors.TemplateProcessing(single, pair, marks)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>", chat_template=TEMPLATE
    )


@pytest.fixture
def english() -> Iterator[None]:
    """Speak English for the time of a test."""
    use_language("en")
    yield
    use_language(None)
