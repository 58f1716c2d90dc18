"""Where this user's own measurements are kept between runs."""

import os
from pathlib import Path


def data_folder() -> Path:
    """Return the folder, which need not exist yet.

    Source: XDG Base Directory Specification; on Windows ``LOCALAPPDATA``.
    """
    name = "LOCALAPPDATA" if os.name == "nt" else "XDG_DATA_HOME"
    place = os.environ.get(name)
    return (Path(place) if place else Path.home() / ".local" / "share") / "ftadvisor"
