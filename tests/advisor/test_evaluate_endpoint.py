"""``ftadvisor evaluate`` and ``run`` with a model behind an endpoint: consent, resuming, what is refused."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor import consent
from ftadvisor.advisor.cli import DONE, FAILED, INTERRUPTED, WRONG_INPUT, main
from ftadvisor.executors.kept_answers import KeptAnswers
from ftadvisor.executors.prompt import Prompt
from ftadvisor.rag import endpoint

from ..rag.chat_server import ChatServer, Reply, starting_servers, without_waits

ROWS = [{"question": f"Which colour has thing {number}?", "answer": "Blue."} for number in range(6)]
KEY = "sk-secret-of-the-user"
ELSEWHERE = "https://endpoint.invalid/v1#m"
Start = Callable[[Reply], ChatServer]
Shown = pytest.CaptureFixture[str]

PLAN = """\
version: 1
title: measured elsewhere
language: en
label: {label}
seed: 17
knowledge: 0.1.0
model: {{source: '{model}'}}
prompt: {{instruction: Name the colour.}}
steps:
  - {step}
  - {{kind: report}}
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a server, in a folder with rows to measure on."""
    monkeypatch.chdir(tmp_path)
    without_waits(monkeypatch)
    Path("test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    with starting_servers() as started:
        yield started


def blue(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Answer right where there is an instruction."""
    return 200, ["Blue." if body["messages"][0]["role"] == "system" else "I do not know."]


def test_ways_to_answer_are_compared_and_what_is_sent_is_told_before(start: Start, capsys: Shown) -> None:
    server = start(blue)
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--instruction", "Name the colour."]
    assert main([*words, "--json", "--quiet", "--language", "en"]) == DONE
    shown = capsys.readouterr()
    arms = json.loads(shown.out)["evaluation"]["arms"]
    assert arms["base"]["exact"]["value"] == 0
    assert arms["prompting"]["exact"]["value"] == 1
    assert f"To be sent to {server.url} (model m): 6 test rows, in 12 requests" in shown.err
    assert len(server.requests) == 12
    (answers,) = Path().glob("runs/*/answers.jsonl")
    assert [json.loads(line)["answers"]["prompting"] for line in answers.read_text().splitlines()] == ["Blue."] * 6


def test_passages_of_an_index_are_sent_with_the_questions(start: Start, capsys: Shown) -> None:
    pytest.importorskip("faiss", reason="needs the rag extra")
    Path("documents").mkdir()
    Path("documents/colours.md").write_text("# Colours\n\nEvery thing is blue.\n", encoding="utf-8")
    assert main(["rag", "build", "documents", "-o", "index", "--quiet"]) == DONE
    server = start(lambda path, body: (200, ["Blue." if "Every thing is blue." in str(body) else "Red."]))
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--index", "index"]
    capsys.readouterr()
    assert main([*words, "--json", "--quiet", "--language", "en"]) == DONE
    told = capsys.readouterr()
    assert "6 test rows, retrieved passages of the documents, in 12 requests" in told.err
    arms = json.loads(told.out)["evaluation"]["arms"]
    assert (arms["base"]["exact"]["value"], arms["rag"]["exact"]["value"]) == (0, 1)


def test_a_tuned_model_is_measured_beside_its_base(start: Start, capsys: Shown) -> None:
    server = start(lambda path, body: (200, ["Blue." if body["model"] == "ft:m:1" else "Red."]))
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--adapter", f"{server.url}#ft:m:1"]
    assert main([*words, "--json", "--quiet", "--language", "en"]) == DONE
    shown = capsys.readouterr()
    found = json.loads(shown.out)["evaluation"]
    assert (found["arms"]["base"]["exact"]["value"], found["arms"]["finetuned"]["exact"]["value"]) == (0, 1)
    assert found["differences"]["base"]["exact"]["value"] == 1
    assert "(model m): 6 test rows, in 6 requests" in shown.err
    assert "(model ft:m:1): 6 test rows, in 6 requests" in shown.err


def test_every_kind_of_prompting_is_asked(start: Start, capsys: Shown) -> None:
    learnt = [{"text": f"Words of kind {kind}, number {number}", "label": kind} for number in range(9) for kind in "ab"]
    held = [{"text": f"More words of kind {kind}", "label": kind} for kind in "ab"]
    for name, rows in (("learnt.jsonl", learnt), ("held.jsonl", held)):
        Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("guide.md").write_text("# Guide\n\nA text of kind a says kind a.\n", encoding="utf-8")

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "response_format" in body:
            return 200, ['{"answer": "b"}']
        # the instruction counts as one, each example as one, and the document is marked
        return 200, [str(len(body["messages"]) // 2) + ("g" if "A text of kind a says kind a." in str(body) else "")]

    server = start(reply)
    arms = "arms=[base, few_shot, many_shot, long_context, constrained]"
    here = Path.cwd()
    shown = [f"train={here}/learnt.jsonl", f"documents=[{here}/guide.md]", "shots=2", "window=2000", arms]
    words = ["evaluate", "held.jsonl", "--model", f"{server.url}#m", *(f"--set={word}" for word in shown)]
    assert main([*words, "--json", "--quiet", "--language", "en"]) == DONE
    told = capsys.readouterr()
    (answers,) = Path().glob("runs/*/answers.jsonl")
    first = json.loads(answers.read_text().splitlines()[0])["answers"]
    assert first == {"base": "0", "few_shot": "3", "many_shot": "19", "long_context": "1g", "constrained": "b"}
    sent = sum(len(json.dumps(body["messages"])) for _, body, _ in server.requests)
    shown = "2 test rows, 18 rows to learn from, with their answers, as examples, whole documents (1), in 10 requests"
    assert shown in " ".join(told.err.split())
    (tokens,) = re.findall(r"10 requests of about (\d+) tokens", told.err)
    assert sent / 8 < int(tokens) < sent / 2


def test_an_endpoint_that_holds_to_no_form_is_told_before_others_are_paid_for(start: Start, capsys: Shown) -> None:
    server = start(blue)
    options = ["--set", "arms=[base, constrained]", "--set", "choices=[Blue., Red.]"]
    assert main(["evaluate", "test.jsonl", "--model", f"{server.url}#m", *options, "--language", "en"]) == WRONG_INPUT
    assert "does not hold to the form" in capsys.readouterr().err
    assert len(server.requests) == 2
    assert not [*Path().glob("runs/*/status.json")]


@pytest.mark.parametrize("label", ["prompting:many_shot", "prompting:long_context"])
def test_a_plan_takes_a_window_and_says_so(start: Start, label: str) -> None:
    server = start(blue)
    Path("train.jsonl").write_text('{"question": "Which colour?", "answer": "Blue."}\n', encoding="utf-8")
    Path("guide.md").write_text("# Guide\n\nEvery thing is blue.\n", encoding="utf-8")
    words = ["--train", "train.jsonl", "--test", "test.jsonl", "--documents", "guide.md", "--label", label]
    more = ["--set", "task_type=generation", "--model", f"{server.url}#m", "--language", "en"]
    assert main(["plan", *words, *more]) == DONE
    assert (
        "window: 32768 # how much a model behind an endpoint reads is not known here" in Path("plan.yaml").read_text()
    )
    assert main(["run", "plan.yaml", "--quiet"]) == DONE


def test_a_window_that_nobody_knows_is_asked_for(start: Start, capsys: Shown) -> None:
    server = start(blue)
    shown = ["--set", f"train={Path.cwd()}/more.jsonl", "--set", "arms=[many_shot]"]
    Path("more.jsonl").write_text('{"question": "Which colour?", "answer": "Blue."}\n', encoding="utf-8")
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", *shown]
    assert main([*words, "--language", "en"]) == WRONG_INPUT
    assert "--set window=" in capsys.readouterr().err
    assert not server.requests


def test_answers_that_thoughts_use_up_are_told(start: Start) -> None:
    cut = [{"delta": {"reasoning": "Hm"}}, {"delta": {}, "finish_reason": "length"}]
    server = start(lambda path, body: (200, cut if "thing 3" in str(body) else ["Blue."]))
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--quiet", "--language", "en"]
    assert main(words) == DONE
    (report,) = Path().glob("runs/*/report.md")
    assert "Bare model: empty answers: 1;" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["evaluate", "test.jsonl", "--model", ELSEWHERE], ["run", "plan.yaml"]])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_leaves_the_machine_before_somebody_agrees(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: Shown, words: list[str], language: str
) -> None:
    step = "{kind: evaluate, test: test.jsonl, arms: [base]}"
    Path("plan.yaml").write_text(PLAN.format(label="prompting", model=ELSEWHERE, step=step), encoding="utf-8")
    assert main([*words, "--language", language]) == WRONG_INPUT
    assert "--yes" in capsys.readouterr().err
    answers = iter(["n", "", "y", "是"])
    monkeypatch.setattr(consent.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: next(answers))
    for _ in range(2):
        assert main([*words, "--language", language]) == WRONG_INPUT
    assert not [*Path().glob("runs/*/status.json")]
    for more in ([], [], ["--yes"]):  # agreed: it is sent, and there is nobody
        assert main([*words, *more, "--quiet", "--language", language]) != DONE
        assert "endpoint.invalid" in capsys.readouterr().err
    assert len([*Path().glob("runs/*/status.json")]) == 3


def test_a_run_that_is_continued_goes_nowhere_else_unasked(start: Start, capsys: Shown) -> None:
    server = start(lambda path, body: (403, "closed"))
    step = "{kind: evaluate, test: test.jsonl, arms: [base]}"
    for name, model in (("here.yaml", f"{server.url}#m"), ("elsewhere.yaml", ELSEWHERE)):
        Path(name).write_text(PLAN.format(label="prompting", model=model, step=step), encoding="utf-8")
    assert main(["run", "here.yaml", "--quiet", "--language", "en"]) == FAILED
    (run,) = Path().glob("runs/*-measured-*")
    capsys.readouterr()
    assert main(["run", "elsewhere.yaml", "--resume", str(run), "--language", "en"]) == WRONG_INPUT
    assert "Nothing was sent" in capsys.readouterr().err
    assert main(["run", "--resume", str(run), "--quiet", "--language", "en"]) == FAILED  # what was agreed to goes on
    assert len(server.requests) == 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_address_leaves_no_run_to_be_continued(start: Start, capsys: Shown, language: str) -> None:
    """Continuing would ask the same address again; the command is given anew with the right one."""
    server = start(lambda path, body: blue(path, body) if path.startswith("/v1/") else (404, b"nothing here"))
    host = server.url.removesuffix("/v1")
    words = ["evaluate", "test.jsonl", "--instruction", "Name it.", "--quiet", "--language", language, "--model"]
    assert main([*words, f"{host}#m"]) == FAILED
    told = capsys.readouterr().err
    assert f"{server.url}#m" in told
    assert "--resume" not in told
    assert not [*Path().glob("runs/*/status.json")]
    assert main([*words, f"{server.url}#m"]) == DONE


def test_a_run_whose_address_is_wrong_is_continued_or_begun_with_another(start: Start, capsys: Shown) -> None:
    server = start(lambda path, body: (404, b"nothing here"))
    step = "{kind: evaluate, test: test.jsonl, arms: [base]}"
    Path("plan.yaml").write_text(PLAN.format(label="prompting", model=f"{server.url}#m", step=step), encoding="utf-8")
    assert main(["run", "plan.yaml", "--quiet", "--language", "en"]) == FAILED
    told = capsys.readouterr().err
    order = [told.index(words) for words in ("ftadvisor run --resume", "check the address", "start a new run")]
    assert order == sorted(order)


def test_a_run_that_a_busy_server_stopped_is_continued(start: Start, capsys: Shown) -> None:
    busy: list[int] = [3]
    server = start(lambda path, body: (429, {}) if len(server.requests) > busy[0] else blue(path, body))
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--instruction", "Name the colour."]
    assert main([*words, "--set", "requests=1", "--language", "en"]) == FAILED
    (run,) = Path().glob("runs/*-evaluate-*")
    told = capsys.readouterr().err
    assert told.index(f"ftadvisor run --resume {run}") < told.index("requests: 1")
    assert "new run" not in told
    busy[0] = 10**6
    assert main(["run", "--resume", str(run), "--quiet"]) == DONE


@pytest.mark.parametrize("killed_at", [2, 5, 9])
def test_a_killed_evaluation_asks_only_what_is_missing(start: Start, capsys: Shown, killed_at: int) -> None:
    child: list[subprocess.Popen[bytes]] = []

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if child and len(server.requests) == killed_at:
            os.kill(child[0].pid, signal.SIGKILL)
        return blue(path, body)

    server = start(reply)
    command = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--instruction", "Name the colour."]
    words = [sys.executable, "-m", "ftadvisor.advisor", *command, "--set", "requests=2"]
    child.append(subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
    assert child[0].wait() == -signal.SIGKILL
    child.clear()
    (run,) = Path().glob("runs/*-evaluate-*")
    kept = {arm: kept_of(run, arm) for arm in ("base", "prompting")}
    assert sum(map(len, kept.values())) < killed_at
    assert killed_at <= len(ROWS) or len(kept["base"]) == len(ROWS)  # an answer under way may be lost, no finished arm
    server.requests.clear()
    assert main(["run", "--resume", str(run), "--json", "--quiet"]) == DONE
    asked = sorted((body["messages"][0]["role"], body["messages"][-1]["content"]) for _, body, _ in server.requests)
    missing = [("user", row["question"]) for place, row in enumerate(ROWS) if place not in kept["base"]]
    missing += [("system", row["question"]) for place, row in enumerate(ROWS) if place not in kept["prompting"]]
    assert asked == sorted(missing)
    evaluated = json.loads(capsys.readouterr().out)["steps"][0]["result"]
    assert (evaluated["arms"]["base"]["exact"]["value"], evaluated["arms"]["prompting"]["exact"]["value"]) == (0, 1)


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_ctrl_c_waits_for_no_answer(start: Start) -> None:
    asked, over = threading.Event(), threading.Event()

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if len(server.requests) == 3:  # the first went alone; now two are under way
            asked.set()
        if len(server.requests) > 1:
            over.wait(120)
        return blue(path, body)

    server = start(reply)
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--set", "requests=2", "--language", "en"]
    command = [sys.executable, "-m", "ftadvisor.advisor", *words]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert asked.wait(120)
    child.send_signal(signal.SIGINT)
    try:
        _, told = child.communicate(timeout=60)
    finally:
        over.set()
    assert child.returncode == INTERRUPTED
    assert "ftadvisor run --resume runs/" in told


def kept_of(run: Path, arm: str) -> dict[int, str]:
    path = run / "checkpoints" / "1-evaluate" / f"{arm}.jsonl"
    prompt = Prompt(instruction="Name the colour." if arm == "prompting" else "")
    return KeptAnswers(path, [prompt.messages(row["question"]) for row in ROWS]).found if path.exists() else {}


def test_the_key_is_sent_and_never_written(start: Start, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv(endpoint.KEY, KEY)

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        heard = server.requests[-1][2]
        return (400, {"error": {"message": f"bad header {heard}"}}) if len(server.requests) > 3 else blue(path, body)

    server = start(reply)
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--language", "en", "--set", "requests=1"]
    assert main(words) == FAILED
    assert {heard for _, _, heard in server.requests} == {f"Bearer {KEY}"}
    shown = capfd.readouterr()
    assert "bad header Bearer ***" in shown.err
    written = [path.read_text(encoding="utf-8") for path in Path().rglob("*") if path.is_file()]
    assert any("bad header Bearer ***" in text for text in written)  # the run's own record of what went wrong
    (run,) = Path().glob("runs/*-evaluate-*")  # what was paid for is not thrown away
    assert f"ftadvisor run --resume {run}" in shown.err
    assert kept_of(run, "base") == dict.fromkeys(range(3), "I do not know.")
    assert not any(KEY in text for text in [*written, shown.out, shown.err])


def test_a_key_in_the_name_of_a_status_is_never_written(
    start: Start, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv(endpoint.KEY, KEY)
    start(blue)
    server = ChatServer(lambda path, body: (503, b"later"), reason=f"denied Bearer {KEY}")
    step = "{kind: evaluate, test: test.jsonl, arms: [base]}"
    Path("plan.yaml").write_text(PLAN.format(label="prompting", model=f"{server.url}#m", step=step), encoding="utf-8")
    assert main(["run", "plan.yaml", "--language", "en"]) == FAILED
    server.close()
    shown = capfd.readouterr()
    (kept,) = Path().glob("runs/*/error.txt")
    assert "denied Bearer ***" in kept.read_text(encoding="utf-8")  # the chained error's own words
    written = [path.read_text(encoding="utf-8") for path in Path().rglob("*") if path.is_file()]
    assert not any(KEY in text for text in [*written, shown.out, shown.err])


def test_an_address_with_a_password_is_refused_before_it_is_written(start: Start, capsys: Shown) -> None:
    for address in ("https://me:secret@endpoint.invalid/v1#m", "https://endpoint.invalid/v1?key=secret#m"):
        assert main(["evaluate", "test.jsonl", "--model", address, "--yes", "--language", "en"]) == WRONG_INPUT
        assert "without user, password" in capsys.readouterr().err
    assert not any("secret" in path.read_text(encoding="utf-8") for path in Path().rglob("*") if path.is_file())


@pytest.mark.parametrize("label", ["finetune:lora", "rag+finetune:lora", "classifier:tfidf", "continued_pretraining"])
def test_no_plan_trains_a_model_behind_an_endpoint(start: Start, capsys: Shown, label: str) -> None:
    words = ["plan", "--set", "task_type=generation", "--label", label, "--model", "http://127.0.0.1:9/v1#m"]
    assert main([*words, "--language", "en"]) == WRONG_INPUT
    assert "--label finetune:api --model 'http://127.0.0.1:9/v1#m'" in capsys.readouterr().err
    assert not Path("plan.yaml").exists()


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("{kind: evaluate, test: test.jsonl, arms: [base, finetuned], finetuned: adapters/x}", "--adapter '"),
        ("{kind: train, name: x, train: test.jsonl, output: adapters/x}", "ftadvisor evaluate TEST.jsonl --model '"),
    ],
)
def test_what_needs_weights_is_refused_with_the_next_command(start: Start, capsys: Shown, step: str, told: str) -> None:
    server = start(blue)
    model = f"{server.url}#m"
    Path("plan.yaml").write_text(PLAN.format(label="finetune:lora", model=model, step=step), encoding="utf-8")
    assert main(["run", "plan.yaml", "--language", "en"]) == WRONG_INPUT
    shown = capsys.readouterr().err
    assert told in shown
    assert "Step 1" in shown or "step 1" in shown
    assert not server.requests


def test_training_a_model_behind_an_endpoint_is_refused(start: Start, capsys: Shown) -> None:
    for words in (["train", "test.jsonl"], ["tune", "test.jsonl", "--method", "lora", "--vary", "learning_rate=1,2"]):
        assert main([*words, "--model", "http://127.0.0.1:9/v1#m", "--language", "en"]) == WRONG_INPUT
        assert "ftadvisor evaluate TEST.jsonl --model 'http://127.0.0.1:9/v1#m'" in capsys.readouterr().err
