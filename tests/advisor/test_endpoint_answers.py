"""How models behind endpoints are asked for classes, and what is told of answers that say nothing or break off."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, main

from ..rag.chat_server import ChatServer, Reply, starting_servers

Start = Callable[[Reply], ChatServer]
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a server, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with starting_servers() as started:
        yield started


def said(body: dict[str, Any]) -> str:
    """Return the question of a request."""
    return str(body["messages"][-1]["content"])


def test_a_tuned_model_gets_the_classes_like_its_base(start: Start, capsys: Shown) -> None:
    rows = [{"text": f"Words of kind {kind}, number {number}", "label": kind} for number in range(4) for kind in "ab"]
    Path("held.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    server = start(lambda path, body: (200, [said(body)[14] if body["messages"][0]["role"] == "system" else "Hello."]))
    words = ["evaluate", "held.jsonl", "--model", f"{server.url}#m"]
    heads = []
    for more in ([], ["--adapter", f"{server.url}#ft"]):
        server.requests.clear()
        assert main([*words, *more, "--json", "--quiet", "--language", "en"]) == DONE
        arms = json.loads(capsys.readouterr().out)["evaluation"]["arms"]
        heads.append({body["messages"][0]["content"] for _, body, _ in server.requests if len(body["messages"]) > 1})
    assert arms["prompting"]["macro_f1"]["value"] == arms["finetuned"]["macro_f1"]["value"] == 1
    assert heads[0] == heads[1] != set()
    assert {len(body["messages"]) for _, body, _ in server.requests if body["model"] == "ft"} == {2}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Bare model: answers cut off at the length limit: 3", "Bare model: empty answers: 2"]),
        ("zh", ["裸模型：有 3 个回答没有写完就到了长度上限", "裸模型：有 2 个回答是空的"]),
    ],
)
def test_answers_that_are_cut_off_or_empty_are_counted_on_the_screen_and_in_the_report(
    start: Start, capsys: Shown, language: str, told: list[str]
) -> None:
    rows = [{"question": f"Which colour has thing {number}?", "answer": "Blue."} for number in range(6)]
    Path("test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        number = int(said(body)[-2])
        if number in (1, 2):
            return 200, {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}
        return 200, {"choices": [{"message": {"content": "Blu"}, "finish_reason": "length" if number > 2 else "stop"}]}

    server = start(reply)
    assert main(["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--quiet", "--language", language]) == DONE
    (run,) = Path().glob("runs/*-evaluate-*")
    report, shown = (run / "report.md").read_text(encoding="utf-8"), capsys.readouterr().out
    assert [one for one in told if one not in report or one not in " ".join(shown.split())] == []
    assert main(["run", str(run / "plan.yaml"), "--quiet", "--language", language]) == DONE
    shown = capsys.readouterr().out
    assert [one for one in told if one not in shown] == []
