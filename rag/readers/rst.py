"""reStructuredText: headings become Markdown's, whose levels follow the order in which their underlines appear."""

import re
from collections.abc import Iterator
from pathlib import Path

from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread

EXTENSIONS = (".rst", ".rest")

_MARK = r"([=\-`:'\"~^_*+#<>.])"
_UNDERLINED = re.compile(
    rf"^(?:(?P<over>{_MARK}\2{{2,}})[ \t]*\n)?(?P<title>[^\S\n]*+\S[^\n]*+)\n(?P<under>{_MARK}\5{{2,}})[ \t]*$",
    re.MULTILINE,
)
_DEEPEST = 6


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document; all but the headings stays as it is written."""
    levels: dict[tuple[bool, str], int] = {}
    titles: list[str] = []

    def heading(match: re.Match[str]) -> str:
        title, under = match["title"].strip(), match["under"]
        if len(under) < len(title) or (match["over"] or under)[0] != under[0]:
            return match[0]
        level = levels.setdefault((bool(match["over"]), under[0]), len(levels) + 1)
        titles.append(title)
        return f"{'#' * min(level, _DEEPEST)} {title}"

    text = _UNDERLINED.sub(heading, decode(path.read_bytes()).replace("\r\n", "\n"))
    yield Document(name, text, titles[0] if titles else "", markup="markdown")
