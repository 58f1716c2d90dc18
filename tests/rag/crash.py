"""Kill builds of an index at every change they make to the disk; run by ``test_crash.py`` in a small process.

Arguments: the first corpus or ``-``, the corpus whose build is killed, a folder to work in, a question.
Prints what the index answers after each kill, one line of JSON, and fails when a rebuild is not byte-identical.
"""

import json
import os
import sys
from pathlib import Path

from faults import DEAD, Faults
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions

OPTIONS = IndexOptions(retriever="hybrid")


def build(source: Path, index: Path) -> None:
    build_index([source], index, OPTIONS)


def state(index: Path) -> dict[str, bytes]:
    paths = [path for path in index.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(index).as_posix(): path.read_bytes() for path in paths}


def killed(source: Path, index: Path, change: int) -> bool:
    """Build in a process that dies at a change; say whether it came that far."""
    child = os.fork()
    if child == 0:
        with Faults(change, "die").active():
            build(source, index)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DEAD), code
    return code == DEAD


def answer(index: Path, question: str) -> str:
    try:
        hits = open_index(index).search(question, 1)
    except UserError as error:
        return f"error: {error.message}"
    return hits[0].document


def main(before: str, source: Path, folder: Path, question: str) -> None:
    build(source, folder / "undisturbed")
    wanted = state(folder / "undisturbed")
    answers: list[str] = []
    while True:
        index = folder / f"索引 {len(answers)}"
        if before != "-":
            build(Path(before), index)
        if not killed(source, index, len(answers) + 1):
            break
        answers.append(answer(index, question))
        build(source, index)
        assert state(index) == wanted, len(answers)
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
