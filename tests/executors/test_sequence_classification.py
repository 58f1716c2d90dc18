"""A plan that fine-tunes an encoder to tell classes, run by the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main

pytest.importorskip("peft", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

PLAN = """\
version: 1
title: sorting
language: en
label: classifier:encoder
seed: 17
knowledge: 0.1.0
model: {source: MODEL}
prompt: {}
steps:
  - {kind: classify, name: tfidf, train: rows.csv, held_out: 0.2, output: classifiers/tfidf}
  - kind: train
    name: encoder
    task: sequence_classification
    method: METHOD
    train: rows.csv
    held_out: 0.2
    validation_share: 0.1
    epochs: 8
    learning_rate: 0.01
    output: adapters/encoder
  - {kind: measure, name: encoder, task: sequence_classification, adapter: adapters/encoder}
  - {kind: report}
"""
WORDS = {"delivery": ["parcel", "courier"], "refund": ["refund", "money"], "账号": ["密码", "登录"]}


def put(folder: Path, model: Path, method: str) -> Path:
    lines = [
        f"{word} {number} {'!' * (number % 3)},{kind}"
        for number in range(20)
        for kind, words in WORDS.items()
        for word in words
    ]
    folder.joinpath("rows.csv").write_text("text,label\n" + "\n".join(lines), encoding="utf-8")
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.replace("MODEL", str(model)).replace("METHOD", method), encoding="utf-8")
    return plan


def run(plan: Path, runs: Path) -> tuple[Path, dict[str, Any]]:
    assert main(["--quiet", "run", str(plan), "--runs", str(runs)]) == 0
    folder = next(runs.iterdir())
    return folder, json.loads((folder / "report.json").read_bytes())


@pytest.mark.parametrize("method", ["full", "lora"])
def test_an_encoder_is_trained_measured_and_reported(
    method: str, tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, report = run(put(tmp_path, tiny_of("bert"), method), tmp_path / "runs")
    assert report["arm"] == "encoder"
    assert set(report["baselines"]) == {"majority", "tfidf"}
    assert report["metrics"]["test"]["accuracy"]["value"] > 0.9
    assert report["baselines"]["majority"]["accuracy"]["value"] == pytest.approx(1 / 3)
    assert set(report["differences"]) == {"majority", "tfidf"}
    assert [one["label"] for one in report["classified"][-1]["per_class"]] == sorted(WORDS)
    assert report["measured"]["training"][0]["steps"] == 8 * 11
    answers = [json.loads(line) for line in (folder / "outputs" / "answers" / "predictions.jsonl").open("rb")]
    assert len(answers) == report["classified"][-1]["rows"]["test"] == 24
    assert all({"text", "labels", "found", "probability"} <= answer.keys() for answer in answers)
    assert "encoder" in (folder / "report.md").read_text("utf-8")


@pytest.mark.parametrize("several", [False, True])
def test_rows_to_practise_along_with_classes_that_are_not_learnt_are_refused(
    several: bool, tiny_of: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, classes in (("rows", ["delivery", "refund"]), ("old", ["delivery", "greeting"])):
        given: list[Any] = [{"labels": [label]} if several else {"label": label} for label in classes]
        lines = [json.dumps({"text": f"{name} {number}"} | given[number % 2]) for number in range(8)]
        tmp_path.joinpath(f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    plan = put(tmp_path, tiny_of("bert"), "lora")
    text = plan.read_text(encoding="utf-8").replace("rows.csv", "rows.jsonl")
    plan.write_text(text.replace("    epochs: 8", "    replay: old.jsonl\n    replay_share: 0.5"), encoding="utf-8")
    assert main(["--quiet", "run", str(plan), "--runs", str(tmp_path / "runs")]) == 2
    told = capsys.readouterr().err
    assert "old.jsonl, have classes or tags that no training row has: greeting." in told
    assert not [*tmp_path.glob("runs/*")]  # nothing was trained before


@pytest.mark.parametrize(("kind", "method"), [("bert", "full"), ("roberta", "prompt_tuning")])
def test_of_texts_longer_than_the_model_reads_the_end_is_not_read(
    kind: str, method: str, tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    plan = put(tmp_path, tiny_of(kind), method)
    text = plan.read_text(encoding="utf-8").replace("held_out: 0.2\n    ", "").replace("epochs: 8", "epochs: 1")
    text = text.replace("adapter: adapters/encoder}", "adapter: adapters/encoder, test: long.csv}")
    plan.write_text(text, encoding="utf-8")
    long = "\n".join(f"{word} {'word ' * 3000},{label}" for label, words in WORDS.items() for word in words)
    tmp_path.joinpath("long.csv").write_text(f"text,label\n{long}", encoding="utf-8")
    _, report = run(plan, tmp_path / "runs")
    assert report["classified"][-1]["rows"]["test"] == 6
