"""Kill builds or updates of an index at every change they make to the disk; run by ``test_crash.py``.

Arguments: ``build`` or ``update``, the first corpus or ``-``, the corpus to come, a folder to work in, a question.
Prints what the index answers after each kill, one line of JSON, and fails when finishing the work afterwards does not
give the very bytes of undisturbed work.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from faults import DEAD, Faults
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions

OPTIONS = IndexOptions(retriever="hybrid")


class Work:
    """Build the index of a folder, or update it after the folder changed."""

    def __init__(self, update: bool, before: str, after: Path, folder: Path) -> None:
        self._update, self._before, self._after = update, before, after
        self._source = folder / "source"

    def prepare(self, index: Path) -> None:
        """Build the index as it is before the work."""
        if self._before != "-":
            self._fill(Path(self._before))
            build_index([self._source], index, OPTIONS)
        self._fill(self._after)

    def do(self, index: Path) -> None:
        if self._update:
            update_index([], index)
        else:
            build_index([self._source], index, OPTIONS)

    def _fill(self, content: Path) -> None:
        shutil.rmtree(self._source, ignore_errors=True)
        shutil.copytree(content, self._source)


def state(index: Path) -> dict[str, bytes]:
    paths = [path for path in index.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(index).as_posix(): path.read_bytes() for path in paths}


def killed(work: Work, index: Path, change: int) -> bool:
    """Work in a process that dies at a change; say whether it came that far."""
    child = os.fork()
    if child == 0:
        with Faults(change, "die").active():
            work.do(index)
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


def main(kind: str, before: str, after: Path, folder: Path, question: str) -> None:
    work = Work(kind == "update", before, after, folder)
    work.prepare(folder / "undisturbed")
    work.do(folder / "undisturbed")
    wanted = state(folder / "undisturbed")
    answers: list[str] = []
    while True:
        index = folder / f"索引 {len(answers)}"
        work.prepare(index)
        if not killed(work, index, len(answers) + 1):
            break
        answers.append(answer(index, question))
        work.do(index)
        assert state(index) == wanted, len(answers)
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
