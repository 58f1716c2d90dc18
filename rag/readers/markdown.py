"""Markdown: a file is one document; its first heading is the title."""

import re
from collections.abc import Iterator
from pathlib import Path

from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread

EXTENSIONS = (".md", ".markdown")

_FIRST_HEADING = re.compile(r"^#[ \t]++(\S[^\n]*)", re.MULTILINE)


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document with its markup in place."""
    text = decode(path.read_bytes())
    heading = _FIRST_HEADING.search(text)
    yield Document(name, text, title=heading[1].rstrip("# \t\r") if heading else "", markup="markdown")
