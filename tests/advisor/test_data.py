import json
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main


def test_check_prints_the_contract_and_tells_wrong_input_by_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "a", "answer": "b"}\n{"question": "c"}\n', encoding="utf-8")
    assert main(["data", "check", str(path), "--json", "--language", "en"]) == WRONG_INPUT
    told = json.loads(capsys.readouterr().out)
    assert {*told} == {"format", "rows", "problems", "statistics"}
    assert (told["format"], told["rows"]) == ("question_answer", 2)
    assert [(one["line"], one["kind"]) for one in told["problems"]] == [(2, "missing_field")]
    assert "answer" in told["problems"][0]["text"]
    assert told["problems"][0]["fix"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_check_and_prepare_speak_to_people(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    rows = "".join(f"words of row {number},{'ab'[number % 2]}\n" for number in range(20))
    path.write_text(f"text,label\n{rows}words of row 1,b\nanother,c\n", encoding="utf-8")
    assert main(["data", "check", str(path), "--language", language]) == DONE
    shown = capsys.readouterr().out
    assert "22" in shown
    assert "23" in shown
    assert main(["data", "prepare", str(path), "-o", str(tmp_path / "out"), "--language", language]) == DONE
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "left_out.jsonl",
        "summary.json",
        "test.jsonl",
        "train.jsonl",
        "validation.jsonl",
    ]
    assert main(["data", "prepare", str(path), "-o", str(tmp_path / "out"), "--language", language]) == WRONG_INPUT


@pytest.mark.parametrize("word", ["abc", "1", "-0.1", "nan", "10%"])
def test_a_share_that_is_none_is_told_in_words(word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data", "prepare", "rows.jsonl", "-o", str(tmp_path / "out"), "--language", "zh"]
    assert main([*words, f"--test-share={word}"]) == WRONG_INPUT
    told = capsys.readouterr().err
    assert word in told
    assert "_share" not in told
    assert "argument" not in told


def test_shares_must_leave_rows_to_learn_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "label": "b"}\n', encoding="utf-8")
    words = ["data", "prepare", str(path), "-o", str(tmp_path / "out"), "--language", "en", "--test-share"]
    assert main([*words, "0.95"]) == WRONG_INPUT
    assert main([*words, "1.5"]) == WRONG_INPUT
    assert "1.5" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "told"), [("zh", "没有分出 test"), ("en", "no rows for test")])
def test_a_part_without_rows_is_told(
    language: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"question": f"The {word} that I bought never came, {word}", "answer": "x"} for word in "abcdef"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["data", "prepare", str(path), "--validation-share", "0", "--language", language]
    assert main([*words, "-o", str(tmp_path / "out")]) == DONE
    assert told in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "none"), "--test-share", "0"]) == DONE
    assert told not in capsys.readouterr().err
