import json
from pathlib import Path

import pytest
from ftadvisor.executors.data_check import check_file
from ftadvisor.executors.holding_out import hold_out
from ftadvisor.executors.labelled import LabelledRow, check_classes, class_counts, read_labelled, unseen_classes
from ftadvisor.knowledge.errors import UserError

pytestmark = pytest.mark.usefixtures("english")


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def row(line: int, text: str, *labels: str) -> LabelledRow:
    return LabelledRow(line=line, text=text, labels=labels)


def test_jsonl_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    lines = write(
        tmp_path / "rows.jsonl",
        {"text": "什么时候发货？", "label": "物流"},
        {"text": 'He said "no",\nthen left', "label": 7},
    )
    table = tmp_path / "rows.csv"
    table.write_text('\ufefftext,label\n什么时候发货？,物流\n"He said ""no"",\nthen left",7\n', encoding="utf-8")
    found = [[(one.text, one.labels) for one in read_labelled(path)] for path in (lines, table)]
    assert found[0] == found[1] == [("什么时候发货？", ("物流",)), ('He said "no",\nthen left', ("7",))]


def test_rows_with_several_classes_are_read_from_both_formats(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", {"text": "x", "labels": ["b", "a"]}, {"text": "y", "labels": []})
    table = tmp_path / "a.csv"
    table.write_text("labels,text\nb|a,x\n,y\n", encoding="utf-8")
    for path in (lines, table):
        rows = read_labelled(path)
        assert [one.labels for one in rows] == [("b", "a"), ()]
        assert all(one.several for one in rows)


def test_a_class_counts_once_for_each_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "x", "labels": ["b", "a", " b"]}, {"text": "y", "labels": ["a"]})
    assert class_counts(read_labelled(path)) == {"a": 2, "b": 1}
    assert [row.classes for row in check_file(path, len).rows] == [("b", "a"), ("a",)]


def test_every_wrong_row_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [
        '{"text": "fine", "label": "a"}',
        "{",
        "[1]",
        '{"text": " ", "label": "a"}',
        '{"label": "a"}',
        '{"text": "x"}',
        '{"text": "x", "label": ["a"]}',
        '{"text": "x", "labels": ["a"]}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_labelled(path)
    told = caught.value.message.splitlines()
    assert [line.split(":")[0] for line in told[1:]] == [f"line {number}" for number in range(2, 9)]
    assert "text: must not be empty" in told[3]
    assert "text: is missing" in told[4]
    assert "label or labels" in told[5]
    assert "unlike line 1" in told[7]


def test_a_csv_row_is_told_with_the_line_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('text,label\n"two\nlines",a\nlonely\nx,\n"open,b\n', encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_labelled(path)
    told = caught.value.message.splitlines()[1:]
    assert sorted(line.split(":")[0] for line in told) == ["line 4", "line 5", "line 6"]
    assert any("has 1 cells, but there are 2 columns" in line for line in told)


def test_missing_and_empty_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_labelled(tmp_path / "none.jsonl")
    (tmp_path / "empty.csv").write_text("text,label\n", encoding="utf-8")
    with pytest.raises(UserError, match="no rows"):
        read_labelled(tmp_path / "empty.csv")


def test_rare_and_unseen_classes_are_warned_about_and_one_class_is_refused() -> None:
    rows = [row(number, f"text {number}", "often") for number in range(9)] + [row(9, "text 9", "rare")]
    assert class_counts(rows) == {"often": 9, "rare": 1}
    assert "rare (1)" in check_classes(rows, Path("train.csv"))[0]
    assert check_classes([*rows[:9], *(row(20 + n, f"t{n}", "also") for n in range(5))], Path("train.csv")) == []
    with pytest.raises(UserError, match="too few classes"):
        check_classes(rows[:9], Path("train.csv"))
    assert "new" in unseen_classes(rows, [row(1, "x", "new")], Path("test.csv"))[0]


def test_held_out_rows_are_a_share_of_each_class_and_share_no_text() -> None:
    rows = [row(n, f"text {n}", "ab"[n % 2]) for n in range(40)] + [row(40, "TEXT  0", "a"), row(41, "alone", "c")]
    learnt, held = hold_out(rows, 0.2, seed=3)
    assert sorted(one.line for one in [*learnt, *held]) == list(range(42))
    assert class_counts([one for one in held if one.line != 40]) == {"a": 4, "b": 4}
    assert {one.text.casefold() for one in learnt} & {one.text.casefold() for one in held} == set()
    assert [one.line in {part.line for part in held} for one in (rows[0], rows[40])] in ([True, True], [False, False])
    assert "c" in class_counts(learnt)
    assert hold_out(rows, 0.2, seed=3) == (learnt, held) != hold_out(rows, 0.2, seed=4)
