"""What every store gives of an index: its documents by their id, and its chunks by their position."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .records import Chunk, Document

if TYPE_CHECKING:
    from .filters import Where


class Library(Mapping[str, Document]):
    """Give the documents of an index by their id."""

    @abstractmethod
    def allowed(self, where: "Where") -> Any:  # noqa: ANN401 - every store's rankers understand their own store's
        """Return which chunks are of documents that satisfy the conditions.

        Raises:
            UserError: A key that no document has.
        """


class Passages(Sequence[Chunk]):
    """Give the chunks of an index by their position."""

    @abstractmethod
    def many(self, places: Sequence[int]) -> list[Chunk]:
        """Return the chunks of some positions, in their order."""
