"""Plans of going on with pretraining: documents for decoders, gaps for encoders, text to practise along."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.task import Loader
from ftadvisor.executors.texts import read_texts
from ftadvisor.knowledge.errors import UserError

pytest.importorskip("torch", reason="needs the train extra")
LABEL = "continued_pretraining"
THINGS = ("pump", "valve", "filter", "gauge", "boiler", "hose", "motor", "fan")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with documents of a domain, and general text."""
    monkeypatch.chdir(tmp_path)
    Path("profile.yaml").write_text("task_type: qa\nlanguage: en\nvram_gb: 0\n")
    Path("docs").mkdir()
    for number, thing in enumerate(THINGS):
        text = f"The {thing} has part number {number}. " * 12
        Path(f"docs/{number}.md").write_text(f"# {thing}\n\n{text}\n", encoding="utf-8")
    general = [{"text": f"The sky is blue on day {number}."} for number in range(6)]
    Path("general.jsonl").write_text("".join(json.dumps(row) + "\n" for row in general), encoding="utf-8")
    return tmp_path


def ran(project: Path) -> dict[str, Any]:
    text = (project / "plan.yaml").read_text(encoding="utf-8").replace("max_new_tokens: 64", "max_new_tokens: 4")
    (project / "plan.yaml").write_text(text, encoding="utf-8")
    assert main(["run", "plan.yaml", "--quiet"]) == DONE
    found: dict[str, Any] = json.loads(next(project.glob("runs/*/report.json")).read_bytes())
    return found


@pytest.mark.usefixtures("project")
def test_texts_to_learn_are_named_in_what_remains_by_hand(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bonds.txt").write_text("The bond was extended.\n\nThe bond was paid.\n", encoding="utf-8")
    words = ["plan", "--label", LABEL, "--model", str(tiny_model), "--language", "en"]
    for given in (["--train", "bonds.txt"], ["--documents", "bonds.txt"]):
        assert main([*words, *given, "--force"]) == DONE
        assert "First clean and deduplicate bonds.txt" in capsys.readouterr().out


def test_a_decoder_learns_documents_and_is_measured_before_and_after(project: Path, tiny_model: Path) -> None:
    words = ["--documents", "docs", "--replay", "general.jsonl", "--model", str(tiny_model), "--language", "en"]
    assert main(["plan", "--label", LABEL, *words]) == DONE
    step = read_plan(project / "plan.yaml").steps[0].model_dump()
    assert (step["task"], step["method"], step["train"], step["replay"]) == (LABEL, "full", "docs", "general.jsonl")
    report = ran(project)
    ours, base = report["metrics"]["test"]["perplexity"], report["baselines"]["base"]["perplexity"]
    assert ours["value"] < base["value"]
    [training] = report["measured"]["training"]
    assert {*training["general_loss"]} == {"before", "after"}


def test_questions_are_answered_before_and_after(project: Path, tiny_model: Path) -> None:
    questions = [{"question": f"What is {thing}?", "answer": "A part."} for thing in THINGS]
    Path("test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions), encoding="utf-8")
    words = ["--documents", "docs", "--test", "test.jsonl", "--model", str(tiny_model)]
    assert main(["plan", "--label", LABEL, *words]) == DONE
    kinds = [step.kind for step in read_plan(project / "plan.yaml").steps]
    assert kinds == ["train", "measure", "evaluate", "report"]
    report = ran(project)
    assert {*report["evaluation"]["arms"]} == {"base", "prompting", "finetuned"}
    assert {"exact", "perplexity"} <= {*report["metrics"]["test"]} & {*report["differences"]["base"]}


def test_an_encoder_fills_gaps(project: Path, tiny_of: Callable[[str], Path]) -> None:
    paragraphs = (f"The {thing} has part number {number}." for number in range(6) for thing in THINGS)
    Path("texts.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    words = ["--train", "texts.txt", "--model", str(tiny_of("bert"))]
    assert main(["plan", "--label", LABEL, *words]) == DONE
    step = read_plan(project / "plan.yaml").steps[0].model_dump()
    assert (step["task"], step["task_options"]["block"]) == ("masked_lm", 512)
    report = ran(project)
    assert {"perplexity", "masked_accuracy"} <= {*report["metrics"]["test"]}


def test_what_is_missing_is_said(project: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--label", LABEL, "--model", str(tiny_model), "--language", "en"]) == DONE
    shown = capsys.readouterr().out
    assert "Prepare texts: a folder of documents" in shown
    assert "--replay FILE" in shown
    words = ["plan", "--label", "prompting", "--replay", "general.jsonl", "--force", "--language", "en"]
    assert main([*words, "--model", str(tiny_model)]) == WRONG_INPUT
    assert "trains no model" in capsys.readouterr().err


def test_files_that_are_not_used_and_rows_that_are_torn_are_told(
    project: Path, tiny_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(json.dumps({"question": f"What is {thing}?", "answer": "A part."}) + "\n" for thing in THINGS)
    for name in ("test", "validation"):
        Path(f"{name}.jsonl").write_text(rows, encoding="utf-8")
    Path("torn.jsonl").write_text('{"text": "A whole row."}\n{"text": "A torn\n', encoding="utf-8")
    words = ["--train", "torn.jsonl", "--validation", "validation.jsonl", "--test", "test.jsonl", "--documents", "docs"]
    model = ["--model", str(tiny_of("bert")), "--language", "en"]
    assert main(["plan", "--label", LABEL, *words, *model]) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    for name in ("docs", "validation.jsonl", "test.jsonl"):
        assert f"does not use {name}" in shown
    assert "Prepare torn.jsonl" in shown
    assert main(["plan", "--label", LABEL, "--documents", "docs", *model, "--force"]) == DONE
    assert "does not use" not in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("english")
def test_what_tells_replaced_words_from_others_fills_no_gaps(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "embedding_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = transformers.ElectraForPreTraining(transformers.ElectraConfig(vocab_size=64, **sizes))
    model.save_pretrained(project / "electra")
    assert main(["plan", "--label", LABEL, "--documents", "docs", "--model", "electra", "--language", "en"]) != DONE
    assert "without a head to fill gaps" in capsys.readouterr().err
    with pytest.raises(UserError, match="without a head to fill gaps"):
        load_model(ModelSource(source=str(project / "electra")), loader=Loader("AutoModelForMaskedLM"))


@pytest.mark.usefixtures("english")
def test_an_encoder_without_a_head_to_fill_gaps_is_refused(
    project: Path, tiny_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    transformers = pytest.importorskip("transformers")
    transformers.AutoModel.from_pretrained(tiny_of("bert")).save_pretrained(project / "sentences")
    assert main(["plan", "--label", LABEL, "--documents", "docs", "--model", "sentences", "--language", "en"]) != DONE
    assert "without a head to fill gaps" in capsys.readouterr().err
    with pytest.raises(UserError, match="without a head to fill gaps"):
        load_model(ModelSource(source=str(project / "sentences")), loader=Loader("AutoModelForMaskedLM"))


def test_each_document_of_a_folder_is_a_text(project: Path) -> None:
    rows = read_texts(project / "docs")
    assert [row.line for row in rows] == [*range(1, len(THINGS) + 1)]
    assert "pump" in rows[0].text
    assert [row.line for row in read_texts(project / "general.jsonl")] == [*range(1, 7)]
