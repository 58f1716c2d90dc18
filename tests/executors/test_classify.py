"""A plan with small classifiers, run by the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.steps.classify import load_classifier
from ftadvisor.knowledge.errors import UserError

pytest.importorskip("sklearn", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

PLAN = """\
version: 1
title: sorting
language: LANGUAGE
label: classifier:embeddings_linear
seed: 17
knowledge: 0.1.0
model: null
prompt: {instruction: none}
steps:
  - {kind: classify, name: tfidf, train: train.csv, test: test.jsonl, output: classifiers/tfidf}
  - kind: classify
    name: embeddings_linear
    classifier: embeddings_linear
    train: train.csv
    test: test.jsonl
    output: classifiers/main
  - {kind: report}
"""
KINDS = {"物流": ["包裹", "快递", "parcel"], "退款": ["退款", "退钱", "refund"], "账号": ["密码", "登录", "password"]}
FRAMES = ["我想问{}，第 {} 次了", "{} 怎么办？{}", "please help: {} (case {})"]


def rows(numbers: range) -> list[tuple[str, str]]:
    return [
        (FRAMES[number % 3].format(words[number // 3 % 3], number), kind)
        for number in numbers
        for kind, words in KINDS.items()
    ]


def put(folder: Path, language: str = "en", plan: str = PLAN) -> Path:
    lines = "".join(f'"{text}",{kind}\n' for text, kind in rows(range(30)))
    folder.joinpath("train.csv").write_text("text,label\n" + lines, encoding="utf-8")
    tests = [
        json.dumps({"text": f"{text}!", "label": kind}, ensure_ascii=False) for text, kind in rows(range(100, 118))
    ]
    folder.joinpath("test.jsonl").write_text("\n".join(tests), encoding="utf-8")
    path = folder / "plan.yaml"
    path.write_text(plan.replace("LANGUAGE", language), encoding="utf-8")
    return path


def run(plan: Path, runs: Path) -> tuple[Path, dict[str, Any]]:
    assert main(["--quiet", "run", str(plan), "--runs", str(runs)]) == 0
    folder = next(runs.iterdir())
    return folder, json.loads((folder / "report.json").read_bytes())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_plan_trains_classifiers_and_reports_them_beside_the_baseline(tmp_path: Path, language: str) -> None:
    folder, report = run(put(tmp_path, language), tmp_path / "runs")
    assert report["arm"] == "embeddings_linear"
    assert set(report["baselines"]) == {"majority", "tfidf"}
    assert report["baselines"]["majority"]["accuracy"]["value"] == pytest.approx(1 / 3)
    ours = report["metrics"]["test"]
    assert set(ours) == {"macro_f1", "accuracy", "weighted_f1", "auc"}
    assert ours["accuracy"]["value"] > 0.9
    assert report["differences"]["majority"]["accuracy"]["low"] > 0.3
    assert set(report["differences"]["tfidf"]) == {"macro_f1", "accuracy", "weighted_f1"}
    measured = report["classified"][1]
    assert {one["label"]: one["support"] for one in measured["per_class"]} == dict.fromkeys(sorted(KINDS), 18)
    assert sum(sum(counts.values()) for counts in measured["confusion"].values()) == report["evaluation"]["rows"] == 54
    page = (folder / "report.md").read_text(encoding="utf-8")
    assert {"en": "Baseline: most frequent class", "zh": "基线：最常见的类别"}[language] in page
    assert (folder / "figures" / "confusion-tfidf-label.svg").is_file()


def test_the_kept_classifier_answers_as_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = run(put(tmp_path), tmp_path / "runs")
    capsys.readouterr()
    for name in ("tfidf", "main"):
        kept = folder / "outputs" / "classifiers" / name
        classifier, names, several = load_classifier(kept)
        lines = (kept / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
        told = [json.loads(line) for line in lines]
        probabilities = classifier.probabilities([row["text"] for row in told])
        assert [[names[place]] for place in probabilities.argmax(axis=1)] == [row["found"] for row in told]
        assert not several
        text = (kept / "README.md").read_text(encoding="utf-8")
        code = text.partition("```python\n")[2].partition("```")[0].replace("the text to classify", told[0]["text"])
        monkeypatch.chdir(kept)
        exec(code, {})
        assert f" {told[0]['found'][0]} " in capsys.readouterr().out


def test_without_test_rows_part_of_each_class_is_held_out(tmp_path: Path) -> None:
    plan = put(tmp_path, plan=PLAN.replace("test: test.jsonl", "held_out: 0.2"))
    _, report = run(plan, tmp_path / "runs")
    assert report["classified"][0]["rows"] == {"train": 72, "test": 18}


def test_rows_are_checked_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = put(tmp_path)
    with (tmp_path / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "only text"}\n{"text": "a parcel", "label": "其他"}')
    assert main(["run", str(plan), "--runs", str(tmp_path / "runs")]) == 2
    assert "line 55: must have label or labels" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_classes_that_were_never_learnt_are_told_and_count_as_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = put(tmp_path)
    with (tmp_path / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "a parcel", "label": "其他"}')
    _, report = run(plan, tmp_path / "runs")
    assert "其他" in capsys.readouterr().err
    last = next(one for one in report["classified"][0]["per_class"] if one["label"] == "其他")
    assert (last["recall"], last["support"], last["learnt_from"]) == (0, 1, 0)


def test_only_a_plan_without_steps_that_need_a_model_may_have_none(tmp_path: Path) -> None:
    plan = put(tmp_path, plan=PLAN.replace("{kind: report}", "{kind: evaluate, test: test.jsonl, arms: [base]}"))
    with pytest.raises(UserError, match="step 3 \\(evaluate\\) needs a model"):
        read_plan(plan)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("classifier: embeddings_linear", "classifier: forest", "there is no classifier 'forest'"),
        ("name: tfidf", "name: majority", "is the name of the baseline"),
        ("name: tfidf", "name: tfidf, classifier_options: {folds: 1}", "folds: must be at least 2"),
        ("name: tfidf", "name: tfidf, classifier_options: {embedder: x}", "embedder: there is no such option"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_plan(put(tmp_path, plan=PLAN.replace(old, new)))


def test_classifiers_that_learnt_different_classes_are_compared_on_the_same_rows(tmp_path: Path) -> None:
    plan = put(tmp_path, plan=PLAN.replace("classifier: embeddings_linear\n    train: train.csv", "train: fewer.csv"))
    (tmp_path / "fewer.csv").write_text((tmp_path / "train.csv").read_text("utf-8"), encoding="utf-8")
    odd = "wholly\u2028unlike\u0085the rest"
    with (tmp_path / "train.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{odd} {number},misc\n" for number in range(20))
    with (tmp_path / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"\n{json.dumps({'text': odd, 'label': '物流'}, ensure_ascii=False)}\n")
    _, report = run(plan, tmp_path / "runs")
    assert set(report["baselines"]) == {"majority", "tfidf"}
