from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.audit import audit
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.models import load_tokenizer
from ftadvisor.executors.tokens import training_row

pytestmark = pytest.mark.usefixtures("english")


def row(question: str, answer: str = "Yes.") -> Conversation:
    turns = (Turn(role="user", content=question), Turn(role="assistant", content=answer))
    return Conversation(line=7, id="7", messages=turns)


def found(tokenizer: Any, *rows: Conversation, stops: set[int] | None = None) -> tuple[list[str], dict[str, Any]]:
    learned = [training_row(tokenizer, one.turns) for one in rows]
    advice, shown = audit(tokenizer, stops or {tokenizer.eos_token_id}, rows, learned)
    assert all(one.text and one.fix for one in advice)
    return [one.kind for one in advice], shown


@pytest.fixture
def tokenizer(tiny_model: Path) -> Any:
    return load_tokenizer(str(tiny_model))


def test_right_rows_are_shown_as_the_model_learns_them(tokenizer: Any) -> None:
    kinds, shown = found(tokenizer, row("Is it blue?"))
    assert kinds == []
    assert shown["learnt"] == f"Yes.{tokenizer.eos_token}"
    assert "Is it blue?" in shown["prompt"]
    assert 0 < shown["learnt_tokens"] < shown["tokens"]


def test_a_template_of_another_model_is_noticed(tokenizer: Any) -> None:
    tokenizer.chat_template = tokenizer.chat_template.replace("<|user|>", "<|im_start|>user") + "{# <|im_start|> #}"
    assert "template" in found(tokenizer, row("Is it blue?"))[0]


def test_rows_that_carry_the_template_already_are_noticed(tokenizer: Any) -> None:
    assert found(tokenizer, row(f"Is it blue?{tokenizer.eos_token}"))[0] == ["marked_twice"]


def test_answers_after_which_the_model_does_not_stop_are_noticed(tokenizer: Any) -> None:
    assert found(tokenizer, row("Is it blue?"), stops={1_000})[0] == ["endless"]
