"""What a named model can learn from rows as they are laid out is planned, and what the trainer would refuse is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors.plan_file import read_plan

Shown = pytest.CaptureFixture[str]

LABELLED = [{"text": f"words {n}", "label": "ab"[n % 2]} for n in range(20)]
TAGGED = [{"tokens": ["Ann", "lives", "here"], "tags": ["B-PER", "O", "O"]} for _ in range(20)]
PAIRS = [{"question": f"Which colour has thing {n}?", "answer": "Blue."} for n in range(20)]
SIZES: dict[str, dict[str, Any]] = {
    "bert": {"intermediate_size": 32, "max_position_embeddings": 512, "type_vocab_size": 2},
    "llama": {"intermediate_size": 32, "max_position_embeddings": 512, "num_key_value_heads": 2},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, rows in (("labelled", LABELLED), ("tagged", TAGGED), ("pairs", PAIRS)):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    shared = {"vocab_size": 100, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    for kind, sizes in SIZES.items():
        Path(kind).mkdir()
        (Path(kind) / "config.json").write_text(json.dumps({"model_type": kind} | shared | sizes), encoding="utf-8")


def plan(model: str, rows: str, task: str, method: str, *more: str) -> int:
    profile = ["--set", f"task_type={task}", "--label", f"finetune:{method}", "--language", "en"]
    return main(["plan", *profile, "--train", f"{rows}.jsonl", "--model", model, *more])


@pytest.mark.parametrize("model", [*SIZES])
@pytest.mark.parametrize(
    ("rows", "task", "learnt"),
    [
        ("labelled", "classification", "sequence_classification"),
        ("tagged", "extraction", "token_classification"),
    ],
)
def test_rows_with_classes_or_tags_are_learnt_by_a_head_of_the_named_model(
    model: str, rows: str, task: str, learnt: str
) -> None:
    assert plan(model, rows, task, "lora") == DONE
    steps = {step.kind: step.model_dump() for step in read_plan(Path("plan.yaml")).steps}
    assert (steps["train"]["task"], steps["measure"]["task"]) == (learnt, learnt)
    assert steps["train"]["train"] == f"{rows}.jsonl"


def test_rows_with_classes_are_learnt_by_a_head_where_no_model_is_named() -> None:
    words = ["--set", "task_type=classification", "--label", "finetune:lora", "--train", "labelled.jsonl"]
    assert main(["plan", *words, "--language", "en"]) == DONE
    steps = {step.kind: step.model_dump() for step in read_plan(Path("plan.yaml")).steps}
    assert (steps["train"]["task"], steps["train"]["method"]) == ("sequence_classification", "lora")


def test_rows_to_measure_on_of_another_layout_are_to_be_prepared(capsys: Shown) -> None:
    assert plan("bert", "labelled", "classification", "lora", "--test", "pairs.jsonl") == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert "Prepare pairs.jsonl: rows with text and label" in shown
    assert "Prepare labelled.jsonl" not in shown


@pytest.mark.parametrize(
    ("model", "rows", "task", "replay", "told"),
    [
        ("llama", "pairs", "generation", {"text": "words", "label": "a"}, "question: is missing"),
        ("bert", "labelled", "classification", {"text": "words", "label": "strange"}, "no training row has: strange"),
        ("bert", "labelled", "classification", {"text": "words", "label": "b"}, ""),
    ],
)
def test_rows_to_practise_along_that_training_would_refuse_get_no_plan(
    model: str, rows: str, task: str, replay: dict[str, Any], told: str, capsys: Shown
) -> None:
    Path("replay.jsonl").write_text(json.dumps(replay) + "\n", encoding="utf-8")
    assert plan(model, rows, task, "lora", "--replay", "replay.jsonl") == (WRONG_INPUT if told else DONE)
    assert told in capsys.readouterr().err
    assert Path("plan.yaml").exists() == (not told)


def test_a_decoder_learns_answers_as_a_language_model() -> None:
    assert plan("llama", "pairs", "generation", "lora") == DONE
    assert {step.kind: step.model_dump() for step in read_plan(Path("plan.yaml")).steps}["train"]["task"] == "causal_lm"


@pytest.mark.parametrize(
    ("model", "rows", "task", "method", "said"),
    [
        ("llama", "pairs", "generation", "bitfit", "has nothing to train"),
        ("llama", "labelled", "classification", "bitfit", "has nothing to train"),
        ("bert", "pairs", "generation", "lora", "reads and cannot write"),
    ],
)
def test_what_the_trainer_would_refuse_gets_no_plan(
    model: str, rows: str, task: str, method: str, said: str, capsys: Shown
) -> None:
    assert plan(model, rows, task, method) == WRONG_INPUT
    out, error = capsys.readouterr()
    assert said in error
    assert "ftadvisor run" not in out + error
    assert not Path("plan.yaml").exists()


def test_bitfit_is_planned_on_a_model_with_biases_where_none_is_named() -> None:
    words = ["--set", "task_type=generation", "--label", "finetune:bitfit", "--train", "pairs.jsonl"]
    assert main(["plan", *words]) == DONE
    model = read_plan(Path("plan.yaml")).model
    assert model is not None
    assert main(["plan", *words, "--model", model.source, "--force"]) == DONE  # which refuses one without any


def test_a_pilot_is_refused_before_anything_runs(capsys: Shown) -> None:
    rows = ["--train", "pairs.jsonl", "--test", "pairs.jsonl"]
    assert main(["pilot", *rows, "--model", "llama", "--method", "bitfit", "--language", "en"]) == WRONG_INPUT
    assert "has nothing to train" in capsys.readouterr().err
    assert not list(Path("runs").glob("*/status.json"))


def test_several_gpus_train_together_and_the_rows_of_an_update_stay(capsys: Shown) -> None:
    rows = {}
    for count in (1, 4):
        words = ["--set", "task_type=generation", "--set", f"n_gpus={count}", "--set", f"vram_gb={24 * count}"]
        files = ["--label", "finetune:lora", "--train", "pairs.jsonl", "--model", "qwen2.5-7b", "--force"]
        assert main(["plan", *words, *files, "--language", "en"]) == DONE
        train = read_plan(Path("plan.yaml")).steps[0].model_dump()
        assert train["processes"] == count
        rows[count] = train["batch_size"] * train["accumulation"] * train["processes"]
        shown = capsys.readouterr().out
        assert "add --set n_gpus" not in shown
        assert ("starts 4 processes by accelerate launch" in shown) == (count == 4)
    assert rows[1] == rows[4]


def test_rows_to_learn_from_answer_what_nobody_has_said(capsys: Shown) -> None:
    rows = [{"text": f"words of the text {n}", "label": "abc"[n % 3]} for n in range(240)]
    Path("many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["plan", "--set", "vram_gb=0", "--train", "many.jsonl", "--language", "en"]) == DONE
    shown = capsys.readouterr().out
    assert "Seen in many.jsonl: the number of examples: 240" in shown
    assert "the number of classes: 3" in shown
    assert read_plan(Path("plan.yaml")).label == "classifier:encoder"
    assert main(["plan", "--train", "many.jsonl", "-o", "alone.yaml"]) == DONE
    assert read_plan(Path("alone.yaml")).label.startswith("classifier:")
    capsys.readouterr()
    said = ["--set", "vram_gb=0", "--set", "labelled_examples=20000", "--set", "n_classes=2", "--set", "language=en"]
    assert main(["plan", *said, "--set", "task_type=spam", "--train", "many.jsonl", "--force"]) == DONE
    assert "many.jsonl" not in capsys.readouterr().out.partition("\n\n")[0]


@pytest.mark.parametrize("label", ["classifier:encoder", "classifier:tfidf"])
@pytest.mark.parametrize(("count", "share"), [(210, 0.2), (6000, 0.1)])
def test_of_few_rows_more_are_held_out_as_the_advised_experiment_measures_on_them(
    label: str, count: int, share: float
) -> None:
    rows = [{"text": f"words {n}", "label": "abc"[n % 3]} for n in range(count)]
    Path("some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["plan", "--label", label, "--train", "some.jsonl", "--model", "bert", "--set", "vram_gb=0"]
    assert main(words) == DONE
    held = [
        values["held_out"] for step in read_plan(Path("plan.yaml")).steps if "held_out" in (values := step.model_dump())
    ]
    assert held == [share] * len(held) != []
    assert main([*words, "--test", "labelled.jsonl", "-o", "tested.yaml"]) == DONE
    tested = [step.model_dump() for step in read_plan(Path("tested.yaml")).steps]
    assert {step["test"] for step in tested if "test" in step} == {"labelled.jsonl"}


@pytest.mark.parametrize(("count", "epochs"), [(240, 10), (1200, 2)])
def test_an_encoder_with_few_rows_is_trained_for_longer(count: int, epochs: int) -> None:
    rows = [{"text": f"words {n}", "label": "ab"[n % 2]} for n in range(count)]
    Path("some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert plan("bert", "some", "classification", "full") == DONE
    [trained] = [step for step in read_plan(Path("plan.yaml")).steps if step.kind == "train"]
    assert trained.model_dump()["epochs"] == epochs


@pytest.mark.parametrize(("rare", "told"), [(3, True), (20, False)])
def test_classes_of_very_different_size_are_told_with_the_loss_for_them(rare: int, told: bool, capsys: Shown) -> None:
    rows = [{"text": f"words {n}", "label": "rare" if n < rare else "usual"} for n in range(60)] + [
        {"text": "", "label": None}
    ]
    Path("some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert plan("bert", "some", "classification", "full") == DONE
    shown = capsys.readouterr().out
    assert ("usual (57), rare (3)" in shown) == told
    assert ("task_options.loss to weighted" in shown) == told


def test_rows_that_will_not_do_are_said_to_be_there_and_how_to_look_at_them(capsys: Shown) -> None:
    Path("other.csv").write_bytes("新闻,风险\n展期一年,违约\n".encode("gbk"))
    words = ["--set", "task_type=classification", "--label", "classifier:encoder", "--language", "en"]
    assert main(["plan", *words, "--train", "other.csv"]) == DONE
    assert "What is there will not do" in (shown := capsys.readouterr().out)
    assert "ftadvisor data check other.csv" in shown
    assert main(["plan", *words, "-o", "later.yaml"]) == DONE
    assert "will not do" not in capsys.readouterr().out


def test_a_folder_that_is_no_model_is_refused_and_a_label_with_a_slip_is_guessed(capsys: Shown) -> None:
    assert plan("./bret", "labelled", "classification", "lora") == WRONG_INPUT
    assert "There is no folder ./bret" in capsys.readouterr().err
    assert plan("./bert", "labelled", "classification", "lroa") == WRONG_INPUT
    assert "did you mean finetune:lora?" in capsys.readouterr().err
