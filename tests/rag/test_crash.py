"""A build that is killed, or runs out of disk, at any change to its folder leaves the old index or the new one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions

from .faults import Faults

OPTIONS = IndexOptions(retriever="hybrid")
SHIPPING = "Islands take a week"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a process to kill")


@pytest.fixture
def changed(policies: Path) -> Path:
    """A second state of the corpus: one document less, one more."""
    folder = policies.parent / "changed"
    folder.mkdir()
    (folder / "退货.md").write_bytes((policies / "退货.md").read_bytes())
    (folder / "new.txt").write_text("A new document about warranty.", encoding="utf-8")
    return folder


def answers_after_kills(kind: str, before: str, after: Path, folder: Path) -> list[str]:
    script = Path(__file__).with_name("crash.py")
    words = [sys.executable, str(script), kind, before, str(after), str(folder), SHIPPING]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@needs_fork
def test_killed_first_build(policies: Path, tmp_path: Path) -> None:
    answers = answers_after_kills("build", "-", policies, tmp_path)
    assert len(answers) > 50
    complete = answers.count("shipping.md")
    assert 0 < complete < len(answers)
    assert all("no index" in answer for answer in answers[:-complete]), answers


@needs_fork
@pytest.mark.parametrize("kind", ["build", "update"])
def test_killed_renewal(kind: str, policies: Path, changed: Path, tmp_path: Path) -> None:
    answers = answers_after_kills(kind, str(policies), changed, tmp_path)
    assert len(answers) > 50
    assert set(answers) == {"shipping.md", "new.txt"}
    assert answers == sorted(answers, reverse=True), "once the new index is there, it stays"


def test_full_disk(policies: Path, changed: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    build(policies, index)
    before = state(index)
    faults = Faults(0, "full")
    with faults.active():
        build(changed, tmp_path / "other")
    refused = 0
    for change in range(1, faults.count):
        with Faults(change, "full").active():
            problem = refusal(lambda: build(changed, index))
        if problem is not None:
            refused += 1
            assert "No space left on device" in problem.message
            assert str(index) in problem.message
            assert problem.hint
        if open_index(index).search(SHIPPING, 1)[0].document == "shipping.md":
            assert before.items() <= state(index).items(), change
            continue
        build(policies, index)
        assert state(index) == before
    assert refused > 25


def build(source: Path, index: Path) -> None:
    build_index([source], index, OPTIONS)


def state(index: Path) -> dict[str, bytes]:
    paths = [path for path in index.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(index).as_posix(): path.read_bytes() for path in paths}


def refusal(work: Callable[[], object]) -> UserError | None:
    try:
        work()
    except UserError as error:
        return error
    return None
