"""The main job on bundled data: run once, whole, and judged by what it promises."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ALONE = ("base", "prompting", "rag", "finetuned")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what ``ftadvisor demo --json`` prints, run with all processors and without a network."""
    pytest.importorskip("torch", reason="needs the train extra")
    folder = tmp_path_factory.mktemp("demo")
    code = "import sys; from ftadvisor.advisor.cli import main; sys.exit(main(sys.argv[1:]))"
    surroundings = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code, "demo", "--json", "--runs", "runs", "--language", "en"],
        cwd=folder,
        env=surroundings | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document | {"folder": str(folder)}


def test_the_recommendation_is_both_with_reasons(demo: dict[str, Any]) -> None:
    assert demo["recommendation"]["label"] == "rag+finetune:lora"
    assert all(reason["evidence"] for reason in demo["recommendation"]["reasons"])


def test_all_arms_answer_the_same_rows(demo: dict[str, Any]) -> None:
    evaluation = demo["evaluation"]
    assert set(evaluation["arms"]) == {*ALONE, "combined", "shuffled"}
    assert evaluation["rows"] >= 100


@pytest.mark.parametrize("arm", ALONE)
def test_both_together_decide_better_than_each_alone(demo: dict[str, Any], arm: str) -> None:
    assert demo["evaluation"]["differences"][arm]["decision"]["low"] > 0


def test_other_rows_passages_take_the_gain_away(demo: dict[str, Any]) -> None:
    arms = demo["evaluation"]["arms"]
    assert demo["evaluation"]["differences"]["shuffled"]["decision"]["low"] > 0
    assert arms["shuffled"]["decision"]["value"] <= max(arms[arm]["decision"]["high"] for arm in ALONE)
    assert arms["shuffled"]["clause"]["value"] < 0.1


def test_the_house_format_is_kept_and_whole_answers_are_right_more_often(demo: dict[str, Any]) -> None:
    assert demo["evaluation"]["arms"]["combined"]["format"]["low"] > 0.8
    for arm in ALONE:
        assert demo["evaluation"]["differences"][arm]["all"]["low"] > 0


def test_the_report_has_pictures(demo: dict[str, Any]) -> None:
    reports = {Path(path).name: Path(demo["folder"]) / path for path in demo["reports"]}
    assert "<svg" in reports["report.html"].read_text(encoding="utf-8")
    assert reports["report.md"].read_text(encoding="utf-8").startswith("#")
