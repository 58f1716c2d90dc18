import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.data_check import check_file
from ftadvisor.executors.data_statistics import language, statistics
from ftadvisor.executors.fault import WARNINGS
from ftadvisor.executors.layout import layout_names, layout_of
from ftadvisor.executors.prepare import Wish, prepare
from ftadvisor.executors.raw_rows import read_raw
from ftadvisor.executors.row_files import laid_out
from ftadvisor.knowledge.errors import UserError

pytestmark = pytest.mark.usefixtures("english")

ROWS: dict[str, dict[str, Any]] = {
    "labelled": {"text": "Where is my parcel?", "label": "delivery"},
    "question_answer": {"question": "Where?", "answer": "There."},
    "instruction": {"instruction": "Translate.", "input": "你好", "output": "Hello"},
    "prompt_completion": {"prompt": "Once", "completion": " upon a time"},
    "messages": {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
    "extractive": {"question": "Who?", "context": "Ann wrote it.", "answer": "Ann"},
    "tagged": {"tokens": ["Ann", "sang"], "tags": ["B-PER", "O"]},
    "raw_text": {"text": "A whole paragraph."},
}
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(*rows: object, name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_bytes("\n".join(lines).encode())
        return path

    return write


def kinds(path: Path, **options: Any) -> list[tuple[int, str]]:
    return [(one.line, one.kind) for one in check_file(path, len, **options).faults]


def test_every_layout_is_told_apart(written: Written) -> None:
    assert {*ROWS} == {*layout_names()}
    for name, row in ROWS.items():
        assert layout_of(row.keys()) == name
        assert check_file(written(row), len).layout == name


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("{", "not_json"),
        ("[1]", "not_object"),
        ({"question": "a"}, "missing_field"),
        ({"question": "a", "answer": " "}, "empty_answer"),
        ({"question": "", "answer": "b"}, "empty"),
        ({"question": ["a"], "answer": "b"}, "wrong_type"),
        ('{"question": "a", "answer": "b\\ud800"}', "lost_characters"),
        ({"question": "a", "answer": "b\ufffd"}, "lost_characters"),
        ({"question": "a", "answer": "b\x00"}, "control_characters"),
        ({"question": "caf\u00c3\u00a9", "answer": "b"}, "mojibake"),
        ({"question": "Where?", "answer": "There."}, "duplicate"),
        ({"question": "where?", "answer": "Nowhere."}, "contradiction"),
        ({"question": "a", "answer": "b" * 100}, "too_long"),
    ],
)
def test_each_fault_of_a_row_is_told_with_its_line(written: Written, row: object, kind: str) -> None:
    first = ROWS["question_answer"]
    found = kinds(written(first, "", {"question": "One?", "answer": "Two."}, row), longest=50)
    assert found == [(4, kind)]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"messages": [{"role": "user", "content": "a"}]}, "no_answer"),
        ({"messages": [{"role": "bard", "content": "a"}, {"role": "assistant", "content": "b"}]}, "role"),
        (
            {"messages": [{"role": "user", "content": "a"}] * 2 + [{"role": "assistant", "content": "b"}]},
            "turns_repeat",
        ),
        ({"messages": "hello"}, "wrong_type"),
        ({"question": "q", "context": "c", "answer": "d"}, "not_in_context"),
        ({"question": "q", "context": "c d", "answers": {"text": ["d"], "answer_start": [0]}}, "wrong_start"),
        ({"question": "q", "context": "c d", "answers": {"text": ["d"], "answer_start": [-1]}}, "wrong_start"),
        ({"question": "q", "context": "c d", "answers": {"text": ["d"], "answer_start": [None]}}, "wrong_type"),
        ({"question": "q", "context": "c d", "answers": {"text": [" "], "answer_start": [1]}}, "empty_answer"),
        ({"tokens": ["a"], "tags": []}, "unequal"),
        ({"tokens": ["a", "b"], "tags": ["O", "I-PER"]}, "tag_order"),
        ({"tokens": ["a", "b"], "tags": [0, 3]}, "tag_numbers"),
        ({"tokens": ["a", "b"], "tags": ["O", None]}, "wrong_type"),
        ({"tokens": ["a", ["b"]], "tags": ["O", "O"]}, "wrong_type"),
        ({"text": "a", "label": "b", "labels": ["c"]}, "label_and_labels"),
        ({"colour": "red"}, "unknown_layout"),
    ],
)
def test_faults_of_each_layout_are_told(written: Written, row: object, kind: str) -> None:
    assert kind in [found for _, found in kinds(written(row))]


@pytest.mark.parametrize(
    "answer",
    [
        {"answers": {"text": ["def"], "answer_start": [8]}},
        {"answers": {"text": ["def"], "answer_start": ["8"]}},
        {"answers": {"text": "def", "answer_start": 8}},
        {"answers": [{"text": "def", "answer_start": 8}]},
        {"answer": "def", "answer_start": 8},
        "question,context,answer,answer_start\nq,def abc def,def,8\n",
        "question,context,answer,answer_start\nq,def abc def,def,[8]\n",
    ],
)
def test_an_answer_begins_where_its_row_says(written: Written, answer: dict[str, Any] | str) -> None:
    row = answer if isinstance(answer, str) else {"question": "q", "context": "def abc def"} | answer
    path = written(row, name="rows.csv" if isinstance(answer, str) else "rows.jsonl")
    assert kinds(path) == []
    ((_, found),) = laid_out(path, "extractive")
    assert found["answers"] == {"text": ["def"], "answer_start": [8]}


def test_unanswerable_questions_as_in_squad_are_right(written: Written) -> None:
    row = {"question": "q", "context": "c", "answers": {"text": [], "answer_start": []}}
    assert kinds(written(row)) == []


def test_each_problem_says_what_to_do_in_both_languages(written: Written) -> None:
    checked = check_file(written("{", ROWS["question_answer"], {"question": "", "answer": ""}), len)
    assert all(one.text and one.fix for one in checked.faults)
    assert (checked.total, len(checked.rows), checked.serious) == (3, 1, 3)


def test_classes_with_a_single_example_and_files_with_a_single_class(written: Written) -> None:
    rows = [{"text": f"t{number}", "label": "a" if number else "b"} for number in range(4)]
    assert kinds(written(*rows)) == [(1, "single_example")]
    assert kinds(written(*rows[1:])) == [(1, "one_class")]


def test_rows_that_repeat_the_test_are_told(written: Written) -> None:
    test = written({"question": "How do I return a parcel?", "answer": "x"}, name="test.jsonl")
    rows = written(
        {"question": "how do I return a parcel", "answer": "x"}, {"question": "Where do you live?", "answer": "y"}
    )
    assert kinds(rows, test=test) == [(1, "leaks_test")]


def test_every_row_that_repeats_the_test_is_told_and_left_out(written: Written, tmp_path: Path) -> None:
    test = written({"question": "How do I return a parcel?", "answer": "x"}, name="test.jsonl")
    asked = ["how do I return a parcel", "Where do you live?", "How do I return a parcel?", "How do I return a parcel!"]
    checked = check_file(written(*({"question": text, "answer": "x"} for text in asked)), len, test=test)
    assert [one.line for one in checked.faults if one.kind == "leaks_test"] == [1, 3, 4]
    wish = Wish(validation=0, test=0, seed=1, group=None, most_broken=0)
    assert prepare(checked, tmp_path / "rows.jsonl", tmp_path / "out", wish)["rows"]["train"] == 1


def test_odd_encodings_are_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    text = '{"question": "a", "answer": "b"}\n{"question": "什么时候可以退货？", "answer": "七天内"}\n'
    path.write_bytes(text.encode("gb18030"))
    checked = check_file(path, len)
    assert [(one.line, one.kind) for one in checked.faults] == [(2, "encoding")]
    assert checked.rows[1].asked == "什么时候可以退货？"
    path.write_bytes(text.encode("utf-16"))
    assert [row.asked for row in check_file(path, len).rows] == ["a", "什么时候可以退货？"]
    path.write_bytes(b"\x00\x01\x02\xff" * 200)
    with pytest.raises(UserError):
        check_file(path, len)


def test_tables_lists_and_texts_are_read(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text('tokens,tags\nAnn sang,B-PER O\n"Bob\nran",B-PER O\none\n', encoding="utf-8")
    checked = check_file(table, len)
    assert [row.values["tokens"] for row in checked.rows] == [["Ann", "sang"], ["Bob", "ran"]]
    assert [(one.line, one.kind) for one in checked.faults] == [(5, "cells")]
    listed = tmp_path / "rows.json"
    listed.write_text(json.dumps([ROWS["instruction"], ROWS["instruction"]], indent=1), encoding="utf-8")
    assert kinds(listed) == [(7, "duplicate")]
    text = tmp_path / "rows.txt"
    text.write_text("One\nparagraph.\n\n\nAnother.\n", encoding="utf-8")
    assert [(row.line, row.asked) for row in check_file(text, len).rows] == [(1, "One\nparagraph."), (5, "Another.")]


def test_a_long_line_of_white_space_parts_paragraphs_and_is_read_once(tmp_path: Path) -> None:
    text = tmp_path / "rows.txt"
    text.write_text("One\n" + " " * 500_000 + "\n  Two \n", encoding="utf-8")  # read from each place it takes an hour
    assert [(row.line, row.values) for row in read_raw(text)[0]] == [(1, {"text": "One"}), (3, {"text": "Two"})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_are_read_whatever_ends_their_lines(end: str, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    lines = ("", "text;label", f'"a, b{end}c";x', "d;y")
    table.write_bytes(end.join(lines).encode())
    rows, faults = read_raw(table)
    assert [(row.line, row.values) for row in rows] == [
        (3, {"text": f"a, b{end}c", "label": "x"}),
        (5, {"text": "d", "label": "y"}),
    ]
    assert not faults


def test_cells_that_look_like_json_are_texts_where_their_column_holds_texts(written: Written) -> None:
    turns = json.dumps([{"role": "user", "content": "Hi"}]).replace('"', '""')
    table = written("question,answer,tokens", 'q,"{""a"": 1}","[""x"", ""y""]"', "[1],[2],x y", name="rows.csv")
    rows, _ = read_raw(table)
    assert [row.values for row in rows] == [
        {"question": "q", "answer": '{"a": 1}', "tokens": ["x", "y"]},
        {"question": "[1]", "answer": "[2]", "tokens": ["x", "y"]},
    ]
    ((first,), _) = read_raw(written("prompt,completion", f'"{turns}","{turns}"', name="turns.csv"))
    assert first.values["prompt"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("rows.csv", "text,label,label\na,x,y\n", [(1, "field_twice")]),
        ("rows.jsonl", '{"text": "a", "label": "x", "label": "y"}', [(1, "field_twice")]),
        (
            "rows.json",
            '[{"text": "a", "text": "b", "label": "x"},\n {"text": "c", "label": ',
            [(1, "field_twice"), (2, "not_json")],
        ),
        ("rows.json", '[{"text": "a", "label": "x"}]\n[{"text": "b", "label": "y"}]', [(2, "not_json")]),
        ("rows.json", '[{"text": "a", "label": "x"},\n', [(2, "not_json")]),
        ("rows.jsonl", '{"text": ' + "[" * 100_000, [(1, "not_json")]),
        ("rows.json", "[" * 100_000, [(1, "not_json")]),
        ("rows.json", '[{"text": "a\\ud83d", "label": "x"}]', [(1, "lost_characters")]),
    ],
)
def test_nothing_of_a_file_is_dropped_in_silence(
    written: Written, name: str, text: str, told: list[tuple[int, str]]
) -> None:
    assert [(one.line, one.kind) for one in read_raw(written(text, name=name))[1]] == told


def test_a_number_that_is_none_is_a_missing_value(written: Written) -> None:
    assert kinds(written('{"text": "a", "label": NaN}')) == [(1, "empty_answer")]


def test_whole_characters_that_are_written_in_halves_are_read(written: Written) -> None:
    ((row,), faults) = read_raw(written('{"text": "\\ud83d\\ude00"}'))
    assert (row.values, faults) == ({"text": "😀"}, [])


def test_statistics_count_classes_lengths_and_languages(written: Written) -> None:
    rows = [{"text": "你好", "label": "a"}, {"text": "Hello", "label": "a"}, {"text": "привет", "label": "b"}]
    figures: Any = statistics(check_file(written(*rows), len), "letters")
    assert figures["classes"] == {"a": 2, "b": 1}
    assert figures["languages"] == {"zh": 1, "latin": 1, "ru": 1}
    assert figures["characters"]["asked"] == {"least": 2, "median": 5, "p95": 6, "greatest": 6, "total": 13}
    assert [language(text) for text in ("これは", "한국", "123")] == ["ja", "ko", "other"]


WISH = Wish(validation=0.2, test=0.2, seed=3, group=None, most_broken=0.1)


def parts(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: [json.loads(line) for line in path.open(encoding="utf-8")] for path in folder.glob("*.jsonl")}


def test_prepared_parts_keep_classes_and_tear_no_text(written: Written, tmp_path: Path) -> None:
    rows = [{"text": f"text {number // 2}{' ' * (number % 2)}", "label": f"c{number // 2 % 3}"} for number in range(60)]
    path = written(*rows, {"text": "alone", "label": "c9"}, "{")
    summary: Any = prepare(check_file(path, len), path, tmp_path / "out", WISH)
    found = parts(tmp_path / "out")
    assert summary["rows"] == {"source": 62, "left_out": 31, "train": 19, "validation": 6, "test": 6}
    for part in ("train", "validation", "test"):
        assert {row["label"] for row in found[part]} >= {"c0", "c1", "c2"}
    assert {"text": "alone", "label": "c9"} in found["train"]
    texts = [{row["text"] for row in found[part]} for part in ("train", "validation", "test")]
    assert not any(first & second for first, second in pairwise([*texts, texts[0]]))
    again = prepare(check_file(path, len), path, tmp_path / "again", WISH)
    assert (parts(tmp_path / "again"), again) == (found, summary)


def test_groups_stay_together_and_near_repeats_on_the_learning_side(written: Written, tmp_path: Path) -> None:
    rows = [
        {"question": f"{word} number {number}: {word * 3}?", "answer": "x", "customer": number % 7}
        for number, word in enumerate(["apple", "bread", "chair", "dance", "eagle", "frost", "grape"] * 6)
    ]
    path = written(*rows)
    wish = Wish(validation=0.2, test=0.2, seed=1, group="customer", most_broken=0)
    prepare(check_file(path, len), path, tmp_path / "out", wish)
    found = parts(tmp_path / "out")
    sides = [{row["customer"] for row in rows} for rows in found.values()]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 7
    path = written(*({"question": f"The {word} that I bought never came, {word}", "answer": "x"} for word in "abcdef"))
    prepare(check_file(path, len), path, tmp_path / "near", WISH)
    assert {*parts(tmp_path / "near")} == {"train"}  # every question nearly repeats another


@pytest.mark.parametrize("missing", [None, ""])
def test_rows_without_a_group_are_no_group(written: Written, tmp_path: Path, missing: str | None) -> None:
    path = written(*({"text": f"words {n}", "label": "ab"[n % 2], "customer": missing} for n in range(40)))
    wish = Wish(validation=0.2, test=0.2, seed=1, group="customer", most_broken=0)
    assert prepare(check_file(path, len), path, tmp_path / "out", wish)["rows"] == {
        "source": 40,
        "left_out": 0,
        "train": 24,
        "validation": 8,
        "test": 8,
    }


def test_rows_to_choose_by_are_not_nearly_those_to_measure_on(written: Written, tmp_path: Path) -> None:
    things = ("apple", "bread", "chair", "dance", "eagle", "frost", "grape", "house", "ivory", "jelly")
    twins = [f"{mark} {word} {word[::-1]} came too late from {word}" for word in things for mark in ("The", "A")]
    path = written(*({"question": text, "answer": "x"} for text in twins))
    wish = Wish(validation=0.45, test=0.45, seed=1, group=None, most_broken=0)
    prepare(check_file(path, len), path, tmp_path / "out", wish)
    found = {name: [row["question"] for row in rows] for name, rows in parts(tmp_path / "out").items()}
    sides = {text: name for name, texts in found.items() for text in texts}
    assert {*found} == {"train", "validation", "test"}
    assert all(sides[first] == sides[second] for first, second in zip(twins[::2], twins[1::2], strict=True))


def test_a_field_to_group_by_that_no_row_has_is_refused(written: Written, tmp_path: Path) -> None:
    path = written({"question": "when?", "answer": "now", "customer": 1})
    with pytest.raises(UserError, match=r"“custmer”.*question, answer, customer"):
        prepare(check_file(path, len), path, tmp_path / "out", Wish(0, 0, 1, "custmer", 0))
    assert not (tmp_path / "out").exists()


def test_broken_rows_are_recorded_and_too_many_refused(written: Written, tmp_path: Path) -> None:
    rows: list[object] = [{"text": f"some words {number}", "label": "ab"[number % 2]} for number in range(20)]
    path = written(*rows, {"text": "twice", "label": "a"}, {"text": "Twice", "label": "b"}, "{")
    prepare(check_file(path, len), path, tmp_path / "out", WISH)
    left = parts(tmp_path / "out")["left_out"]
    assert [(row["line"], row["why"][0]["kind"]) for row in left] == [
        (21, "contradiction"),
        (22, "contradiction"),
        (23, "not_json"),
    ]
    with pytest.raises(UserError, match="exists"):
        prepare(check_file(path, len), path, tmp_path / "out", WISH)
    strict = Wish(validation=0.1, test=0.1, seed=1, group=None, most_broken=0.01)
    with pytest.raises(UserError, match="1 of 23"):
        prepare(check_file(path, len), path, tmp_path / "strict", strict)
    assert not (tmp_path / "strict").exists()


def test_what_is_prepared_has_no_faults_left(written: Written, tmp_path: Path) -> None:
    for name, row in ROWS.items():
        path = written(
            row, row, {**row, "label": "other", "text": "x"} if "label" in row else row, "{", name=f"{name}.jsonl"
        )
        wish = Wish(validation=0, test=0, seed=1, group=None, most_broken=0.5)
        prepare(check_file(path, len), path, tmp_path / name, wish)
        again = check_file(tmp_path / name / "train.jsonl", len)
        assert not {one.kind for one in again.faults} - {"single_example"}
        assert len(again.rows) == (2 if "label" in row else 1)


def test_warnings_are_kinds_that_are_told(written: Written) -> None:
    checked = check_file(written({"question": "a\x01", "answer": "b"}), len)
    assert {one.kind for one in checked.faults} <= WARNINGS
    assert not checked.serious


def test_cleaning_moves_no_answer_from_its_place(written: Written, tmp_path: Path) -> None:
    context = "page one\x0c\x0cpage two names the nurse"
    row = {
        "question": "who?",
        "context": context,
        "answers": {"text": ["nurse"], "answer_start": [context.index("nurse")]},
    }
    path = written(row)
    prepare(check_file(path, len), path, tmp_path / "out", Wish(0, 0, 1, None, 0.5))
    again = check_file(tmp_path / "out" / "train.jsonl", len)
    assert len(again.rows) == 1
    assert not again.faults
