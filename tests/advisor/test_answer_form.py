import json

import pytest
from ftadvisor.advisor.answer_form import recognise
from ftadvisor.executors.data import Row
from ftadvisor.executors.metrics import judge, keeps_format

LABELS = ("yes", "no", "ask")


def row(number: int, answer: str, **expected: str) -> Row:
    return Row(line=number, id=str(number), question=f"Question {number}?", answer=answer, expected=expected)


def rows() -> list[Row]:
    made = []
    for number, label in enumerate(LABELS * 3):
        clause, basis = f"A-{100 + number}", "yes" if number == 1 else "text"
        answer = f"[Clause] {clause} [Basis] {basis} [Decision] {label} [Reply] Dear {number}"
        made.append(row(number, answer, clause=clause, decision=label))
    return made


def test_the_form_names_the_labels_to_choose_from() -> None:
    form = recognise(rows())
    (outline,) = form.outlines
    assert outline == "[Clause]…[Basis]…[Decision]ask/no/yes[Reply]…"


def test_the_form_captures_what_is_judged() -> None:
    form = recognise(rows())
    assert form.format is not None
    assert [field.name for field in form.fields] == ["clause", "decision"]


def test_answers_without_a_common_form_have_none() -> None:
    free = [row(number, f"Anything {number}") for number in range(5)]
    assert recognise(free).format is None


def test_json_has_keys_and_no_form() -> None:
    made = [
        row(n, json.dumps({"clause": f"A-{n}", "decision": LABELS[n % 3]} | ({"note": 1} if n == 1 else {})))
        for n in range(9)
    ]
    judged = [one.model_copy(update={"expected": {"decision": LABELS[n % 3]}}) for n, one in enumerate(made)]
    form = recognise(judged)
    assert form.format is None
    assert [field.name for field in form.fields] == ["decision"]
    assert form.outlines == ('{"clause": …, "decision": "ask"/"no"/"yes"}',)


@pytest.mark.parametrize(
    ("answer", "outline"),
    [
        ("Dear {0},\nDecision: {1}\nReason: rule {0}", "…\nDecision: no/yes\nReason: …"),
        ("您好，{0} 号顾客。【结论】{1}【回复】第 {0} 条", "…【结论】no/yes【回复】…"),
        ("```\nDecision: {1}\nReason: rule {0}\n```", "…\nDecision: no/yes\nReason: …"),
        ("\nDecision: {1}\nReason: rule {0}", "Decision: no/yes\nReason: …"),
    ],
)
def test_the_answers_that_show_a_form_keep_it(answer: str, outline: str) -> None:
    labels = ["yes", "no"] * 10
    made = [row(number, answer.format(number, label), decision=label) for number, label in enumerate(labels)]
    form = recognise(made)
    assert form.format is not None
    assert form.outlines == (outline,)
    scores = judge([one.answer for one in made], [one.expected for one in made], form.format, form.fields)
    assert {*scores["format"], *scores["decision"]} == {1.0}
    assert not keeps_format("No form at all.", form.format)


def test_a_form_with_parts_that_may_be_empty_is_asked_for_and_not_judged_by() -> None:
    made = [row(number, f"Decision: yes\nNotes: {'' if number % 3 else 'x'}\nReason: rule") for number in range(20)]
    form = recognise(made)
    assert form.outlines
    assert form.format is None
