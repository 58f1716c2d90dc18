"""Kill builds or updates of an index in a database before or during every statement; run by ``test_crash_database.py``.

Arguments: ``build`` or ``update``, the first corpus or ``-``, the corpus to come, a folder to work in, the address of
a database, a question. Prints what the index answers after each kill, one line of JSON, and fails when finishing the
work afterwards does not give what undisturbed work gives.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from contents import contents_of
from crash import Work
from faults import DEAD
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.address import Address, parse_address
from ftadvisor.rag.index import open_index
from ftadvisor.rag.postgres import connection

Moment = Literal["before", "during"]


def killed(work: Work, index: Address, statement: int, moment: Moment) -> bool:
    """Work in a process that dies before a statement, or while it is carried out; say whether it came that far."""
    child = os.fork()
    if child == 0:
        strike(statement, moment)
        work.do(index)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DEAD), code
    return code == DEAD


def strike(statement: int, moment: Moment) -> None:
    real: Callable[..., Any] = connection._wait
    count = 0

    def counted(work: Any) -> Any:
        nonlocal count
        count += 1
        if count == statement:
            if moment == "during":
                import asyncio

                asyncio.run_coroutine_threadsafe(work, connection._loop(os.getpid()))
                time.sleep(0.002)
            os._exit(DEAD)
        return real(work)

    connection._wait = counted


def answer(index: Address, question: str) -> str:
    try:
        hits = open_index(index).search(question, 1)
    except UserError as error:
        return f"error: {error.message}"
    return hits[0].document


def finish(work: Work, index: Address) -> None:
    """Do the work as soon as the server has noticed that the killed process is gone."""
    for _ in range(100):
        try:
            work.do(index)
        except UserError as error:
            if "Another process" not in error.message:
                raise
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the lock of a dead process stays")


def main(kind: str, before: str, after: Path, folder: Path, database: str, question: str) -> None:
    server = parse_address(database).server
    work = Work(kind == "update", before, after, folder)
    undisturbed = Address(server, f"{kind}_undisturbed")
    work.prepare(undisturbed)
    work.do(undisturbed)
    wanted = contents_of(undisturbed)
    answers: list[str] = []
    alive = True
    while alive:
        statement = len(answers) + 1
        moment: Moment = "before" if statement % 2 else "during"
        index = Address(server, f"{kind}_{statement}")
        work.prepare(index)
        alive = killed(work, index, statement, moment)
        if alive:
            answers.append(answer(index, question))
            finish(work, index)
        assert contents_of(index) == wanted, (statement, moment)
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5], sys.argv[6])
