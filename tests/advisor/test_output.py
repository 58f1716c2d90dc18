import json
from threading import Event
from unittest.mock import patch

import pytest
from ftadvisor.advisor.output import print_json, progress_shown, told_if_slow
from ftadvisor.knowledge.messages import speaking


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test moves by changing its only entry."""
    now = [100.0]
    monkeypatch.setattr("ftadvisor.advisor.output.monotonic", lambda: now[0])
    return now


def test_a_pipe_gets_a_line_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("en"), progress_shown(quiet=False) as shown:
        shown.stage(1, 2, "Fine-tune")
        for step in range(401):
            shown(f"loss {1 / (step + 1):.3f}", step, 400)
            clock[0] += 0.25
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Step 1/2 Fine-tune"
    assert 8 <= len(lines) <= 14
    assert "400/400 (100%), elapsed 1:40" in lines[-1]
    assert "about" in lines[3]


def test_slow_work_is_told_and_quick_work_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    told = Event()
    with told_if_slow("reading", after=3600):
        pass
    with patch("ftadvisor.advisor.output.print", lambda *_, **__: told.set(), create=True), told_if_slow("it", after=0):
        assert told.wait(60)
    assert not capsys.readouterr().err


def test_each_new_work_is_told(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("en"), progress_shown(quiet=False) as shown:
        for arm in ("base", "rag"):
            for row in (1, 2, 3):
                shown(f"answering {arm}", row, 3)
        shown("reading", 0, None)
        shown("reading", 7, None)
    told = [" ".join(line.split()[:3]) for line in capsys.readouterr().err.splitlines()]
    assert told == [
        "answering base 1/3",
        "answering base 3/3",
        "answering rag 1/3",
        "answering rag 3/3",
        "reading 0, elapsed",
    ]


def test_the_time_left_of_work_that_goes_on_is_by_what_was_done_since(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with speaking("en"), progress_shown(quiet=False) as shown:
        shown("tuning", 301, 400)
        clock[0] += 20
        shown("tuning", 311, 400)
    lines = capsys.readouterr().err.splitlines()
    assert "about" not in lines[0]  # of a single state nothing is known
    assert lines[1].split() == ["tuning", "311/400", "(78%),", "elapsed", "0:20,", "about", "2:58", "left"]


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    with speaking("zh"), progress_shown(quiet=False) as shown:
        shown.stage(1, 2, "微调")
        shown("[损失] 2.1", 1, 10)
        shown("[损失] 1.9", 2, 10)
    said = capsys.readouterr().err
    assert "第 1/2 步 微调" in said
    assert "[损失] 1.9" in said


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(quiet=True) as shown:
        shown.stage(1, 1, "x")
        shown("y", 1, 1)
    assert capsys.readouterr() == ("", "")


def test_json_is_one_readable_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"标签": [1, 2]})
    said = capsys.readouterr().out
    assert json.loads(said) == {"标签": [1, 2]}
    assert "标签" in said
