"""The embedded model must not have seen the example that it is measured on."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from ftadvisor.executors.prompt import Message
from ftadvisor.executors.returns import read_words
from ftadvisor.executors.tiny_model import stream
from ftadvisor.executors.tiny_model.corpus import Corpus
from ftadvisor.executors.tiny_model.tokenizer import render
from ftadvisor.executors.tiny_model.train import Pretraining, Settings, accuracy
from ftadvisor.executors.tiny_model.words import HAN, words
from ftadvisor.knowledge.messages import Language

if TYPE_CHECKING:
    from tokenizers import Tokenizer

EXAMPLE = Path(str(files("ftadvisor.knowledge").joinpath("examples/returns")))
CONVERSATIONS = 40_000


def units(text: str) -> list[str]:
    """Return English words and Han characters, in order; digits are one unit, so that two numbers can match."""
    return ["0" if unit.isdigit() else unit for unit in re.findall(r"[\u4e00-\u9fff]|[a-z']+|\d+", text.lower())]


def eight_grams(text: str) -> Iterator[tuple[str, ...]]:
    found = units(text)
    return zip(*(found[start:] for start in range(8)), strict=False)


@cache
def example_texts() -> tuple[str, ...]:
    policies = [
        EXAMPLE.joinpath(f"policies/returns.{language}.md").read_text(encoding="utf-8") for language in ("zh", "en")
    ]
    sections = [section for policy in policies for section in policy.split("\n## ")]
    rows = [
        json.loads(line)
        for split in ("train", "validation", "test")
        for line in EXAMPLE.joinpath(f"dialogues.{split}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return (*sections, *(row["question"] for row in rows), *(row["answer"] for row in rows))


def pretraining_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield what the stream of the bundled model's training draws, from its first phase to its last.

    Training follows the clock, so no two trainings change phase at the same conversation; all else is the same.
    """
    pytest.importorskip("tokenizers", reason="needs the train extra")
    drawn: list[list[Message]] = []
    monkeypatch.setattr(stream, "encode", lambda _, conversations: drawn.extend(conversations) or [])
    settings = Settings()
    source = stream.Stream(bundled_tokenizer(), settings.seed, settings.batch_tokens)
    batches, count = iter(source), 0
    while count < CONVERSATIONS:
        source.done = count / CONVERSATIONS
        next(batches)
        count += len(drawn)
        yield from (turn["content"] for turns in drawn for turn in turns)
        drawn.clear()


def bundled_tokenizer() -> "Tokenizer":
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(EXAMPLE.parent / "tiny_model" / "tokenizer.json"))


def test_pretraining_shares_no_eight_gram_with_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    example = {gram for text in example_texts() for gram in eight_grams(text)}
    assert len(example) > 5_000
    texts = pretraining_texts(monkeypatch)
    shared = {gram for text in texts for gram in eight_grams(text) if gram in example}
    assert not shared, sorted(shared)[:10]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pretraining_knows_neither_the_goods_nor_the_grounds(language: Language) -> None:
    example, known = read_words(), words()
    goods = {entry[language] for entry in example["things"].values()}
    grounds = {entry[language] for entry in example["grounds"].values()}
    assert not goods & set(known["things"][language])
    assert not grounds & set(known["grounds"][language])


def test_the_same_seed_draws_the_same_text() -> None:
    first, second = Corpus(3), Corpus(3)
    assert [first.case(3) for _ in range(20)] == [second.case(3) for _ in range(20)]


def test_the_answer_of_a_case_can_be_found_in_its_passages() -> None:
    corpus = Corpus(4)
    found = 0
    for _ in range(300):
        turns = corpus.case(3)
        identifiers = [word for word in re.findall(r"[A-Z0-9.-]{3,}", turns[-1]["content"]) if not word.isdigit()]
        found += sum(
            identifier in turns[-2]["content"] or identifier in turns[1]["content"] for identifier in identifiers
        )
    assert found > 150


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Pretraining:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return Pretraining(Settings(batch_tokens=1024), tmp_path_factory.mktemp("tiny"))


def test_the_planted_circuit_copies_before_any_training(untrained: Pretraining) -> None:
    random = Random(1)
    rows = [stream.lookup(random, untrained.model.config.vocab_size) for _ in range(20)]
    assert accuracy(untrained.model, rows) > 0.3


def test_training_lowers_the_loss(untrained: Pretraining) -> None:
    (rows,) = islice(untrained.stream, 1)
    untrained._set_rate(60)
    losses = [untrained._update(rows) for _ in range(6)]
    assert losses[-1] < 0.7 * losses[0]


def test_every_common_han_character_is_one_token_and_text_survives(untrained: Pretraining) -> None:
    tokenizer = untrained.stream.tokenizer
    assert all(len(tokenizer.encode(character).ids) == 1 for character in HAN)
    for text in ("羽绒服 K-417\n\n鬱 ☂ naïve", "  two  spaces", "A-1【决定】"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_chat_template_renders_what_training_saw(untrained: Pretraining) -> None:
    from transformers import AutoTokenizer

    saved = AutoTokenizer.from_pretrained(untrained.folder)
    turns = Corpus(6).case(2)
    assert saved.apply_chat_template(turns, tokenize=False) == render(turns)
    asked = saved.apply_chat_template(turns[:-1], tokenize=False, add_generation_prompt=True)
    assert render(turns).startswith(asked)
