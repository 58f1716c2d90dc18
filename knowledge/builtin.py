"""Bundled data, which plans name as ``builtin:...``."""

from pathlib import Path

BUILTIN = "builtin:"


def builtin_path(name: str) -> Path:
    """Return the place of bundled data, such as ``builtin:returns/policies``, inside the installed package."""
    return Path(__file__).parent / "examples" / name.removeprefix(BUILTIN)
