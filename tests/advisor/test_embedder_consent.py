"""Documents and questions go to an embedder behind an endpoint only where that was told and agreed to."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.rag import endpoint

from ..rag.chat_server import ChatServer, Reply, starting_servers

pytest.importorskip("faiss", reason="needs the rag extra")

ROWS = [{"question": f"Which colour has thing {number}?", "answer": "Blue."} for number in range(6)]
Start = Callable[[Reply], ChatServer]
Shown = pytest.CaptureFixture[str]

PLAN = """\
version: 1
title: measured elsewhere
language: en
label: rag
seed: 17
knowledge: 0.1.0
model: {{source: '{model}'}}
prompt: {{instruction: Name the colour.}}
steps:
  - {{kind: build_index, sources: [guide.md], embedder: 'https://endpoint.invalid/v1#e'}}
  - {{kind: evaluate, test: test.jsonl, arms: [rag], index: index}}
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a server, in a folder with rows to measure on and a document."""
    monkeypatch.chdir(tmp_path)
    Path("test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    Path("guide.md").write_text("# Guide\n\nEvery thing is blue.\n", encoding="utf-8")
    with starting_servers() as started:
        yield started


def blue(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    return 200, ["Blue."]


@pytest.mark.parametrize(
    ("language", "told", "no"), [("en", "6 questions", "Nothing was sent"), ("zh", "问题 6 个", "什么都没有发送")]
)
def test_questions_go_to_the_embedder_of_an_index_only_after_consent(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: Shown, language: str, told: str, no: str
) -> None:
    def vectors(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return 200, {
            "data": [{"index": place, "embedding": [1.0, len(one)]} for place, one in enumerate(body["input"])]
        }

    embedder, server = start(vectors), start(blue)
    name = f"{embedder.url}#e"
    built = ["rag", "build", "guide.md", "-o", "index", "--embedder", name, "--retriever", "dense", "--quiet"]
    assert main(built) == DONE
    embedder.requests.clear()
    words = ["evaluate", "test.jsonl", "--model", f"{server.url}#m", "--index", "index", "--language", language]
    capsys.readouterr()
    monkeypatch.setattr(endpoint, "LOCAL", ())  # the servers stand for some on other machines
    assert main([*words, "--quiet"]) == WRONG_INPUT
    shown = capsys.readouterr().err
    assert no in shown
    assert not [*embedder.requests, *server.requests]
    assert [line for line in shown.splitlines() if embedder.url in line and told in line]
    assert main([*words, "--quiet", "--yes"]) == DONE
    assert [row["question"] for row in ROWS] in [body["input"] for _, body, _ in embedder.requests]


def test_documents_that_a_plan_indexes_are_told_with_its_embedder(start: Start, capsys: Shown) -> None:
    server = start(blue)
    Path("plan.yaml").write_text(PLAN.format(model=f"{server.url}#m"), encoding="utf-8")
    assert main(["run", "plan.yaml", "--language", "en"]) == WRONG_INPUT
    shown = capsys.readouterr().err
    assert "(embedding model e) for retrieval: the text of all documents, 6 questions" in shown
    assert "Nothing was sent" in shown
