import re

import pytest
from ftadvisor.executors.compared_rows import ComparedRows
from ftadvisor.executors.data import Row
from ftadvisor.executors.metrics import FieldOptions
from ftadvisor.executors.narrowed import narrowed
from ftadvisor.executors.prompting import PromptingOptions, constraint_of


def test_a_form_holds_only_what_its_fields_can_be() -> None:
    fields = (
        FieldOptions(name="decision", values=("accept", "re(f)use")),
        FieldOptions(name="clause", pattern=r"A-\d+"),
    )
    form = r"Clause: (?P<clause>.+?)\nDecision: (?P<decision>.+?)\nReply: .+?"
    none = ComparedRows([], [])
    constraint = constraint_of(PromptingOptions(), form, fields, none, None, None)
    assert constraint.holds("Clause: A-1\nDecision: re(f)use\nReply: no")
    assert not constraint.holds("Clause: B-1\nDecision: accept\nReply: no")
    assert not constraint.holds("Clause: A-1\nDecision: perhaps\nReply: no")
    answer = "Clause: A-1\nDecision: accept\nReply: "
    known = ComparedRows([Row(line=1, id="1", question="q", answer=f"{answer}four")], [])
    bounded = constraint_of(PromptingOptions(), form, fields, none, known, None)
    assert bounded.holds(f"{answer}none")
    assert not bounded.holds(f"{answer}longer")
    assert constraint.holds("Clause: A-12\nDecision: accept\nReply: four")
    assert not bounded.holds("Clause: A-12\nDecision: accept\nReply: four")


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        (r"No\. (?P<n>\d)\.+?(?P<c>.)", "No. 1..a"),
        (r"(?P<c>[A-Z]+)-[^\d+]", "A-b"),
        (r"\\d+(?P<c>.+?)", "\\ddx"),
        (r"(?P<c>.+?)(?P<n>\d+)", "a1"),
    ],
)
def test_what_people_wrote_is_left_as_it_is(form: str, answer: str) -> None:
    assert re.fullmatch(form, answer)
    assert narrowed(form, (FieldOptions(name="c", values=("a",)),), [answer]) == form


def test_a_form_with_escaped_signs_and_any_names_is_narrowed() -> None:
    fields = (FieldOptions(name="part1", pattern=r"[A-Z]+\.\d+|N\.\d+"), FieldOptions(name="own", pattern=r"[^\d+]{2}"))
    form = r"(?:【编号】|\[No\.\])(?P<part1>.+?)\n\\: (?P<own>.+?)\(x\) .+?"
    answers = ["[No.]AB.12\n\\: ab(x) c", "【编号】N.3\n\\: abc(x) cd"]
    found = narrowed(form, fields, answers)
    assert all(re.fullmatch(found, answer) for answer in answers)
    assert not re.fullmatch(found, "[No.]AB.123\n\\: ab(x) c")
    assert not re.fullmatch(found, "[No.]ab.12\n\\: ab(x) c")
    assert not re.fullmatch(found, "[No.]AB.12\n\\: abcd(x) c")
    assert not re.fullmatch(found, "[No.]AB.12\n\\: ab(x) cde")
