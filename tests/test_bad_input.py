"""Wrong input and refusals of the system, at the command line: one message, a hint, the exit code, nothing lost."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import DONE, FAILED, INTERRUPTED, WRONG_INPUT, main
from ftadvisor.knowledge.messages import use_language

PROFILE = """\
task_type: dialogue_generation
knowledge_volatility: weekly
labelled_examples: 800
"""

PLAN = """\
version: 1
title: policies
language: en
label: rag
seed: 1
knowledge: 0.1.0
model: {source: 'builtin:tiny'}
prompt: {instruction: Answer.}
steps:
  - {kind: build_index, sources: [policy.md], output: index}
"""

WRONG_PLAN = """\
version: 1
title: wrong
language: en
label: rag+finetune:lora
seed: -1
knowledge: 0.1.0
model: {source: 'builtin:tiny'}
prompt: {instruction: Answer.}
steps:
  - {kind: train, name: a, method: magic, train: rows.jsonl, output: a}
  - {kind: train, name: b, method: lora, method_options: {rank: -8}, train: rows.jsonl, output: b}
  - {kind: dance}
"""

TRAINING = """\
version: 1
title: training
language: en
label: finetune:lora
seed: 1
knowledge: 0.1.0
model: {source: MODEL}
prompt: {instruction: Answer.}
steps:
  - {kind: train, name: a, method: lora, train: rows.jsonl, output: a}
"""

FILES = {
    "profile.yaml": PROFILE,
    "plan.yaml": PLAN,
    "wrong.plan.yaml": WRONG_PLAN,
    "training.plan.yaml": TRAINING.replace("MODEL", "./no-model-here"),
    "policy.md": "# Returns\n\nGoods can be returned within seven days.\n\n# Repairs\n\nRepairs take two weeks.\n",
    "rows.jsonl": '{"id": "1", "question": "How long?", "answer": "Seven days."}\n',
    "broken.yaml": "task_type: [1\nlanguage: zh\n",
    "list.yaml": "- a\n- b\n",
    "broken.jsonl": '{"question": "a", "answer": "b"}\n{oops\n',
}

Shown = Callable[[list[str]], tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


@pytest.fixture
def ftadvisor(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shown]:
    """Run a command in the folder and return its exit code and what it said on standard error."""

    def run(words: list[str]) -> tuple[int, str]:
        code = main(words)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err + shown.out
        return code, shown.err

    yield run
    use_language(None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("recommend --profile none.yaml", ["none.yaml"]),
        ("recommend --profile broken.yaml", ["broken.yaml", "line 2"]),
        ("recommend --profile list.yaml", ["list.yaml"]),
        ("recommend --profile binary.yaml", ["binary.yaml", "UTF-8"]),
        ("recommend --profile empty", ["empty"]),
        ("recommend", ["profile"]),
        ("recommend --set vram_gb", ["vram_gb", "FIELD=VALUE"]),
        ("recommend --set vram=24", ["vram", "did you mean vram_gb", "lists all fields"]),
        ("recommend --set labelled_examples=lots", ["labelled_examples", "lots", "a number"]),
        ("recommend --set privacy=none --set latency=fast", ["api_ok", "onprem_required", "fast", "realtime"]),
        ("recommend --set task_type=clasification", ["clasification", "classification"]),
        ("plan --set vram=24 -o new.yaml", ["vram_gb"]),
        ("recommend --profiles none.jsonl --json", ["none.jsonl"]),
        ("recommend --profile profile.yaml --profiles none.jsonl", ["--profiles", "--profile"]),
        ("estimate --method lora", ["--model"]),
        ("estimate --model llama-2-7x --method lora", ["llama-2-7x", "llama-2-7b"]),
        ("estimate --model magic --method lora", ["magic"]),
        ("estimate --model 7b --method magic", ["magic", "lora", "prefix_tuning"]),
        ("estimate --model 7b --method lora --gpu rtx-4091", ["rtx-4091", "rtx-4090"]),
        ("estimate --model 7b --method lora --rank -1", ["--rank", "-1", "at least 1"]),
        ("estimate --model 7b --method lora --rank -1 --batch some", ["--rank", "--batch", "some"]),
        ("estimate --model 7b --method lora --dtype fp7", ["--dtype", "fp7", "bf16"]),
        ("plan --profile none.yaml", ["none.yaml"]),
        ("plan --profile profile.yaml -o no/such/plan.yaml", ["no/such"]),
        ("plan --profile profile.yaml", ["plan.yaml"]),
        ("plan --profile profile.yaml -o new.yaml --train none.jsonl", ["none.jsonl"]),
        ("plan --profile profile.yaml -o new.yaml --label magic", ["magic", "rag"]),
        ("plan --profile profile.yaml -o new.yaml --label rag+finetune:lora --model llama-2-7x", ["llama-2-7x"]),
        ("run none.yaml", ["none.yaml"]),
        ("run broken.yaml", ["line 2"]),
        ("run wrong.plan.yaml", ["line 5", "-1", "line 10", "magic", "line 11", "rank", "-8", "line 12", "dance"]),
        ("run --resume none", ["none"]),
        ("run", ["--resume"]),
        ("run training.plan.yaml", ["no-model-here"]),
        ("rag build none -o index", ["none"]),
        ("rag build empty -o index", ["empty"]),
        ("rag build broken.jsonl -o index", ["broken.jsonl#2"]),
        ("rag build policy.md -o rows.jsonl", ["rows.jsonl", "-o"]),
        ("rag query none question", ["none", "rag build"]),
        ("rag query none", ["one question", "--questions"]),
        ("rag evaluate none --questions none.jsonl", ["none.jsonl"]),
        ("rag evaluate none --questions broken.jsonl", ["broken.jsonl", "2"]),
        ("run empty", ["empty"]),
        ("run plan.yaml --runs policy.md", ["policy.md", "--runs"]),
        ("run --resume empty", ["empty", "ftadvisor runs"]),
        ("demo --runs policy.md", ["policy.md", "--runs"]),
        ("plan --profile profile.yaml -o empty --force", ["empty", "plan.yaml"]),
        ("plan --profile profile.yaml -o new.yaml --documents none", ["none"]),
        ("recommend --profile profile.yaml --set =3", ["=3", "FIELD=VALUE"]),
        ("estimate --model 7b --method lora --targets q_proj,qq_proj", ["qq_proj", "v_proj"]),
        ("list", ["methods"]),
        ("explain", ["WHAT"]),
        ("doctor --deep", ["--deep"]),
        ("runs --all", ["--all"]),
        ("dance", ["dance", "recommend"]),
        ("list magic", ["magic", "methods"]),
        ("explain magic", ["magic"]),
    ],
)
def test_wrong_input_is_told_with_a_hint(ftadvisor: Shown, folder: Path, words: str, told: list[str]) -> None:
    before = _contents(folder)
    code, said = ftadvisor(words.split())
    assert code == WRONG_INPUT
    assert [word for word in told if word not in said] == [], said
    assert said.count("Error: ") == 1
    assert "\nNext: " in said
    assert before.items() <= _contents(folder).items()


@pytest.mark.parametrize("words", ["recommend --profile broken.yaml", "run wrong.plan.yaml", "estimate --model 7x"])
def test_wrong_input_is_told_in_chinese(ftadvisor: Shown, words: str) -> None:
    code, said = ftadvisor([*words.split(), "--language", "zh"])
    assert code == WRONG_INPUT
    assert said.startswith("错误：")
    assert "\n下一步：" in said


@pytest.mark.parametrize("question", ["", "  "])
def test_an_empty_question_is_no_question(ftadvisor: Shown, question: str) -> None:
    assert ftadvisor(["rag", "build", "policy.md", "-o", "index"])[0] == DONE
    code, said = ftadvisor(["rag", "query", "index", question])
    assert code == WRONG_INPUT
    assert "one question" in said


def test_documents_that_the_index_does_not_have_are_told_before_measuring(ftadvisor: Shown, folder: Path) -> None:
    (folder / "asked.jsonl").write_text('{"question": "How long?", "passage_id": "polcy.md"}\n', encoding="utf-8")
    assert ftadvisor(["rag", "build", "policy.md", "-o", "index"])[0] == DONE
    code, said = ftadvisor(["rag", "evaluate", "index", "--questions", "asked.jsonl"])
    assert code == WRONG_INPUT
    assert "polcy.md" in said
    assert "It has: policy.md" in said


def test_test_rows_that_are_training_rows_are_refused_before_the_run(ftadvisor: Shown, folder: Path) -> None:
    steps = "  - {kind: evaluate, test: rows.jsonl, arms: [finetuned], finetuned: a}\n"
    (folder / "leaking.plan.yaml").write_text(TRAINING.replace("MODEL", "builtin:tiny") + steps, encoding="utf-8")
    code, said = ftadvisor(["run", "leaking.plan.yaml"])
    assert code == WRONG_INPUT
    assert "1=1" in said
    assert not (folder / "runs").exists()


def test_unknown_base_model_is_told_and_kept(ftadvisor: Shown) -> None:
    code, said = ftadvisor(["recommend", "--profile", "profile.yaml", "--set", "base_model=lama-3.1-8x", "--brief"])
    assert code == DONE
    assert "lama-3.1-8x" in said
    assert "llama-3.1-8b" in said


def test_unknown_answers_count_as_unknown(ftadvisor: Shown, folder: Path) -> None:
    (folder / "odd.yaml").write_text(PROFILE + "vram_gb: many\nfavourite_colour: red\n", encoding="utf-8")
    code, said = ftadvisor(["recommend", "--profile", "odd.yaml", "--brief"])
    assert code == DONE
    assert "line 4" in said
    assert "many" in said
    assert "favourite_colour" in said


def test_damaged_index_is_refused_file_by_file(ftadvisor: Shown, folder: Path) -> None:
    assert ftadvisor(["rag", "build", "policy.md", "-o", "index"])[0] == DONE
    files = [path for path in (folder / "index").rglob("*") if path.is_file() and path.stat().st_size]
    assert files
    for path in files:
        shutil.copytree("index", "damaged")
        damaged = folder / "damaged" / path.relative_to(folder / "index")
        damaged.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        code, said = ftadvisor(["rag", "query", "damaged", "How long?"])
        assert code == WRONG_INPUT, path
        assert "rag build" in said, path
        shutil.rmtree("damaged")


def test_full_disk_keeps_the_old_plan(ftadvisor: Shown, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _no_space)
        code, said = ftadvisor(["plan", "--profile", "profile.yaml", "-o", "plan.yaml", "--force"])
    assert code == FAILED
    assert "No space left on device" in said
    assert "Next: " in said
    assert _contents(folder)[Path("plan.yaml")] == PLAN.encode()
    assert not list(folder.glob(".*.part"))


def test_full_disk_keeps_the_old_index(ftadvisor: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ftadvisor(["rag", "build", "policy.md", "-o", "index"])[0] == DONE
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _no_space)
        code, said = ftadvisor(["rag", "build", "policy.md", "rows.jsonl", "-o", "index"])
    assert code == FAILED
    assert "No space left on device" in said
    assert ftadvisor(["rag", "query", "index", "How long do repairs take?"])[0] == DONE


@pytest.mark.parametrize(("stop", "code", "told"), [("full", FAILED, "disk"), ("ctrl-c", INTERRUPTED, "Interrupted")])
def test_stopped_run_goes_on(
    ftadvisor: Shown, folder: Path, monkeypatch: pytest.MonkeyPatch, stop: str, code: int, told: str
) -> None:
    """The run stops where the finished step's result would be put in its place."""
    real = os.replace

    def replace(source: str, target: str | Path) -> None:
        if Path(target).name == "1-build_index.json":
            raise OSError(errno.ENOSPC, "No space left on device") if stop == "full" else KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        stopped, said = ftadvisor(["run", "plan.yaml"])
    assert stopped == code
    assert told in said
    run = next(path for path in (folder / "runs").iterdir() if not path.name.startswith("."))
    assert f"ftadvisor run --resume runs/{run.name}" in said
    assert ftadvisor(["run", "--resume", f"runs/{run.name}"])[0] == DONE
    assert (run / "steps" / "1-build_index.json").exists()


def _no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
