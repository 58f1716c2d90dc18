"""Arrays and rows of bytes that stay in their file until they are asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .files import BLOCK, CheckedFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    AnyArray = NDArray[Any]


class Column:
    """Read rows of numbers from a file.

    Args:
        file: The numbers of the first row, of the second, and so on.
        dtype: Their type, with its byte order.
        width: Numbers per row; 1 gives plain numbers.
    """

    def __init__(self, file: CheckedFile, dtype: str, width: int = 1) -> None:
        import numpy as np

        self._file = file
        self._array: AnyArray = np.frombuffer(file.unchecked, dtype)
        self._row = width * self._array.itemsize
        if width > 1:
            self._array = self._array.reshape(-1, width)

    def __len__(self) -> int:
        return len(self._array)

    def rows(self, start: int, end: int) -> "AnyArray":
        """Return rows in place."""
        if start < end:
            self._file.check(range(start * self._row // BLOCK, -(-end * self._row // BLOCK)))
        return self._array[start:end]

    def all(self) -> "AnyArray":
        """Return all rows in place."""
        return self.rows(0, len(self))

    def take(self, places: "NDArray[np.int64]") -> "AnyArray":
        """Return a copy of the rows of some places."""
        first, last = places * self._row // BLOCK, ((places + 1) * self._row - 1) // BLOCK
        self._file.check({*first.tolist(), *last.tolist()})  # no row is longer than a block
        return self._array[places]


class Rows:
    """Read byte strings of any length.

    Args:
        content: The strings, one after the other.
        borders: Where each begins, and where the last one ends.
    """

    def __init__(self, content: CheckedFile, borders: Column) -> None:
        self._content, self._borders = content, borders

    def __len__(self) -> int:
        return len(self._borders) - 1

    def __getitem__(self, row: int) -> bytes:
        start, end = self._borders.rows(row, row + 2).tolist()
        return bytes(self._content.read(start, end))


def borders(lengths: Iterable[int]) -> "AnyArray":
    """Return where strings of these lengths begin, and where the last one ends."""
    import numpy as np

    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))]).astype("<i8")
