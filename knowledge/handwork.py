"""What a recommended path still needs by hand, where ftadvisor cannot do it all."""

from typing import ClassVar, Literal

from .load import load
from .record import Record
from .text import Text


class Handwork(Record):
    """List the steps of one path that a person does.

    Attributes:
        label: The recommendation that it belongs to; it also covers every longer label.
        does: What ftadvisor does of this path: ``all`` (the steps come after its run), ``baseline`` (it measures what
            the path must beat, on the same rows).
        prepares: What the plan writes for these steps where the user's files are there: rows as a ``table`` of text and
            label or as ``messages``, or the answers' ``schema``.
        before: What to do first where it could not be written.
        steps: What to do, in order; may name ``{train}``, ``{test}``, ``{documents}``, ``{model}``, the ``{plan}``, and
            the vendor's model and address, ``{vendor}`` and ``{url}``.
        evidence: Ids of the sources of figures that the steps name.
    """

    folder: ClassVar[str] = "by_hand"

    label: str
    does: Literal["all", "baseline"]
    prepares: Literal["", "table", "messages", "schema"] = ""
    before: Text | None = None
    steps: tuple[Text, ...]
    evidence: tuple[str, ...] = ()


def find_handwork(label: str) -> Handwork | None:
    """Return the entry for a label: its own, or that of the longest label that covers it."""
    fitting = [entry for entry in load(Handwork).values() if covers(entry.label, label)]
    return max(fitting, key=lambda entry: len(entry.label), default=None)


def covers(general: str, label: str) -> bool:
    """Say whether a label is equal to a more general one or a refinement of it."""
    return label == general or label.startswith(f"{general}:")
