"""A plan that keeps its index in a database: later steps find it there, and no password gets into a run."""

import json
import re
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.rag.address import Address
from ftadvisor.rag.index import open_index

from ..postgres_server import Server

PLAN = """\
version: 1
title: test
language: en
label: rag
seed: 17
knowledge: 0.1.0
model: null
prompt: {{instruction: Answer from the passages.}}
steps:
  - {{kind: build_index, sources: [docs], output: index, database: '{database}'}}
  - {{kind: build_examples, train: train.jsonl, index: index, top_k: 2, output: examples}}
"""


@pytest.fixture
def project(tmp_path: Path, english: None) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lamp.txt").write_text("The lamp may come back to us within three days if it is unused.")
    (tmp_path / "docs" / "sofa.txt").write_text("The sofa may come back to us within nine days if it is unused.")
    row = {"id": "r", "question": "Until when can the sofa come back?", "answer": "9 days", "quote": "within nine days"}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path


def test_a_plan_keeps_its_index_in_a_database(project: Path, postgres: Server) -> None:
    address = postgres.address()
    (project / "plan.yaml").write_text(PLAN.format(database=address))
    assert main(["--quiet", "run", str(project / "plan.yaml"), "--runs", str(project / "runs")]) == 0
    assert open_index(address).search("When may the sofa come back?", 1)[0].document == "sofa.txt"
    (pointer,) = project.rglob("outputs/index/*")
    assert pointer.name == "database"
    assert open_index(pointer.parent).search("sofa", 1)[0].document == "sofa.txt", "the run's own output leads there"
    (examples,) = project.rglob("examples/train.jsonl")
    assert "within nine days" in examples.read_text()


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://me:topsecret@127.0.0.1/books",
        "POSTGRESQL://me@h/b?password=topsecret",
        "postgresql://me@h/b?sslkey=k&sslpassword=topsecret",
    ],
)
def test_a_password_in_a_plan_is_refused_and_not_shown(
    database: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "plan.yaml").write_text(PLAN.format(database=database))
    assert main(["run", str(project / "plan.yaml"), "--runs", str(project / "runs")]) == 2
    shown = capsys.readouterr()
    assert "PGPASSWORD" in shown.err
    assert "line 10" in shown.err
    assert "topsecret" not in shown.out + shown.err
    assert not [path for path in project.rglob("runs/**/*") if path.is_file() and "topsecret" in path.read_text()]


@pytest.mark.parametrize("database", ["index", "postgresql://me:a/topsecret@h/b", "postgresql://me:a#topsecret@h/b"])
def test_what_is_no_address_is_named_with_its_line(
    database: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "plan.yaml").write_text(PLAN.format(database=database))
    assert main(["run", str(project / "plan.yaml"), "--runs", str(project / "runs")]) == 2
    shown = capsys.readouterr()
    assert re.search(r"line 10.*postgresql://user@host", shown.err)
    assert "topsecret" not in shown.out + shown.err


def test_an_unreachable_database_is_told_with_the_next_command(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("asyncpg", reason="needs the postgres extra")
    (project / "plan.yaml").write_text(PLAN.format(database=Address("postgresql://me@127.0.0.1:9/books", "a")))
    assert main(["run", str(project / "plan.yaml"), "--runs", str(project / "runs")]) != 0
    assert "pg_isready" in capsys.readouterr().err
