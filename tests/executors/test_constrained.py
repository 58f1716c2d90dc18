"""A random model under a form: whatever it would say, it says that form."""

import json
from pathlib import Path

import pytest
from ftadvisor.executors.constraint import Constraint, JsonShape, Labels, Written, any_of
from ftadvisor.executors.generate import LocalModel
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.knowledge.errors import UserError

from .all_answers import all_answers

pytest.importorskip("llguidance", reason="needs llguidance, of the train extra")
pytestmark = pytest.mark.usefixtures("english")

QUESTIONS = ["seven days?", "退货期限为七天。", "What is blue?", "Which passage says so? A-12", "blue", "a" * 60]
SHAPE = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["accept", "reject"]},
        "days": {"type": "integer", "minimum": 0, "maximum": 99},
        "clauses": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]-\\d{1,2}$"}, "maxItems": 2},
    },
    "required": ["decision", "days", "clauses"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> LocalModel:
    return LocalModel(load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model)), 4)


def answers(model: LocalModel, constraint: Constraint | None, most: int = 120) -> list[str]:
    return all_answers(model, [Prompt().messages(question) for question in QUESTIONS], most, constraint)


@pytest.mark.parametrize(
    "labels",
    [("accept", "reject"), ("退款", "换货"), ("card arrival", "card (virtual)", "A+", "a|b", "c:\\d e#&~")],
)
def test_an_answer_is_always_one_of_the_labels(model: LocalModel, labels: tuple[str, ...]) -> None:
    assert not {*answers(model, None)} & {*labels}  # of itself the model says none of them
    assert {*answers(model, Labels(labels))} <= {*labels}


def test_an_answer_is_always_json_of_the_shape(model: LocalModel) -> None:
    for answer in answers(model, JsonShape(SHAPE)):
        found = json.loads(answer)
        assert found["decision"] in ("accept", "reject")
        assert 0 <= found["days"] <= 99
        assert len(found["clauses"]) <= 2


def test_a_pattern_that_only_the_grammar_reads_is_not_checked(model: LocalModel) -> None:
    letters = {"type": "string", "pattern": "^\\p{L}{1,4}$"}
    shape = JsonShape({"type": "object", "properties": {"word": letters}, "required": ["word"]})
    assert any(shape.holds(answer) for answer in answers(model, shape))
    assert not shape.holds('{"word": 1}')


def test_any_number_of_labels_stand_one_a_line(model: LocalModel) -> None:
    constraint = Written(any_of(("card", "top up", "fee."), "-"))
    for answer in answers(model, constraint):
        assert constraint.holds(answer)
        assert answer == "-" or {*answer.splitlines()} <= {"card", "top up", "fee."}


def test_an_answer_has_the_form_of_a_house(model: LocalModel) -> None:
    constraint = Written(r"\[Clause\](?P<clause>[A-Z]-\d)\n\[Decision\]\ (?P<decision>accept|reject)")
    assert all(constraint.holds(answer) for answer in answers(model, constraint))


def test_answers_under_a_form_do_not_depend_on_the_batch(tiny_model: Path, model: LocalModel) -> None:
    alone = LocalModel(load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model)), 1)
    assert answers(alone, JsonShape(SHAPE)) == answers(model, JsonShape(SHAPE))


def test_a_form_that_cannot_be_held_to_is_refused(model: LocalModel) -> None:
    with pytest.raises(UserError, match="look-around"):
        answers(model, Written("a(?!b)"))
    with pytest.raises(UserError, match="uniqueItems"):
        answers(model, JsonShape({"type": "array", "uniqueItems": True}))


def test_an_answer_that_is_cut_off_is_told(model: LocalModel) -> None:
    constraint = JsonShape(SHAPE)
    assert not any(constraint.holds(answer) for answer in answers(model, constraint, most=5))
