"""What commands that train or measure say and refuse before anything is trained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import WRONG_INPUT, main

Shown = pytest.CaptureFixture[str]
SHORT = ["--set", "epochs=1", "--set", "tracker=none", "--set", "general=null"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_what_a_plan_would_set_is_told_unless_the_user_set_it(tiny_of: Callable[[str], Path], capsys: Shown) -> None:
    write(
        "labelled.jsonl",
        [{"text": f"many words of row {n} that are far too long", "label": "ab"[n % 2]} for n in range(40)],
    )
    words = ["train", "labelled.jsonl", "--model", str(tiny_of("bert")), *SHORT, "--set", "max_length=8"]
    assert main([*words, "--language", "en"]) == WRONG_INPUT  # rows are too long: nothing is trained
    shown = capsys.readouterr().err
    assert "--set learning_rate=0.001 (encoders below 50 million" in shown
    assert "--set epochs=" not in shown
    assert main([*words, "--set", "learning_rate=1e-5", "--language", "en"]) == WRONG_INPUT
    assert "a plan would take" not in capsys.readouterr().err


def test_a_small_classifier_is_no_adapter_and_is_said_to_be_one(tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "classes.json").write_text("{}", encoding="utf-8")
    (tmp_path / "rows.csv").write_text("text,label\na,b\n", encoding="utf-8")
    words = ["evaluate", str(tmp_path / "rows.csv"), "--adapter", str(tmp_path), "--language", "en"]
    assert main(words) == WRONG_INPUT
    assert "is a small classifier" in (shown := capsys.readouterr().err)
    assert "README.md" in shown


def test_trials_whose_losses_mean_different_things_are_refused(capsys: Shown) -> None:
    write("labelled.jsonl", [{"text": f"words {n}", "label": "ab"[n % 2]} for n in range(8)])
    words = ["tune", "labelled.jsonl", "--model", "builtin:tiny", "--vary", "task_options.loss=plain,weighted"]
    assert main([*words, "--language", "en"]) == WRONG_INPUT
    shown = capsys.readouterr().err
    assert "Values of task_options.loss cannot be compared" in shown
    assert "--held-out 0.2 --set task_options.loss=VALUE" in shown
    assert not Path("runs").exists()
