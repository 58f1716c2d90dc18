"""What an answer states for a field is read exactly, in the wanted form or out of it."""

import pytest
from ftadvisor.executors.metrics import FieldOptions, is_right
from ftadvisor.executors.stated import found_value, normalised

FORM = r"Clause: (?P<clause>[A-Z]-\d+)\nDecision: (?P<decision>accept|reject)\n.+"
VALUES = ("accept", "reject")
GOOD = "Clause: A-12\nDecision: accept\nWe are sorry.\nYou get your money back."


@pytest.mark.parametrize(
    ("answer", "clause", "decision"),
    [
        (GOOD, "A-12", "accept"),
        ("By A-12 we accept this.", "A-12", None),  # a word of a sentence is no stated decision
        ("We cannot accept this under A-12.", "A-12", None),
        ("Accept", None, "accept"),
        ("**Decision:** Reject. See clause A-12.", "A-12", "reject"),
        ("[accept] A-12", "A-12", "accept"),
        ("I choose (reject), by A-123 and B-7", None, "reject"),
        ("accept/reject", None, None),
        ("accepted", None, None),
        ("Accept. Or: reject.", None, None),
        ("BA-12, A-12b", None, None),
        ("A-12, and again A-12", "A-12", None),
        ('{"clause": "A-12", "decision": "Accept"}', "A-12", "accept"),
        ('{"clause": "A-12", "note": "no accept or reject"}', "A-12", None),
        ('{"clause": "A-12", "decision": null, "note": "accept"}', "A-12", None),  # it says that there is none
        ("", None, None),
    ],
)
def test_values_are_stated_by_the_form_or_by_standing_alone(
    answer: str, clause: str | None, decision: str | None
) -> None:
    assert found_value(answer, FORM, None, r"[A-Z]-\d+", "clause") == clause
    assert found_value(answer, FORM, VALUES, None, "decision") == decision


@pytest.mark.parametrize(
    ("answer", "stated"),
    [
        ("结论：不可退货。", "不可退货"),
        ("结论:退货。", "退货"),
        ("【决定】退货【回复】抱歉", "退货"),
        ("退货还是不可退货？", None),
        ("您可以退货。", None),
    ],
)
def test_chinese_values_are_stated_by_standing_alone(answer: str, stated: str | None) -> None:
    assert found_value(answer, None, ("退货", "不可退货"), None, "decision") == stated


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Result: FULL  refund", True),
        ("Result：full refund。", True),
        ("Result: refund", False),
        ("a full refund", False),
    ],
)
def test_case_width_and_white_space_do_not_make_an_answer_wrong(answer: str, right: bool) -> None:
    field = FieldOptions(name="result", values=("Full refund", "Nothing"))
    assert is_right(answer, "Full refund", r"Result: (?P<result>.+)", field) is right


@pytest.mark.parametrize(
    ("expected", "other", "form"),
    [
        ("-1", "1", r"Mood: (?P<result>\S+)"),
        ("A+", "A-", r"Mood: (?P<result>\S+)"),
        ("C++", "C", r"Mood: (?P<result>\S+)"),
        (">50K", "<=50K", r"Mood: (?P<result>\S+)"),
    ],
)
def test_signs_make_another_value(expected: str, other: str, form: str) -> None:
    field = FieldOptions(name="result", values=(other, expected))
    for right in (f"Mood: {expected}", f"**{expected}**", f'{{"result": "{expected}"}}', f"Mood: {expected}."):
        assert is_right(right, expected, form, field), right
        assert not is_right(right, other, form, field), right
    assert not is_right(f"Mood: {other}", expected, form, field)


@pytest.mark.parametrize(
    ("value", "compared"),
    [
        ("- refuse", "refuse"),
        ("**A+**", "a+"),
        ("\u22121", "-1"),
        ("－１", "-1"),
        ("5 %", "5"),
        ("（退货）。", "退货"),
        ("<yes>", "yes"),
        ("!", "!"),
        ("_x_", "x"),
        ("", ""),
    ],
)
def test_what_stands_around_a_value_is_no_part_of_it(value: str, compared: str) -> None:
    assert normalised(value) == compared
