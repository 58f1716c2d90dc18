"""Answers on the disk as they come, so that an interrupted comparison asks only what is missing."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ..knowledge.durable import append_line
from .answerer import Conversation
from .constraint import Constraint
from .events import drop_torn_line


def any_answer(folder: Path) -> bool:
    """Tell whether answers are kept in a folder or those in it."""
    return any(path.read_bytes().count(b"\n") > 1 for path in folder.rglob("*.jsonl"))


class KeptAnswers:
    """Keep one model's answers to some conversations in a file, one line for all that came at once.

    A file with answers to other conversations, or under another constraint, is begun anew: the rows may have changed.

    Attributes:
        found: The answers so far, by place.
        cut: The places of those that the limit of their length cut off.
        seconds: How long they took together.
    """

    def __init__(self, path: Path, conversations: Sequence[Conversation], constraint: Constraint | None = None) -> None:
        asked = hashlib.sha256(json.dumps([conversations, repr(constraint)]).encode()).hexdigest()
        self._path, self._total = path, len(conversations)
        self.found: dict[int, str] = {}
        self.cut: set[int] = set()
        self.seconds = 0.0
        drop_torn_line(path)
        lines = path.read_bytes().splitlines() if path.exists() else []
        if not lines or json.loads(lines[0]) != {"asked": asked}:
            lines = []
            path.unlink(missing_ok=True)
            self._append({"asked": asked})
        for line in map(json.loads, lines[1:]):
            answers = {int(place): text for place, text in line["answers"].items()}
            self._take(answers, line["seconds"], line.get("cut", []))

    @property
    def missing(self) -> list[int]:
        """The places that have no answer yet."""
        return [place for place in range(self._total) if place not in self.found]

    @property
    def answers(self) -> list[str]:
        """All answers in their order; only there once none is missing."""
        return [self.found[place] for place in range(self._total)]

    def add(self, answers: Mapping[int, str], seconds: float, cut: Collection[int] = ()) -> None:
        """Keep more answers, flushed to the disk.

        Args:
            answers: By place.
            seconds: How long they took.
            cut: The places of those that were cut off.
        """
        self._append({"answers": answers, "seconds": seconds, "cut": sorted(cut)})
        self._take(answers, seconds, cut)

    def _take(self, answers: Mapping[int, str], seconds: float, cut: Collection[int]) -> None:
        self.found |= answers
        self.cut |= {*cut}
        self.seconds += seconds

    def _append(self, values: Mapping[str, object]) -> None:
        append_line(self._path, json.dumps(values, ensure_ascii=False))
