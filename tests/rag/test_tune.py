"""Tuning chooses by one half of the questions, measures on the other, and writes what a build takes."""

import json
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.questions import Question, read_questions
from ftadvisor.rag.records import IndexOptions
from ftadvisor.rag.tune import LEAST_QUESTIONS, tune
from ftadvisor.rag.tuned import read_tuned

from .conftest import write_rows

NAMES = ["amber", "basil", "cedar", "daisy", "ember", "fern", "grove", "hazel", "iris", "jade", "kelp", "lilac"]


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Path, Path]:
    """Twelve documents, and two questions about each."""
    rows: list[dict[str, object]] = [
        {
            "id": name,
            "text": f"The {name} street market opens at {hour}.\n\nIts {name} stalls sell kettle number {hour}.",
        }
        for hour, name in enumerate(NAMES)
    ]
    asked: list[dict[str, object]] = [
        {"id": f"{name}{turn}", "question": text.format(name=name), "passage_id": name, "made": turn == 1}
        for name in NAMES
        for turn, text in enumerate(("When does the {name} market open?", "What do {name} stalls sell?"))
    ]
    return write_rows(tmp_path / "docs.jsonl", rows), write_rows(tmp_path / "questions.jsonl", asked)


def test_every_setting_is_told_with_its_worth(tmp_path: Path, corpus: tuple[Path, Path]) -> None:
    build_index([corpus[0]], tmp_path / "index", IndexOptions(retriever="dense"))
    tuned = tune(tmp_path / "index", read_questions(corpus[1]))
    assert {trial.stage for trial in tuned.trials} == {"chunking", "fusion"}
    assert all(trial.low <= trial.gain <= trial.high for trial in tuned.trials)
    assert tuned.questions == (12, 12)
    assert tuned.made == 0.5
    assert tuned.after == pytest.approx(tuned.before + tuned.gain, abs=2e-4)
    assert list(tuned.recall.values()) == sorted(tuned.recall.values())


def test_a_ranking_that_finds_nothing_is_left(tmp_path: Path) -> None:
    """Hashed vectors lose against words where every text is long and alike; the index is built with them alone."""
    filler = " ".join(f"common{number}" for number in range(3000))
    rows: list[dict[str, object]] = [{"id": name, "text": f"{filler} {name}"} for name in NAMES]
    asked = [Question(id=f"{name}{turn}", question=name, passage_id=name) for name in NAMES for turn in (0, 1)]
    build_index([write_rows(tmp_path / "d.jsonl", rows)], tmp_path / "index", IndexOptions(retriever="dense"))
    tuned = tune(tmp_path / "index", asked)
    assert tuned.after == 1.0
    assert tuned.build.retriever != "dense" or tuned.before == 1.0


def test_the_best_settings_can_be_built(
    tmp_path: Path, corpus: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    index, options = tmp_path / "index", tmp_path / "options.json"
    build_index([corpus[0]], index)
    command = ["rag", "tune", str(index), "--questions", str(corpus[1]), "-o", str(options), "--language", "en"]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "will be built" in shown.err
    assert "In all" in shown.out
    assert "50% of the questions were made" in shown.out
    again = ["rag", "build", str(corpus[0]), "-o", str(tmp_path / "new"), "--options", str(options), "--quiet"]
    assert main([*again, "--overlap", "7"]) == 0
    built = open_index(tmp_path / "new").manifest.options
    assert built == read_tuned(options).build.model_copy(update={"overlap": 7})
    assert main([*command, "--json", "--quiet"]) == 0
    capsys.readouterr()
    options.write_text(json.dumps({"build": {"chunker": 3}}), "utf-8")
    assert main([*again, "--language", "en"]) == 2
    assert "build.chunker" in capsys.readouterr().err


def test_too_few_questions_are_refused(
    tmp_path: Path, corpus: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    build_index([corpus[0]], tmp_path / "index")
    few = write_rows(tmp_path / "few.jsonl", [{"question": "q", "passage_id": "amber"}] * (LEAST_QUESTIONS - 1))
    command = ["rag", "tune", str(tmp_path / "index"), "--questions", str(few), "-o", str(tmp_path / "o.json")]
    assert main([*command, "--language", "en", "--quiet"]) == 2
    assert str(LEAST_QUESTIONS) in capsys.readouterr().err
