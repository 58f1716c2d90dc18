from ftadvisor.advisor.answer_form import recognise
from ftadvisor.executors.data import Row

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
