"""Keep what a build embeds while its transaction is open, so that a killed one need not embed it again."""

from collections.abc import Iterator

from .connection import Session

_TABLE = """
CREATE TABLE IF NOT EXISTS "{index}".ftadvisor_embedded (name text PRIMARY KEY, content bytea NOT NULL)
"""


class DatabaseParts:
    """Keep parts in a table beside the index, over a connection of its own.

    Args:
        session: Outside any transaction, so that every statement lasts.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._table = f'"{session.address.index}".ftadvisor_embedded'
        session.run(_TABLE.format(index=session.address.index))

    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the rows whose names begin so."""
        names = self._session.rows(f"SELECT name FROM {self._table} WHERE starts_with(name, $1) ORDER BY name", prefix)
        for (name,) in names:
            yield name, self._session.one(f"SELECT content FROM {self._table} WHERE name = $1", name)[0]

    def write(self, name: str, content: bytes) -> None:
        """Write a row."""
        statement = f"INSERT INTO {self._table} VALUES ($1, $2) ON CONFLICT DO NOTHING"
        self._session.change(statement, name, content)

    def file(self, name: str) -> None:
        """Return None: a row is in no file that could be read here."""


def remove_parts(session: Session) -> None:
    """Remove all parts at the transaction's end; the index has the vectors then."""
    (there,) = session.one("SELECT to_regclass($1) IS NOT NULL", f'"{session.address.index}".ftadvisor_embedded')
    if there:
        session.run(f'DELETE FROM "{session.address.index}".ftadvisor_embedded')
