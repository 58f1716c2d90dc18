"""Talk to a PostgreSQL server, one statement after the other, and tell people what goes wrong.

The client is asyncpg: it speaks the binary protocol, and knows ``PGPASSWORD``, password files, services and TLS. Its
loop runs in a thread of its own, so that a caller that has a loop running, as notebooks do, can use it as well.
"""

import asyncio
import io
import os
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from ...knowledge.errors import RefusedError, UserError
from ...knowledge.messages import say
from ..address import Address

if TYPE_CHECKING:
    from types import TracebackType

    import asyncpg

Row = Sequence[Any]
T = TypeVar("T")
_CONNECTING_SECONDS = 10.0


class Session:
    """Hold one connection, whose transaction the caller begins and ends.

    Attributes:
        address: The index that it was opened for.

    Raises:
        UserError: The server cannot be reached, or lets nobody in with this address.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        client = _client(address)
        password = None if address.password is None else address.password.value
        settings = {"application_name": "ftadvisor"}
        try:
            with told(address):
                self._connection: asyncpg.Connection = _wait(
                    client.connect(
                        _server(address), password=password, timeout=_CONNECTING_SECONDS, server_settings=settings
                    )
                )
        except (ValueError, OverflowError):  # a port or a host that cannot be one; the client lets these through
            raise UserError(say("postgres.wrong_address"), say("postgres.address_hint")) from None

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Return what a statement gives."""
        with told(self.address):
            return list(_wait(self._connection.fetch(statement, *values)))

    def row(self, statement: str, *values: object) -> Row | None:
        """Return the first row that a statement gives, if any."""
        rows = self.rows(statement, *values)
        return rows[0] if rows else None

    def one(self, statement: str, *values: object) -> Row:
        """Return the row that a statement always gives."""
        return self.rows(statement, *values)[0]

    def run(self, statement: str) -> None:
        """Run statements that give nothing."""
        with told(self.address):
            _wait(self._connection.execute(statement))

    def change(self, statement: str, *values: object) -> None:
        """Run one statement with values."""
        with told(self.address):
            _wait(self._connection.execute(statement, *values))

    def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]) -> None:
        """Append rows to a table of the current schema."""
        with told(self.address):
            _wait(self._connection.copy_records_to_table(table, records=records, columns=columns))

    def copy_bytes(self, table: str, columns: Sequence[str], content: bytes) -> None:
        """Append rows in the binary format of ``COPY``."""
        with told(self.address):
            _wait(self._connection.copy_to_table(table, source=io.BytesIO(content), columns=columns, format="binary"))

    def close(self) -> None:
        """Give the connection up; what is not committed is undone."""
        self._connection.terminate()


@cache
def _loop(process: int) -> asyncio.AbstractEventLoop:
    """Return this process' loop; that of a forked process' parent runs in the parent only."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="ftadvisor-postgres", daemon=True).start()
    return loop


def _wait(work: "Coroutine[Any, Any, T]") -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop(os.getpid())).result()


def _server(address: Address) -> str:
    """Return what the client connects to; it takes the password of a TLS key from nowhere else."""
    if address.key_password is None:
        return address.server
    mark = "&" if "?" in address.server else "?"
    return f"{address.server}{mark}sslpassword={quote(address.key_password.value, safe='')}"


def _client(address: Address) -> Any:  # noqa: ANN401 - the package states no types
    try:
        import asyncpg
    except ModuleNotFoundError as error:
        problem = say("postgres.missing_package", address=address, package=error.name)
        raise UserError(problem, "pip install 'ftadvisor[postgres]'") from error
    return asyncpg


@contextmanager
def told(address: Address) -> Iterator[None]:
    """Turn what a server or the way to it refuses into a message for people.

    Raises:
        UserError: The address, the user, or the server's state is what is wrong.
        RefusedError: The server failed at right work, as with a full disk.
    """
    import asyncpg

    try:
        yield
    except asyncpg.ClientConfigurationError:
        raise UserError(say("postgres.wrong_address"), say("postgres.address_hint")) from None  # may tell the password
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise UserError(
            say("postgres.not_let_in", address=address, reason=error), say("postgres.password_hint")
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise UserError(say("postgres.no_database", address=address, reason=error), "createdb") from error
    except asyncpg.UndefinedTableError as error:
        raise UserError(say("rag.damaged", path=f"{address} ({error})"), say("rag.build_hint")) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise UserError(say("postgres.no_right", address=address, reason=error), say("postgres.right_hint")) from error
    except (TimeoutError, OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
        reason = str(error) or say("postgres.no_answer", seconds=int(_CONNECTING_SECONDS))
        raise UserError(
            say("postgres.unreachable", address=address, reason=reason), say("postgres.server_hint")
        ) from error
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        problem = say("postgres.lost", address=address, reason=error)
        raise RefusedError(problem, say("postgres.server_hint")) from error
    except asyncpg.PostgresError as error:
        raise RefusedError(
            say("postgres.failed", address=address, reason=error), say("postgres.failed_hint")
        ) from error
