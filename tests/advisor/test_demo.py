"""The demonstration goes the whole way on a few of the bundled rows: advice, plan, run, comparison, report."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import DONE, main
from ftadvisor.advisor.commands import demo
from ftadvisor.advisor.files import Files
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.knowledge.builtin import builtin_path
from ftadvisor.knowledge.messages import use_language

ROWS = {"train": 12, "validation": 4, "test": 4}


@pytest.fixture
def few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    names = {}
    for split, count in ROWS.items():
        lines = builtin_path(f"builtin:returns/dialogues.{split}.jsonl").read_text(encoding="utf-8").splitlines()
        names[split] = tmp_path / f"{split}.jsonl"
        names[split].write_text("\n".join(lines[:count]) + "\n", encoding="utf-8")
    files = {split: str(path) for split, path in names.items()}
    monkeypatch.setattr(demo, "FILES", Files(documents=demo.FILES.documents, **files))
    yield
    use_language(None)


@pytest.mark.usefixtures("few_rows")
def test_demo_goes_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo", "--runs", str(tmp_path / "runs"), "--json", "--language", "en"])
    shown = capsys.readouterr()
    assert code == DONE, shown.err
    document = json.loads(shown.out)
    assert document["recommendation"]["label"].startswith("rag+finetune")
    assert document["recommendation"]["reasons"]
    assert document["status"]["state"] == "finished"
    assert set(document["evaluation"]["arms"]) == {"base", "prompting", "rag", "finetuned", "combined", "shuffled"}
    assert document["evaluation"]["rows"] == ROWS["test"]
    assert {Path(path).name for path in document["reports"]} == {"report.html", "report.md", "report.json"}
    plan = read_plan(Path(document["plan"]))
    assert [step.kind for step in plan.steps] == [
        "build_index",
        "build_examples",
        "train",
        "train",
        "evaluate",
        "report",
    ]
    assert "RAG + fine-tuning" in shown.err
