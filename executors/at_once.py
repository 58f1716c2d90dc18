"""Do several pieces of work at a time that mostly wait, and take each result as it comes."""

from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

Place = TypeVar("Place")
Result = TypeVar("Result")


def at_once(work: Callable[[Place], Result], places: Iterable[Place], most: int) -> Iterator[tuple[Place, Result]]:
    """Yield the results of some work as they come, each with what it was done for.

    Where a piece fails, no other is begun; those under way are waited for and yielded, then the error is raised. Where
    nobody takes the results any more, no other is begun either, and nobody waits.

    Args:
        work: Done in threads of its own.
        places: What it is done for, in the order in which it is begun.
        most: How many pieces are under way at a time, at least 1.
    """
    waiting, done, stopped = SimpleQueue[Place](), SimpleQueue[tuple[Place, Result] | Exception | None](), Event()
    for place in places:
        waiting.put(place)

    def labour() -> None:
        while not stopped.is_set():
            try:
                place = waiting.get_nowait()
            except Empty:
                break
            try:
                done.put((place, work(place)))
            except Exception as error:  # noqa: BLE001 - raised again below
                stopped.set()
                done.put(error)
        done.put(None)

    labourers = min(most, waiting.qsize())
    for _ in range(labourers):
        Thread(target=labour, daemon=True).start()  # Ctrl-C waits for none
    failed: Exception | None = None
    try:
        while labourers:
            found = done.get()
            if found is None:
                labourers -= 1
            elif isinstance(found, Exception):
                failed = failed or found
            else:
                yield found
    finally:
        stopped.set()
    if failed is not None:
        raise failed
