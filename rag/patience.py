"""Ask an endpoint again that is busy, fails or breaks off: patiently where it only has too much to do."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ..knowledge.messages import say
from .endpoint import Endpoint, without_key
from .refused import BUSY, refused, unreachable

if TYPE_CHECKING:
    from urllib.error import HTTPError

Result = TypeVar("Result")

FAULT_WAITS_SECONDS = (1.0, 4.0)
"""Before the second and the third try where a server fails or breaks off: mostly it stays so."""
BUSY_WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0)
"""Before each further try where it has too much to do; it may ask for longer ones."""
MOST_WAITED_SECONDS = 300.0
"""For one request, in all; a server that asks to be left alone for longer is not waited for."""
_SERVER_FAULT = 500


def tried(endpoint: Endpoint, attempt: Callable[[], Result]) -> Result:
    """Return what an attempt gives; it is made again, and standard error says why and after how long.

    Raises:
        RefusedError: The server refuses, stays busy for minutes, or fails thrice.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError

    waited, faults, busy = 0.0, iter(FAULT_WAITS_SECONDS), iter(BUSY_WAITS_SECONDS)
    while True:
        try:
            return attempt()
        except HTTPError as error:
            seconds = _wait(error, faults, busy)
            if seconds is None or waited + seconds > MOST_WAITED_SECONDS:
                raise refused(endpoint, error, waited) from error
            reason = f"{error.code} {error.reason}"
            error.close()
        except (OSError, HTTPException) as error:
            seconds = next(faults, None)
            if seconds is None:
                raise unreachable(endpoint, error) from error
            reason = str(getattr(error, "reason", error))
        waited += seconds
        _tell(endpoint, reason, seconds, waited)
        time.sleep(seconds)


def _wait(error: "HTTPError", faults: Iterator[float], busy: Iterator[float]) -> float | None:
    """Return the seconds to the next try, at least those that the server asks for; None where there is none."""
    waits = busy if error.code in BUSY else faults if error.code >= _SERVER_FAULT else iter(())
    seconds = next(waits, None)
    return None if seconds is None else max(seconds, asked_wait(error.headers.get("Retry-After")))


def _tell(endpoint: Endpoint, reason: str, seconds: float, waited: float) -> None:
    figures = {"seconds": f"{seconds:.3g}", "waited": f"{waited:.0f}", "most": f"{MOST_WAITED_SECONDS:.0f}"}
    note = say("answers.again", url=endpoint.url, reason=without_key(reason, endpoint.key), **figures)
    print(note, file=sys.stderr, flush=True)


def asked_wait(header: str | None) -> float:
    """Return the seconds that a ``Retry-After`` asks for, as a number or as a date; 0 where it asks for none."""
    from email.utils import parsedate_to_datetime

    if header is None or header.strip().isdecimal():
        return float(header or 0)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
