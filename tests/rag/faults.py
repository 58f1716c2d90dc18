"""Strike at the n-th change that a piece of work makes to the disk: die there, or report a full disk."""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch

DEAD = 9

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}


class Faults:
    """Count changes, and strike at one of them.

    A write that is struck writes half of its bytes first; everything else is struck before it happens.

    Args:
        strike_at: The change to strike at, from 1; 0 strikes at none.
        action: ``die`` as a killed process does, or raise the ``full`` disk's error.
    """

    def __init__(self, strike_at: int, action: Literal["die", "full"]) -> None:
        self.count = 0
        self._strike_at = strike_at
        self._action = action
        self._active = False

    @contextmanager
    def active(self) -> Iterator[None]:
        """Watch every change that is made in the block."""
        sys.addaudithook(self._hook)  # cannot be taken back, hence the flag
        real_open, real_sync = io.open, os.fsync

        def opening(*arguments: Any, **options: Any) -> Any:
            return _Watched(real_open(*arguments, **options), self.reach)

        def syncing(handle: int) -> None:
            self.reach()
            real_sync(handle)

        self._active = True
        try:
            with patch.object(io, "open", opening), patch.object(os, "fsync", syncing):
                yield
        finally:
            self._active = False

    def reach(self, before: Callable[[], object] = lambda: None) -> None:
        """Count a change, and strike if it is the one."""
        self.count += 1
        if self.count != self._strike_at:
            return
        before()
        if self._action == "die":
            os._exit(DEAD)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._active and event in _CHANGES:
            self.reach()


class _Watched:
    """Stand for an open file."""

    def __init__(self, file: Any, reach: Callable[..., None]) -> None:
        self._file = file
        self._reach = reach

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Watched":
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)

    def write(self, content: Any) -> int:
        def half() -> None:
            self._file.write(content[: len(content) // 2])
            self._file.flush()

        self._reach(half)
        return int(self._file.write(content))
