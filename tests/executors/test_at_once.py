"""Work that waits is done several pieces at a time, and stops where it fails or nobody wants more."""

import threading
from collections.abc import Iterator

import pytest
from ftadvisor.executors import at_once as module
from ftadvisor.executors.at_once import at_once


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[threading.Thread]]:
    """Return the threads that are started; the test ends when they have."""
    threads: list[threading.Thread] = []

    class Noted(threading.Thread):
        def start(self) -> None:
            threads.append(self)
            super().start()

    monkeypatch.setattr(module, "Thread", Noted)
    yield threads
    for thread in threads:
        thread.join(60)


def test_no_more_is_under_way_than_was_allowed(started: list[threading.Thread]) -> None:
    together = threading.Barrier(3, timeout=60)

    def work(place: int) -> int:
        together.wait()  # breaks where fewer than three come
        return place * place

    assert dict(at_once(work, range(9), 3)) == {place: place * place for place in range(9)}
    assert len(started) == 3


def test_nothing_is_started_for_nothing(started: list[threading.Thread]) -> None:
    assert [*at_once(str, range(0), 3)] == []
    assert [*at_once(str, range(2), 5)] in ([(0, "0"), (1, "1")], [(1, "1"), (0, "0")])
    assert len(started) == 2


def test_what_is_under_way_when_one_fails_is_given_out_before_the_error(started: list[threading.Thread]) -> None:
    together, begun = threading.Barrier(2, timeout=60), list[int]()

    def work(place: int) -> int:
        begun.append(place)
        together.wait()
        if place == 0:
            raise ValueError("no")
        other = started[0] if threading.current_thread() is started[1] else started[1]
        other.join(60)  # the one that fails has told so
        return place

    found: list[tuple[int, int]] = []
    with pytest.raises(ValueError, match="no"):
        found.extend(at_once(work, range(50), 2))
    assert found == [(1, 1)]
    assert sorted(begun) == [0, 1]


def test_nothing_more_is_begun_when_nobody_wants_more(started: list[threading.Thread]) -> None:
    wanted, begun = threading.Semaphore(1), list[int]()

    def work(place: int) -> int:
        assert wanted.acquire(timeout=60)
        begun.append(place)
        return place

    results = at_once(work, range(50), 1)
    assert next(results) == (0, 0)
    results.close()  # type: ignore[attr-defined]
    wanted.release()
    started[0].join(60)
    assert len(begun) <= 2
