import json
from pathlib import Path

import pytest
from ftadvisor.executors.data import read_conversations, read_rows
from ftadvisor.executors.data_check import check_file
from ftadvisor.executors.prepare import Wish, prepare
from ftadvisor.executors.prompt import Prompt
from ftadvisor.knowledge.errors import UserError


def write(path: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_rows_with_all_that_may_be_known(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.jsonl",
        {"id": "a", "question": "几天?", "answer": "七天", "quote": "七天内", "expected": {"days": "7"}, "note": 1},
        "",
        {"question": "q", "answer": "a", "relevant": ["d1"], "language": "en"},
    )
    first, second = read_rows(path)
    assert (first.id, first.line, first.quote, first.expected) == ("a", 1, "七天内", {"days": "7"})
    assert (second.id, second.line, second.relevant) == ("3", 3, ("d1",))


def test_numbers_count_as_texts(tmp_path: Path) -> None:
    (row,) = read_rows(
        write(tmp_path / "rows.jsonl", {"id": 7, "question": "q", "answer": 3, "expected": {"stars": 5}})
    )
    assert (row.id, row.answer, row.expected) == ("7", "3", {"stars": "5"})


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path, english: None) -> None:
    path = write(
        tmp_path / "rows.jsonl",
        {"question": "q", "answer": "a"},
        "{not json",
        ["a", "list"],
        {"question": "q"},
        {"question": "", "answer": [3]},
    )
    with pytest.raises(UserError) as error:
        read_rows(path)
    lines = error.value.message.splitlines()
    assert "5" in lines[0]
    assert lines[0].startswith(str(path))
    assert [line.split(":")[0] for line in lines[1:]] == ["line 2", "line 3", "line 4", "line 5", "line 5"]
    assert "answer" in lines[3]


def test_a_text_of_white_space_is_empty(tmp_path: Path, english: None) -> None:
    path = write(tmp_path / "rows.jsonl", {"question": "q", "answer": " \n"}, {"question": "\u3000", "answer": "a"})
    for read in (read_rows, lambda path: read_conversations(path, Prompt())):
        with pytest.raises(UserError) as error:
            read(path)
        assert [line.split(": must")[0] for line in error.value.message.splitlines()[1:]] == [
            "line 1: answer",
            "line 2: question",
        ]


def test_many_problems_are_counted_not_all_shown(tmp_path: Path, english: None) -> None:
    with pytest.raises(UserError) as error:
        read_rows(write(tmp_path / "rows.jsonl", *["x"] * 100))
    assert len(error.value.message.splitlines()) == 22
    assert "80" in error.value.message.splitlines()[-1]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError):
        read_rows(write(tmp_path / "rows.jsonl", content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rows\.jsonl"):
        read_rows(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_cells_are_divided_as_spreadsheets_of_any_country_write_them(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f'question{mark}answer\n"Red, or green; or blue?"{mark}Red.\n', encoding="utf-8")
    (row,) = read_rows(path)
    assert (row.question, row.answer) == ("Red, or green; or blue?", "Red.")


def test_same_id_twice(tmp_path: Path) -> None:
    row = {"id": "twice", "question": "q", "answer": "a"}
    with pytest.raises(UserError, match="twice"):
        read_rows(write(tmp_path / "rows.jsonl", row, row))


def test_a_row_without_an_id_takes_no_other_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"id": 2, "question": "q", "answer": "a"}, {"question": "r", "answer": "b"})
    assert [row.id for row in read_rows(path)] == ["2", "line 2"]
    assert [row.id for row in read_conversations(path, Prompt())] == ["2", "line 2"]


def test_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"question": "q", "answer": "a"}).encode() + b"\r\n")
    assert len(read_rows(path)) == 1


def test_both_layouts_become_conversations(tmp_path: Path) -> None:
    prompt = Prompt(instruction="Be brief.")
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    path = write(tmp_path / "rows.jsonl", {"question": "q", "answer": "a"}, {"messages": messages})
    asked, given = read_conversations(path, prompt)
    assert asked.turns == prompt.messages("q", None, "a")
    assert given.turns == messages


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "hi"}],
        [{"role": "assistant", "content": "hi"}, {"role": "user", "content": "hi"}],
        [{"role": "robot", "content": "hi"}, {"role": "assistant", "content": "hi"}],
        [{"role": "user", "content": "hi"}, {"role": "assistant", "content": ""}],
        "hi",
    ],
)
def test_conversations_without_a_question_and_an_answer_are_refused(tmp_path: Path, messages: object) -> None:
    with pytest.raises(UserError):
        read_conversations(write(tmp_path / "rows.jsonl", {"messages": messages}), Prompt())


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        ([{"role": "user", "content": "Hello?"}], "end with the assistant's answer"),
        ([{"role": "user", "content": "Hello?"}, {"role": "asistant", "content": "Hi."}], "'asistant'"),
        ([{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": ""}], "messages[2]"),
    ],
)
def test_what_is_wrong_with_a_conversation_is_told_as_the_check_of_data_tells_it(
    turns: list[object], told: str, tmp_path: Path, english: None
) -> None:
    path = write(tmp_path / "rows.jsonl", {"messages": turns})
    with pytest.raises(UserError) as error:
        read_conversations(path, Prompt())
    assert told in error.value.message
    assert "pattern" not in error.value.message
    checked = check_file(path, len)
    assert {one.text for one in checked.faults} == {
        line.partition(": ")[2] for line in error.value.message.splitlines()[1:]
    }


def test_the_check_of_data_reads_each_row_of_a_mixed_file_as_training_does(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]
    path = write(
        tmp_path / "rows.jsonl",
        {"question": "What is it?", "answer": "A thing."},
        {"question": "What was it?", "answer": "Another thing."},
        {"messages": turns},
        {"text": "a row of another task", "label": "other"},
    )
    checked = check_file(path, len)
    assert [row.asked for row in checked.rows] == ["What is it?", "What was it?", "Hello?"]
    assert [one.line for one in checked.faults if one.serious] == [4]
    prepare(checked, path, tmp_path / "prepared", Wish(0, 0, seed=1, group=None, most_broken=0.5))
    assert len(read_conversations(tmp_path / "prepared" / "train.jsonl", Prompt())) == 3


def test_a_conversation_of_one_question_can_be_measured_and_a_longer_one_says_why_not(
    tmp_path: Path, english: None
) -> None:
    turns = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]
    (row,) = read_rows(write(tmp_path / "rows.jsonl", {"messages": turns}))
    assert (row.question, row.answer) == ("Hello?", "Hi.")
    with pytest.raises(UserError, match="several turns"):
        read_rows(write(tmp_path / "longer.jsonl", {"messages": turns * 2}))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {
                "system": "Be brief.",
                "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
            },
            [],
        ),
        (
            {"system": "Be brief.", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
            [],
        ),
        ({"system": "Be brief.", "prompt": "q", "completion": "a"}, []),
        (
            {
                "system": "Be brief.",
                "prompt": [{"role": "user", "content": "q"}],
                "completion": [{"role": "assistant", "content": "a"}],
            },
            [],
        ),
        ({"system": "Be brief.", "instruction": "q", "output": "a"}, []),
        ({"system": "Be brief.", "instruction": "q", "output": "a", "history": [["before", "yes"]]}, ["before", "yes"]),
    ],
)
def test_what_stands_before_a_question_is_learnt_and_prepared_with_it(
    tmp_path: Path, row: dict[str, object], said: list[str], english: None
) -> None:
    path = write(tmp_path / "rows.jsonl", row)
    wish = Wish(validation=0, test=0, seed=3, group=None, most_broken=0)
    prepare(check_file(path, len), path, tmp_path / "out", wish)
    for place in (path, tmp_path / "out" / "train.jsonl"):
        (found,) = read_conversations(place, Prompt())
        assert [turn["content"] for turn in found.turns] == ["Be brief.", *said, "q", "a"]
        with pytest.raises(UserError, match="system message"):
            read_rows(place)  # which is asked as one question


def test_the_system_message_and_the_history_are_checked(tmp_path: Path, english: None) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    rows = (
        {"system": ["x"], "messages": turns},
        {"system": "x", "messages": [{"role": "system", "content": "y"}, *turns]},
        {"instruction": "q", "output": "a", "history": [["before"]]},
        {"instruction": "q", "output": "a", "history": [], "system": None},
    )
    path = write(tmp_path / "rows.jsonl", *rows)
    kinds = [(one.line, one.kind) for one in check_file(path, len).faults]
    assert kinds == [(1, "wrong_type"), (2, "turns_repeat"), (3, "wrong_type")]
    with pytest.raises(UserError, match="line 3: history must be"):
        read_conversations(path, Prompt())


def test_a_table_may_hold_a_history(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = 'q,a,[]\nq,a,\nq,a,"[[""before"", ""yes""]]"\n'
    path.write_text(f"instruction,output,history\n{rows}", encoding="utf-8")
    found = [[turn["content"] for turn in row.turns] for row in read_conversations(path, Prompt())]
    assert found == [["q", "a"], ["q", "a"], ["before", "yes", "q", "a"]]
