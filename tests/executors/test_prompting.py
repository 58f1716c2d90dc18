"""The kinds of prompting, measured by one evaluation: what each shows, and that no test row is ever shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors.models import load_tokenizer
from ftadvisor.executors.tokens import prompt_tokens

pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

KINDS = ("zero_shot", "few_shot", "many_shot", "long_context")
TOPICS = ("card", "cash", "top up")
TRAIN = [{"text": f"learnt text {n}", "label": TOPICS[n % 3]} for n in range(60)]
TEST = [{"text": f"measured text {n}", "label": TOPICS[n % 3]} for n in range(9)]
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("train.jsonl", TRAIN)
    write("test.jsonl", TEST)
    Path("docs").mkdir()
    Path("docs/delivery.md").write_text("A card is sent in seven days.\n")
    Path("docs/fees.md").write_text("Cash is free.\n")
    return tmp_path


def write(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def words(model: Path, arms: list[str], **options: object) -> list[str]:
    given = {"arms": f"[{', '.join(arms)}]", "max_new_tokens": 8} | options
    return ["evaluate", "test.jsonl", "--model", str(model), *[f"--set={key}={value}" for key, value in given.items()]]


def measured(command: list[str], capsys: Shown) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    assert main([*command, "--json", "--quiet"]) == DONE
    told = json.loads(capsys.readouterr().out)
    return told["evaluation"], json.loads(Path(told["run"], "prompts.json").read_bytes())


def test_each_kind_shows_what_it_is_about_and_no_test_row(tiny_model: Path, folder: Path, capsys: Shown) -> None:
    command = words(tiny_model, ["base", *KINDS], train=folder / "train.jsonl", documents=f"[{folder / 'docs'}]")
    found, prompts = measured(command, capsys)
    learnt, asked = {row["text"] for row in TRAIN}, {row["text"] for row in TEST}
    shown = {arm: [turn["content"] for turn in turns if turn["role"] == "user"] for arm, turns in prompts.items()}
    for arm, texts in shown.items():
        assert texts[-1] == TEST[0]["text"]
        assert {*texts[:-1]} <= learnt - asked, arm
    assert [len(shown[arm]) - 1 for arm in ("base", "zero_shot", "few_shot", "long_context")] == [0, 0, 4, 0]
    assert [turn["content"] for turn in prompts["few_shot"] if turn["role"] == "assistant"] == [*TOPICS, "card"]
    assert len(shown["many_shot"]) - 1 == found["shown"]["many_shot"] > 4
    head = prompts["long_context"][0]
    assert head["role"] == "system"
    assert "A card is sent in seven days." in head["content"]
    assert "Cash is free." in head["content"]
    assert all("seven days" not in json.dumps(turns) for arm, turns in prompts.items() if arm != "long_context")
    assert all("card, cash, top up" in prompts[arm][0]["content"] for arm in KINDS)


def test_many_shot_fills_the_window_and_no_more(tiny_model: Path, folder: Path, capsys: Shown) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    found, lengths = {}, {}
    for window in (300, 400):
        command = words(tiny_model, ["base", "many_shot"], train=folder / "train.jsonl", window=window)
        found[window], prompts = measured(command, capsys)
        lengths[window] = len(prompt_tokens(tokenizer, prompts["many_shot"]))  # type: ignore[arg-type]
        assert lengths[window] + 8 <= window
        assert lengths[window] + 8 + 60 > window
    assert found[300]["shown"]["many_shot"] < found[400]["shown"]["many_shot"]


def test_prompts_that_are_too_long_are_refused_before_any_arm_is_answered(
    tiny_model: Path, folder: Path, capsys: Shown
) -> None:
    write("train.jsonl", [{"text": f"{row['text']} and more" * 20, "label": row["label"]} for row in TRAIN])
    command = words(tiny_model, ["base", "zero_shot", "few_shot"], train=folder / "train.jsonl")
    assert main([*command, "--quiet"]) == WRONG_INPUT
    told = " ".join(capsys.readouterr().err.split())
    assert "Few-shot: The prompts of 9 question(s) are too long" in told
    assert "Reduce shots, max_new_tokens" in told
    assert not list(Path("runs").rglob("base.jsonl"))


def test_a_window_without_room_for_one_example_is_refused_with_figures(
    tiny_model: Path, folder: Path, capsys: Shown
) -> None:
    command = words(tiny_model, ["base", "many_shot"], train=folder / "train.jsonl", window=40)
    assert main([*command, "--quiet"]) == WRONG_INPUT
    told = " ".join(capsys.readouterr().err.split())
    assert "Not one example fits" in told
    assert "8 for the answer that is more than the 40" in told


def test_documents_that_do_not_fit_are_refused_before_loading_with_figures(
    tiny_model: Path, folder: Path, capsys: Shown
) -> None:
    Path("docs/long.md").write_text("Which passage says so? " * 400)
    (folder / "model").mkdir()
    for path in tiny_model.iterdir():
        if path.suffix != ".safetensors":  # whoever loads the model fails otherwise
            (folder / "model" / path.name).write_bytes(path.read_bytes())
    command = words(folder / "model", ["base", "long_context"], documents=f"[{folder / 'docs'}]")
    assert main([*command, "--quiet"]) == WRONG_INPUT
    told = " ".join(capsys.readouterr().err.split())
    assert "All 3 document(s)" in told
    assert "512 that the model can read" in told
    assert "--label rag" in told


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("measured_on", "learnt"),
    [
        ({"text": "t", "label": "card"}, {"text": "u", "labels": ["card", "cash"]}),
        ({"question": "t", "answer": "card"}, {"text": "u", "label": "card"}),
        ({"text": "t", "label": "card"}, {"question": "u", "answer": "card"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_of_two_kinds_are_refused_by_the_names_of_both_files(
    tiny_model: Path, capsys: Shown, measured_on: dict[str, Any], learnt: dict[str, Any], language: str
) -> None:
    write("test.jsonl", [measured_on])
    write("train.jsonl", [learnt])
    command = words(tiny_model, ["base", "few_shot"], train=Path("train.jsonl").absolute())
    assert main([*command, "--quiet", "--language", language]) == WRONG_INPUT
    told = "".join(capsys.readouterr().err.split())
    assert all(name in told for name in ("test.jsonl", "train.jsonl"))
    for row in (measured_on, learnt):
        assert "+".join(row) in told
    assert "1problem" not in told


def test_rows_that_are_measured_on_are_never_shown(tiny_model: Path, folder: Path, capsys: Shown) -> None:
    write("both.jsonl", [*TRAIN, TEST[4]])
    assert main([*words(tiny_model, ["base", "few_shot"], train=folder / "both.jsonl"), "--quiet"]) == WRONG_INPUT
    assert "5=61" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arm", "missing"), [("few_shot", "train"), ("many_shot", "train"), ("long_context", "documents")]
)
def test_a_kind_says_what_it_needs(tiny_model: Path, capsys: Shown, arm: str, missing: str) -> None:
    assert main([*words(tiny_model, ["base", arm]), "--quiet"]) == WRONG_INPUT
    assert f"the arm {arm} needs the option {missing}" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_free_answers_cannot_be_constrained_without_a_form(tiny_model: Path, capsys: Shown) -> None:
    pytest.importorskip("llguidance", reason="needs llguidance, of the train extra")
    write("test.jsonl", [{"question": "Why?", "answer": "Because it is so."}])
    assert main([*words(tiny_model, ["base", "constrained"]), "--quiet"]) == WRONG_INPUT
    assert "choices" in capsys.readouterr().err


def test_classes_are_measured_as_a_classifiers_are(tiny_model: Path, folder: Path, capsys: Shown) -> None:
    pytest.importorskip("llguidance", reason="needs llguidance, of the train extra")
    command = words(tiny_model, ["zero_shot", "constrained"], train=folder / "train.jsonl")
    found, _ = measured(command, capsys)
    [kept] = Path("runs").glob("*/answers.jsonl")
    answers = [json.loads(line) for line in kept.read_text().splitlines()]
    given = [row["answers"]["constrained"] for row in answers]
    assert {*given} <= {*TOPICS}
    right = sum(answer == row["label"] for answer, row in zip(given, TEST, strict=True)) / len(TEST)
    assert found["arms"]["constrained"]["accuracy"]["value"] == pytest.approx(right)
    assert found["cut"]["constrained"] == 0
    assert {*found["cut"]} == {*found["empty"]}  # those of every arm are counted
    assert {"macro_f1", "accuracy", "weighted_f1"} <= {*found["arms"]["constrained"]}
    assert {*found["differences"]} == {"majority", "zero_shot"}
    assert sum(sum(counts.values()) for counts in found["confusion"]["zero_shot"]["label"].values()) == len(TEST)
