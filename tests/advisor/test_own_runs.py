"""Commands that run single steps: train, evaluate, tune, pilot."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.advisor.pilot_rows import as_lines, pilot_rows
from ftadvisor.executors.data import read_rows

ROWS = [{"question": f"Which colour has thing {number}?", "answer": "Blue."} for number in range(24)]
SHORT = ["--set", "epochs=1", "--set", "tracker=none", "--set", "general=null"]
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("train.jsonl", ROWS[:16])
    write("test.jsonl", ROWS[16:])
    Path("documents").mkdir()
    Path("documents/colours.md").write_text("# Colours\n\nEvery thing is blue.\n", encoding="utf-8")
    return tmp_path


def write(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def told(words: list[str], capsys: Shown) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*words, "--json", "--quiet", "--language", "en"]) == DONE
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("folder")
def test_train_then_evaluate_with_the_prompt_it_was_trained_with(tiny_model: Path, capsys: Shown) -> None:
    words = ["train", "train.jsonl", "--model", str(tiny_model), "--instruction", "Be short.", *SHORT]
    trained = told([*words, "--set", "method_options.rank=4"], capsys)
    assert trained["status"]["state"] == "finished"
    assert trained["training"]["method"] == "lora"
    assert "general_loss" not in trained["training"]  # null is a value, not the default
    assert trained["training"]["validation_loss"]
    adapter = trained["training"]["adapter"]
    short = ["--set", "max_new_tokens=4"]
    measured = told(["evaluate", "test.jsonl", "--adapter", adapter, *short], capsys)
    assert {*measured["evaluation"]["arms"]} == {"base", "prompting", "finetuned"}
    assert measured["evaluation"]["rows"] == 8
    assert [Path(path).name for path in measured["reports"]] == ["report.html", "report.md", "report.json"]
    assert not list(Path("runs").glob(".*.plan.yaml"))
    assert main(["evaluate", "test.jsonl", "--adapter", adapter, *short, "--quiet", "--language", "en"]) == DONE
    shown = " ".join(capsys.readouterr().out.replace("┃", " ").split())
    assert "8 test rows; 95 % intervals in brackets" in shown
    assert "clauses" not in shown  # which only the demonstration's questions are about
    assert "RAG" not in shown


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_see_losses_and_what_to_do_next(tiny_model: Path, capsys: Shown, language: str) -> None:
    words = ["train", "train.jsonl", "--model", str(tiny_model), *SHORT, "--quiet", "--language", language]
    assert main(words) == DONE
    shown = capsys.readouterr().out
    assert "ftadvisor evaluate TEST.jsonl --adapter" in shown
    assert "report.html" in shown


@pytest.mark.usefixtures("folder")
def test_a_classifier_is_measured_on_what_was_held_out(tiny_of: Callable[[str], Path], capsys: Shown) -> None:
    encoder = tiny_of("bert")
    write("labelled.jsonl", [{"text": f"words of row {n}", "label": "ab"[n % 2]} for n in range(40)])
    task = ["--task", "sequence_classification", "--held-out", "0.25"]
    found = told(["train", "labelled.jsonl", "--model", str(encoder), *task, *SHORT], capsys)
    assert 0 <= found["measured"][0]["metrics"]["accuracy"]["value"] <= 1
    adapter = found["training"]["adapter"]
    write("more.jsonl", [{"text": f"words of line {n}", "label": "ab"[n % 2]} for n in range(8)])
    again = told(["evaluate", "more.jsonl", "--adapter", adapter, "--model", str(encoder)], capsys)
    assert again["evaluation"]["rows"]
    assert main(["evaluate", "more.jsonl", "--adapter", adapter, "--quiet", "--language", "en"]) == DONE
    shown = capsys.readouterr().out
    assert "Macro F1" in shown
    assert "AUC" in shown


@pytest.mark.usefixtures("folder")
def test_rows_held_out_of_a_language_model_are_kept_for_the_command_that_is_named(
    tiny_model: Path, capsys: Shown
) -> None:
    words = ["train", "train.jsonl", "--model", str(tiny_model), "--held-out", "0.25", *SHORT]
    assert main([*words, "--quiet", "--language", "en"]) == DONE
    shown = capsys.readouterr().out
    assert "The 4 rows that were held out" in shown
    [line] = [line for line in shown.splitlines() if "ftadvisor evaluate" in line]
    command = shlex.split(line[line.index("ftadvisor evaluate") :])[1:]
    kept = read_rows(Path(command[1]))
    assert len(kept) == 4
    assert {row.question for row in kept} < {row["question"] for row in ROWS[:16]}
    measured = told([*command, "--set", "max_new_tokens=4"], capsys)
    assert measured["evaluation"]["rows"] == 4


@pytest.mark.usefixtures("folder")
def test_tune_ranks_by_validation_and_names_the_command(tiny_model: Path, capsys: Shown) -> None:
    vary = ["--vary", "learning_rate=1e-9,1e-2", "--vary", "method_options.rank=2,4", "--trials", "3"]
    words = ["tune", "train.jsonl", "--model", str(tiny_model), *vary, *SHORT]
    found = told(words, capsys)
    losses = [trial["validation_loss"] for trial in found["trials"]]
    assert len(losses) == 3
    assert losses == sorted(losses)
    assert found["best"] == found["trials"][0]["settings"]
    assert found["best"]["learning_rate"] == 1e-2
    assert {*found["best"]} == {"learning_rate", "method_options.rank"}


@pytest.mark.usefixtures("folder")
def test_pilot_compares_all_ways_on_drawn_rows(tiny_model: Path, capsys: Shown) -> None:
    rows = ["--train-rows", "6", "--test-rows", "3"]
    files = ["--train", "train.jsonl", "--test", "test.jsonl", "--documents", "documents"]
    found = told(["pilot", *files, "--model", str(tiny_model), *rows], capsys)
    arms = {"base", "prompting", "rag", "finetuned", "combined", "shuffled"}
    assert {*found["evaluation"]["arms"]} == arms
    assert found["evaluation"]["rows"] == 3


@pytest.mark.usefixtures("folder")
def test_pilot_judges_classes_by_the_class(tiny_model: Path, capsys: Shown) -> None:
    for name, numbers in (("train", range(8)), ("test", range(8, 14))):
        lines = "".join(f"row number {number},{'good' if number % 2 else 'bad'}\n" for number in numbers)
        Path(f"{name}.csv").write_text(f"text,label\n{lines}", encoding="utf-8")
    words = ["pilot", "--train", "train.csv", "--test", "test.csv", "--test-rows", "4", "--model", str(tiny_model)]
    found = told(words, capsys)["evaluation"]
    assert found["rows"] == 4
    assert {*found["arms"]} == {"base", "prompting", "finetuned"}
    assert "label" in found["arms"]["finetuned"]
    assert {*found["confusion"]["finetuned"]["label"]} == {"good", "bad"}


@pytest.mark.parametrize(
    ("row", "question", "answer"),
    [
        ({"instruction": "Add.", "input": "1 and 2", "output": "3"}, "1 and 2", "3"),
        ({"prompt": "Say a", "completion": "a"}, "Say a", "a"),
        ({"question": "Who?", "context": "Ann left.", "answer": "Ann"}, "Who?\n\nAnn left.", "Ann"),
        ({"question": "Who?", "context": "It left.", "answers": {"text": [], "answer_start": []}}, "left", "unansw"),
        ({"text": "fine", "labels": ["a", "b"]}, "fine", "a"),
        ({"question": "Who?", "answer": "Ann", "quote": "Ann left."}, "Who?", "Ann"),
    ],
)
def test_pilot_puts_every_layout_as_question_and_answer(
    row: dict[str, Any], question: str, answer: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    [found] = pilot_rows(path).rows
    assert question in found.question
    assert answer in found.answer
    path.write_bytes(as_lines([found]))
    assert read_rows(path) == [found]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["train", "train.jsonl", "--model", "m", "--set", "epochs"], "epochs"),
        (["train", "train.jsonl", "--model", "m", "--set", "epoch=3"], "epoch"),
        (["train", "train.jsonl", "--model", "m", "--set", "epochs=-1", "--set", "clip=-1"], "clip"),
        (["tune", "train.jsonl", "--model", "m", "--vary", "learning_rate"], "learning_rate"),
        (["evaluate", "test.jsonl"], "--adapter"),
        (["evaluate", "test.jsonl", "--adapter", "documents"], "documents"),
        (["pilot", "--train", "train.jsonl", "--test", "test.jsonl", "--model", "m", "--test-rows", "0"], "0"),
        (["train", "absent.jsonl", "--model", "builtin:tiny"], "absent.jsonl"),
    ],
)
def test_wrong_words_are_told_and_leave_nothing(words: list[str], word: str, capsys: Shown) -> None:
    assert main([*words, "--language", "en"]) == WRONG_INPUT
    assert word in capsys.readouterr().err
    assert not [path for path in Path("runs").glob("*") if not path.name.startswith("pilot")]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("quiet", [True, False])
def test_a_template_of_another_model_is_on_the_screen_before_the_first_update(
    tiny_model: Path, tmp_path: Path, capsys: Shown, quiet: bool
) -> None:
    other = tmp_path / "other"
    copytree(tiny_model, other)
    template = other / "chat_template.jinja"
    template.write_text("{# <|im_start|> #}" + template.read_text(encoding="utf-8"), encoding="utf-8")
    words = ["train", "train.jsonl", "--model", str(other), *SHORT, "--set", "tracker=tensorboard", "--language", "en"]
    assert main([*words, *(["--quiet"] if quiet else [])]) == DONE
    out, shown = capsys.readouterr()
    assert "tensorboard --logdir" in out
    told = shown.index("! the chat template's <|im_start|> are no tokens of this tokenizer")
    assert quiet or told < shown.index("training finetuned · loss")
