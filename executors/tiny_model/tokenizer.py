"""The embedded model's tokenizer: byte-level BPE in which every common Han character is one token."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .corpus import Corpus
from .words import HAN, SPECIAL

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

from ..prompt import Message

# Digits, capitals and Han characters stand alone, so an identifier is cut the same way wherever it stands.
PATTERN = r"\p{N}|\p{Han}| ?[A-Z]?[a-z]+|[A-Z]| |\n|[^\s\p{N}\p{Han}A-Za-z]|\s"

ROLE_TOKENS = {"system": "<sys>", "user": "<usr>", "assistant": "<ast>"}

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}<sys>{{ message['content'] }}"
    "{% elif message['role'] == 'user' %}<usr>{{ message['content'] }}"
    "{% else %}<ast>{{ message['content'] }}{{ eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<ast>{% endif %}"
)


def render(messages: list[Message]) -> str:
    """Return a conversation as the chat template renders it."""
    turns = [
        ROLE_TOKENS[turn["role"]] + turn["content"] + ("<eos>" if turn["role"] == "assistant" else "")
        for turn in messages
    ]
    return "<bos>" + "".join(turns)


def train_tokenizer(size: int = 6144, conversations: int = 12000) -> "Tokenizer":
    """Learn the vocabulary from generated text.

    Args:
        size: Entries of the vocabulary, the special ones included.
        conversations: How many conversations to learn from.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_lines(conversations), trainer)
    return tokenizer


def _lines(conversations: int) -> Iterator[str]:
    corpus, random = Corpus(7), Random(7)
    for _ in range(30):  # every common character often enough to become one token
        yield "".join(random.sample(HAN, len(HAN)))
    for _ in range(conversations):
        yield "\n".join(turn["content"] for turn in corpus.case(3))


def save_tokenizer(tokenizer: "Tokenizer", folder: Path) -> "PreTrainedTokenizerFast":
    """Write the tokenizer with its chat template in transformers' layout."""
    from transformers import PreTrainedTokenizerFast

    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>"
    )
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.save_pretrained(folder)
    return wrapped
