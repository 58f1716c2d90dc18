"""In a database, too, a killed build leaves the old index or the new one, and updates give what fresh builds give."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.index import open_index
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..postgres_server import Server
from .contents import contents_of
from .test_crash import SHIPPING, changed, needs_fork  # noqa: F401 - a fixture
from .test_update import HYBRID, QUESTIONS, apply, changes


def answers_after_kills(kind: str, before: str, after: Path, folder: Path, postgres: Server) -> list[str]:
    script = Path(__file__).with_name("crash_database.py")
    words = [sys.executable, str(script), kind, before, str(after), str(folder), str(postgres.address()), SHIPPING]
    environment = {**os.environ, "PYTHONPATH": str(script.parent)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@needs_fork
def test_killed_first_build(policies: Path, tmp_path: Path, postgres: Server) -> None:
    answers = answers_after_kills("build", "-", policies, tmp_path, postgres)
    assert len(answers) > 25
    assert {"no index" if "no index" in answer else answer for answer in answers} == {"no index", "shipping.md"}


@needs_fork
@pytest.mark.parametrize("kind", ["build", "update"])
def test_killed_renewal(kind: str, policies: Path, changed: Path, tmp_path: Path, postgres: Server) -> None:  # noqa: F811
    answers = answers_after_kills(kind, str(policies), changed, tmp_path, postgres)
    assert len(answers) > 25
    assert set(answers) == {"shipping.md", "new.txt"}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(changes, min_size=1, max_size=3), min_size=1, max_size=4))
def test_any_sequence_of_changes_gives_what_a_fresh_build_gives(
    postgres: Server, rounds: list[list[tuple[str, str, object]]]
) -> None:
    with TemporaryDirectory() as temporary:
        source, index = Path(temporary), postgres.address()
        (source / "stays.txt").write_text("This one stays for three years.", encoding="utf-8")
        build_index([source], index, HYBRID)
        for changed_files in rounds:
            for change in changed_files:
                apply(change, source)
            update_index([], index)
            fresh = postgres.address()
            build_index([source], fresh, HYBRID)
            assert contents_of(index) == contents_of(fresh)
            updated, built = open_index(index), open_index(fresh)
            assert updated.search_many(QUESTIONS, 20) == built.search_many(QUESTIONS, 20)
