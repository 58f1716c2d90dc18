import re
import string

import pytest
from ftadvisor.executors.metrics import (
    FieldOptions,
    confusion,
    judge,
    judge_text,
    keeps_format,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

FORMAT = r"Clause: (?P<clause>[A-Z]-\d+)\nDecision: (?P<decision>accept|reject)\n.+"
CLAUSE = FieldOptions(name="clause", pattern=r"[A-Z]-\d+")
DECISION = FieldOptions(name="decision", values=("accept", "reject"))
GOOD = "Clause: A-12\nDecision: accept\nWe are sorry.\nYou get your money back."


@pytest.mark.parametrize(
    ("answer", "kept"),
    [(GOOD, True), (f" {GOOD}\n", True), ("Clause: A-12", False), (f"Hello. {GOOD}", False)],
)
def test_format_is_kept_by_whole_answers_only(answer: str, kept: bool) -> None:
    assert keeps_format(answer, FORMAT) is kept


def test_scores_by_hand() -> None:
    answers = [GOOD, "Reject! See clause B-3.", "nothing"]
    expected = [
        {"clause": "A-12", "decision": "accept"},
        {"clause": "B-3", "decision": "accept"},
        {"clause": "C-1", "decision": "reject"},
    ]
    assert judge(answers, expected, FORMAT, [CLAUSE, DECISION]) == {
        "clause": [1.0, 1.0, 0.0],
        "decision": [1.0, 0.0, 0.0],
        "all": [1.0, 0.0, 0.0],
        "format": [1.0, 0.0, 0.0],
    }
    assert confusion(answers, expected, FORMAT, DECISION) == {
        "accept": {"accept": 1, "reject": 1, "-": 0},
        "reject": {"accept": 0, "reject": 0, "-": 1},
    }


def test_free_text_is_compared_by_words_and_chinese_characters() -> None:
    scores = judge_text(["The sky is blue!", "七天内退货", "no"], ["the sky is  blue", "七天退款", "yes"])
    assert scores["exact"] == [1.0, 0.0, 0.0]
    assert scores["f1"] == [1.0, pytest.approx(2 * 3 / 9), 0.0]
    assert scores["rouge_l"] == [1.0, pytest.approx(2 * 3 / 9), 0.0]
    assert judge_text(["b a"], ["a b"])["rouge_l"] == [0.5]  # the order counts


@pytest.mark.parametrize(
    ("answer", "target", "exact", "f1"),
    [
        ("the Eiffel Tower", "Eiffel Tower.", 1, 1),
        ("3.5 m", "35 m", 1, 1),  # as the script has it
        ("3.5 m", "3 m", 0, 0.5),
        ("rock'n'roll", "rock", 0, 0),
        ("don’t", "don't", 1, 1),
        ("A", "B", 0, 0),
        ("A.", "a", 1, 1),
        ("A", "", 0, 0),
        ("", "???", 0, 0),
        ("👍", "👎", 0, 0),
        ("???", "???", 1, 1),
        ("维生素A", "维生素", 0, pytest.approx(2 * 3 / 7)),
        ("维生素 A。", "维生素A", 1, 1),
        ("北京、Oslo，Rome", "北京 Oslo Rome", 1, 1),
        ("二〇二四年", "二四年", 0, 0.75),
    ],
)
def test_short_answers_are_compared_as_squad_does(answer: str, target: str, exact: float, f1: float) -> None:
    scores = judge_text([answer], [target])
    assert (scores["exact"], scores["f1"]) == ([exact], [f1])


ASCII = st.text(alphabet="aAnthe bT.3'-_$ \n", max_size=12)


@given(ASCII, ASCII)
def test_english_is_compared_as_squads_script_says_it(answer: str, target: str) -> None:
    """Lower case, no ASCII punctuation, then no article that stands alone; but a text of nothing else is kept."""

    def steps(text: str) -> list[str]:
        bare = text.lower().translate(str.maketrans("", "", string.punctuation))
        return re.sub(r"\b(a|an|the)\b", " ", bare).split()

    right, found = steps(target), steps(answer)
    if not right or not found:
        return
    shared = sum(min(right.count(word), found.count(word)) for word in set(right))
    scores = judge_text([answer], [target])
    assert scores["exact"] == [float(right == found)]
    assert scores["f1"] == [pytest.approx(2 * shared / (len(right) + len(found)))]


@pytest.mark.parametrize("wrong", [{"name": "x"}, {"name": "x", "pattern": "("}, {"name": "", "pattern": "a"}])
def test_fields_that_cannot_be_judged_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        FieldOptions.model_validate(wrong)
