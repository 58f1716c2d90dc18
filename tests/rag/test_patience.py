"""A server that has too much to do is left alone for longer and longer, and not for ever."""

import time
from email.utils import formatdate
from types import SimpleNamespace

import pytest
from ftadvisor.rag import exchange, patience
from ftadvisor.rag.endpoint import Endpoint
from ftadvisor.rag.refused import StatusError

from .chat_server import ChatServer, without_waits

ANSWER = {"choices": [{"message": {"content": "yes"}}]}


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect what is waited, and wait for none of it."""
    found: list[float] = []
    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=found.append, time=time.time))
    return found


def asked(status: int, times: int = 10**6, **headers: str) -> tuple[list[object], ChatServer]:
    """Ask a server that refuses some times, and return its answer."""
    server = ChatServer(lambda path, body: (status, {}) if len(server.requests) <= times else (200, ANSWER), headers)
    try:
        return exchange.post_whole(Endpoint(server.url, "m"), "chat/completions", {}), server
    finally:
        server.close()


@pytest.mark.parametrize("status", [408, 425, 429, 503, 529])
@pytest.mark.parametrize("header", ["0", "1"])
def test_a_busy_server_is_asked_until_it_answers(monkeypatch: pytest.MonkeyPatch, status: int, header: str) -> None:
    monkeypatch.setattr(patience, "BUSY_WAITS_SECONDS", (0.0,) * 9)
    times = 6 if header == "0" else 1
    found, server = asked(status, times, **{"Retry-After": header})
    assert found == [ANSWER]
    assert len(server.requests) == times + 1


@pytest.mark.usefixtures("english")
def test_waits_grow_and_end_after_minutes(slept: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StatusError, match="429") as error:
        asked(429)
    assert slept == sorted(slept)
    assert slept[:4] == [1, 2, 4, 8]
    assert 180 <= sum(slept) <= patience.MOST_WAITED_SECONDS <= 600
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(slept)
    assert "trying again in 8 s, 15 s in all for this request, at most 300 s" in told[3]
    assert f"after {sum(slept):.0f} s of waiting" in error.value.hint


def test_what_a_server_asks_for_counts_towards_the_end(slept: list[float]) -> None:
    with pytest.raises(StatusError, match="429"):
        asked(429, **{"Retry-After": "90"})
    assert slept == [90, 90, 90]


def test_a_date_is_waited_for(slept: list[float]) -> None:
    asked(429, 1, **{"Retry-After": formatdate(time.time() + 40, usegmt=True)})
    [seconds] = slept
    assert 30 < seconds <= 40


def test_a_fault_is_not_waited_for_as_long(slept: list[float]) -> None:
    with pytest.raises(StatusError, match="500"):
        asked(500)
    assert slept == [1, 4]


def test_a_refusal_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    without_waits(monkeypatch)
    server = ChatServer(lambda path, body: (400, {}))
    with pytest.raises(StatusError, match="400"):
        exchange.post_json(Endpoint(server.url, "m"), "chat/completions", {})
    server.close()
    assert len(server.requests) == 1
