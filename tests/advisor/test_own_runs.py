"""Commands that run single steps: train, evaluate, tune, pilot."""

import json
import shlex
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.advisor.own_run import step_of
from ftadvisor.advisor.pilot_rows import as_lines, pilot_rows
from ftadvisor.advisor.rows_task import told_task
from ftadvisor.advisor.set_options import options_of
from ftadvisor.executors.data import read_rows
from ftadvisor.executors.report.names import arm_name
from ftadvisor.knowledge.errors import UserError

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
def test_the_command_that_tune_names_trains_as_its_best_trial(tiny_of: Callable[[str], Path], capsys: Shown) -> None:
    write("labelled.jsonl", [{"text": f"words of row {n}", "label": "ab"[n % 2]} for n in range(40)])
    write("choose.jsonl", [{"text": f"words of line {n}", "label": "ab"[n % 2]} for n in range(8)])
    given = ["--model", str(tiny_of("bert")), "--method", "bitfit", "--validation", "choose.jsonl", "--seed", "3"]
    vary = ["--vary", "learning_rate=1e-4,1e-2"]
    words = ["tune", "labelled.jsonl", *given, *SHORT, *vary, "--runs", "tuned", "--instruction", "Which letter?"]
    assert main([*words, "--quiet", "--language", "en"]) == DONE
    line = capsys.readouterr().out.splitlines()[-1]
    command = shlex.split(line[line.index("ftadvisor train") :])[1:]
    [best, _] = [json.loads(path.read_bytes()) for path in sorted(Path("tuned").glob("*/steps/*-train.json"))]
    found = told(command, capsys)
    assert Path(found["run"]).parent.name == "tuned"
    run = json.loads(next(Path(found["run"]).glob("steps/1-train.json")).read_bytes())["options"]
    own = {"name", "output", "learning_rate"}
    assert {name: value for name, value in run.items() if name not in own} == {
        name: value for name, value in best["options"].items() if name not in own
    }
    plan = Path(found["run"], "plan.yaml").read_text(encoding="utf-8")
    assert "seed: 3" in plan
    assert "Which letter?" in plan


@pytest.mark.parametrize(
    ("row", "task"),
    [
        ({"text": "words", "label": "a"}, "sequence_classification"),
        ({"text": "words", "labels": ["a", "b"]}, "sequence_classification"),
        ({"tokens": ["a"], "tags": ["O"]}, "token_classification"),
        ({"text": "words"}, "continued_pretraining"),
        ({"question": "q", "context": "c", "answers": {"text": ["c"], "answer_start": [0]}}, "question_answering"),
        ({"question": "q", "context": "c", "answer": "c"}, "causal_lm"),
        ({"question": "q", "answer": "c"}, "causal_lm"),
        ({"unknown": "q"}, "causal_lm"),
    ],
)
@pytest.mark.usefixtures("folder", "english")
def test_the_task_is_told_from_the_rows_and_said(row: dict[str, Any], task: str, capsys: Shown) -> None:
    write("rows.jsonl", [row])
    given = Namespace(rows=Path("rows.jsonl"), task=None, quiet=False)
    assert told_task(given) == task
    assert (f"--task {task}" in capsys.readouterr().err) == (task != "causal_lm")
    assert told_task(Namespace(rows=Path("rows.jsonl"), task="seq2seq", quiet=False)) == "seq2seq"


@pytest.mark.usefixtures("folder", "english")
def test_options_are_read_as_people_write_them() -> None:
    words = ["new_tokens=sepsis, stent", "method_options.targets=q_proj,v_proj", "replay=test.jsonl", "epochs=2"]
    found = options_of([*words, "general=null"], "train")
    assert found["new_tokens"] == ["sepsis", "stent"]
    assert found["method_options"] == {"targets": ["q_proj", "v_proj"]}
    assert found["replay"] == str(Path("test.jsonl").resolve())
    assert (found["epochs"], found["general"]) == (2, None)
    assert options_of(["documents=documents,test.jsonl"], "evaluate")["documents"] == [
        str(Path(name).resolve()) for name in ("documents", "test.jsonl")
    ]
    assert options_of(["general=builtin:general/text.jsonl"], "train")["general"] == "builtin:general/text.jsonl"
    assert options_of(["finetuned=https://host/v1#m"], "evaluate")["finetuned"] == "https://host/v1#m"
    for pattern in ("[A-Z]+", "Clause: .+", "{", "007", "true"):
        assert options_of([f"format={pattern}"], "evaluate")["format"] == pattern
    assert options_of(["format="], "evaluate")["format"] is None
    assert options_of(["method_options.bottleneck=8"], "train", {"method": "adapter"})["method_options"]
    named = step_of("train", name="a", train="a", output="a", method_options={"targets": "all-linear"})
    assert named == step_of("train", name="a", train="a", output="a")
    with pytest.raises(UserError, match="YAML"):
        options_of(["new_tokens=[a"], "train")


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("learningrate=1", "learning_rate"),
        ("method_options.rnak=4", "method_options.rank"),
        ("rank=4", "method_options.rank"),
        ("method_options.qqq=1", "method_options.dropout"),
    ],
)
def test_a_misspelt_option_names_those_that_there_are(word: str, close: str, english: None) -> None:
    with pytest.raises(UserError, match=close) as error:
        options_of([word], "train")
    assert "ftadvisor explain train" in error.value.hint


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (["--method", "bitfit", "--set", "epochs=1"], ["--method", "lora"]),
        (["--set", "max_length=100"], ["--set", "too_long=leave_out"]),
        (["--set", "method_options.targets=q_prj,v_proj"], ["--set", "method_options.targets=q_proj,v_proj"]),
        (
            ["--method", "ia3", "--set", "method_options.targets=k_prj", "--set", "method_options.feedforward=k_prj"],
            ["method_options.targets=k_proj", "--set", "method_options.feedforward=k_proj"],
        ),
        (["--method", "prefix_tuning", "--set", "gradient_checkpointing=true"], ["gradient_checkpointing=false"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_refused_at_once_leaves_no_run_and_names_a_command(
    words: list[str], change: list[str], tiny_model: Path, capsys: Shown
) -> None:
    write("train.jsonl", [*ROWS[:16], {"question": "Which colour has it? " * 40, "answer": "Blue."}])
    assert main(["train", "train.jsonl", "--model", str(tiny_model), *words, "--language", "en"]) == WRONG_INPUT
    told = capsys.readouterr().err
    assert "--resume" not in told
    assert not list(Path("runs").iterdir())
    command = shlex.split(told[told.rindex("ftadvisor train") :])
    assert command[2:5] == ["train.jsonl", "--model", str(tiny_model)]
    assert " ".join(change) in " ".join(command)


@pytest.mark.usefixtures("folder")
def test_what_has_begun_is_kept_to_be_continued(
    tiny_model: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise UserError("stopped after training")

    monkeypatch.setattr("ftadvisor.executors.steps.report.execute", stopped)
    words = ["train", "train.jsonl", "--model", str(tiny_model), *SHORT, "--language", "en"]
    assert main(words) == WRONG_INPUT
    assert "ftadvisor run --resume" in capsys.readouterr().err
    [run] = Path("runs").iterdir()
    assert "ftadvisor run plan.yaml" in (run / "plan.yaml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("folder")
def test_a_missing_file_is_named_as_it_was_given(capsys: Shown) -> None:
    others = (["train.jsonl", "--validation", "absent.jsonl"], ["train.jsonl", "--set", "replay=absent.jsonl"])
    for words in (["absent.jsonl"], *others):
        assert main(["train", *words, "--model", "builtin:tiny", "--language", "en"]) == WRONG_INPUT
        told = capsys.readouterr().err
        assert "There is no file absent.jsonl" in told
        assert "plan" not in told


@pytest.mark.usefixtures("folder")
def test_pilot_compares_all_ways_on_drawn_rows(tiny_model: Path, capsys: Shown) -> None:
    rows = ["--train-rows", "6", "--test-rows", "3"]
    files = ["--train", "train.jsonl", "--test", "test.jsonl", "--documents", "documents"]
    found = told(["pilot", *files, "--model", str(tiny_model), *rows], capsys)
    arms = {"base", "prompting", "rag", "finetuned", "combined", "shuffled"}
    assert {*found["evaluation"]["arms"]} == arms
    assert found["evaluation"]["rows"] == 3


@pytest.mark.usefixtures("folder")
def test_pilot_judges_classes_by_the_class_and_counts_answers_that_were_cut(tiny_model: Path, capsys: Shown) -> None:
    for name, numbers in (("train", range(8)), ("test", range(8, 14))):
        lines = "".join(f"row number {number},{'good' if number % 2 else 'bad'}\n" for number in numbers)
        Path(f"{name}.csv").write_text(f"text,label\n{lines}", encoding="utf-8")
    words = ["pilot", "--train", "train.csv", "--test", "test.csv", "--test-rows", "4", "--model", str(tiny_model)]
    assert main([*words, "--quiet", "--language", "en"]) == DONE
    shown = capsys.readouterr().out
    [report] = Path("runs").glob("*/report.json")
    found = json.loads(report.read_bytes())["evaluation"]
    assert found["rows"] == 4
    assert {*found["arms"]} == {"base", "prompting", "finetuned"}
    cut = [count for count in found["cut"].values() if count]
    assert cut  # an untrained model does not stop
    assert [line for line in shown.splitlines() if "cut off" in line] == [
        f"{name}: answers cut off at the length limit: {count}; raise max_new_tokens."
        for name, count in zip(map(arm_name, found["cut"]), found["cut"].values(), strict=True)
        if count
    ]
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
    assert not [*Path("runs").glob("*")]


@pytest.mark.usefixtures("folder")
def test_a_pilot_with_an_endpoint_names_the_command_that_plans_for_it(capsys: Shown) -> None:
    words = ["--train", "train.jsonl", "--test", "test.jsonl", "--model", "http://127.0.0.1:9/v1#m"]
    assert main(["pilot", *words, "--language", "en"]) == WRONG_INPUT
    assert not Path("runs").exists()
    command = capsys.readouterr().err.partition("Next: ")[2].strip()
    assert main([*shlex.split(command)[1:], "--language", "en"]) == DONE
    assert Path("plan.yaml").is_file()


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


def test_a_passage_that_is_not_learnt_from_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], english: None
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "q", "context": "the answer is a", "answer": "a"}\n', encoding="utf-8")
    assert told_task(Namespace(rows=path, task=None, quiet=False)) == "causal_lm"
    assert "context is not shown to the model" in capsys.readouterr().err
    assert told_task(Namespace(rows=path, task=None, quiet=True)) == "causal_lm"
    assert not capsys.readouterr().err
