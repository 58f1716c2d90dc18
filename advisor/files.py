"""The user's own files, as a plan names them."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ..knowledge.builtin import BUILTIN, builtin_path


class Files(BaseModel):
    """Name files relative to the plan's folder, absolute, or bundled ones as ``builtin:...``.

    Attributes:
        documents: Files or folders that answers rest on.
        train: Rows to learn from.
        validation: Rows to stop by.
        test: Rows to measure on.
        replay: Rows about anything else to practise along.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: tuple[str, ...] = ()
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    replay: str | None = None


def place_of(name: str, folder: Path) -> Path:
    """Return where a file of a plan in some folder lies."""
    return builtin_path(name) if name.startswith(BUILTIN) else folder / name
