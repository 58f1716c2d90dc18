"""Rows to measure on that are longer than the model can read end no run: it was paid for already."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.generate import LocalModel
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import context_length, load_config, load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.refusals import room
from ftadvisor.executors.task import Asking, task_class
from ftadvisor.executors.train import train
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from .all_answers import all_answers
from .test_train import ignore, training

pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

LONG = "red blue " * 150
"""More tokens than the tiny models' 256."""


def answers(kind: str, model: Path, rows: list[dict[str, Any]], folder: Path, **options: int) -> list[Any]:
    """Ask a model about rows without having trained it."""
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    of = task_class(kind)
    read = of.read(path, Prompt())
    task = of(of.Options.model_validate(options), of.study(read, path))
    source, tokenizer = ModelSource(source=str(model)), load_tokenizer(str(model))
    limit = room(load_config(source), context_length(source))
    assert limit <= 256
    loaded = load_model(source, silent, task.loader(tokenizer))
    return task.answers(Asking(loaded, tokenizer, read, limit, 4, silent))


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
def test_of_a_long_text_the_end_is_not_read(kind: str, tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    rows = [{"text": LONG, "label": "a"}, {"text": f"{LONG} and more", "label": "b"}]
    first, second = answers("sequence_classification", tiny_of(kind), rows, tmp_path)
    assert first == pytest.approx(second, abs=1e-5)


def test_of_a_long_source_the_end_is_not_read_and_no_more_is_written_than_the_model_can(
    tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = [{"prompt": LONG, "completion": "red"}, {"prompt": f"{LONG} and more", "completion": "red"}]
    first, second = answers("seq2seq", tiny_of("bart"), rows, tmp_path, max_new_tokens=300)
    assert first == second


def test_a_question_longer_than_the_model_can_read_has_no_answer(
    tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = [
        {"question": LONG, "context": "it is hot in Rome", "answer": "Rome"},
        {"question": "where?", "context": "it is hot in Rome", "answer": "Rome"},
    ]
    found = answers("question_answering", tiny_of("bert"), rows, tmp_path)
    assert found[0] == ""
    assert found[1] in rows[1]["context"]
    assert found[1]


def test_vectors_before_the_prompt_take_room_from_it(tiny_model: Path) -> None:
    method = method_module("prompt_tuning")
    bare, tokenizer = load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model))
    prompts = [Prompt().messages("red")]
    assert all_answers(LocalModel(bare, tokenizer), prompts, 480)
    model = method.attach(bare, method.Options(virtual_tokens=60))
    with pytest.raises(UserError, match="452 that the model can read"):
        all_answers(LocalModel(model, tokenizer), prompts, 480)


ROWS = {
    "token_classification": [{"tokens": ["ann", "in", "rome"], "tags": ["B-P", "O", "B-L"]}],
    "question_answering": [{"question": "who?", "context": "ann in rome", "answer": "ann"}],
    "masked_lm": [{"text": "ann in rome"}],
}


@pytest.mark.parametrize("task", ROWS)
def test_tokenizers_that_cannot_tell_places_are_refused_by_name(task: str, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM, BertJapaneseTokenizer

    words = tmp_path / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ann", "in", "rome", "who"]), "utf-8")
    own = {"word_tokenizer_type": "basic", "subword_tokenizer_type": "wordpiece"}
    BertJapaneseTokenizer(str(words), **own).save_pretrained(tmp_path)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
    BertForMaskedLM(BertConfig(vocab_size=9, **sizes)).save_pretrained(tmp_path)
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS[task] * 4)), encoding="utf-8")
    of = task_class(task)
    rows = of.read(path, Prompt())
    learnt = training(tmp_path, tmp_path, task=task, task_options=of.Options(), known=of.study(rows, path), epochs=1)
    with pytest.raises(UserError, match=f"BertJapaneseTokenizer.*{task}"):
        train(learnt, rows, [], silent, ignore)
