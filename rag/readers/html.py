"""HTML: a file is one document; menus, scripts and the like are left out, headings and tables become Markdown."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread

EXTENSIONS = (".html", ".htm", ".xhtml")

_NEVER_TEXT = {"script", "style", "noscript", "template", "svg", "iframe", "select", "button"}
_LEFT_OUT = _NEVER_TEXT | {"nav", "footer", "aside"}
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_PARAGRAPHS = {"p", "div", "section", "article", "main", "ul", "ol", "table", "blockquote", "pre", "dl", *_HEADINGS}
_LINES = {"li": "- ", "tr": "| ", "dt": "", "dd": "", "br": ""}
_CELLS = {"td", "th"}
_CHARSET = re.compile(rb"""<meta[^>]+charset=["']?\s*([\w-]+)""", re.IGNORECASE)


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document of Markdown."""
    text, title = html_text(path.read_bytes())
    yield Document(name, text, title=title, markup="markdown")


def html_text(content: bytes) -> tuple[str, str]:
    """Return a page's text as Markdown, and its title."""
    parser = _Text()
    parser.feed(_closed(_declared(content) or decode(content)))
    parser.close()
    return parser.text(), parser.title()


def _closed(text: str) -> str:
    """Return the page with markup that never ends as text: for each piece of it the parser would search to the end."""
    for start, end in (("<!--", "-->"), ("<![", "]>"), ("<", ">")):
        whole, close, rest = text.rpartition(end)
        text = whole + close + rest.replace(start, f"&lt;{start[1:]}")
    return text


def _declared(content: bytes) -> str | None:
    """Return the text in the encoding that the file declares, if that fits."""
    declared = _CHARSET.search(content[:4096])
    try:
        return content.decode(declared[1].decode()) if declared else None
    except (LookupError, UnicodeDecodeError):
        return None


class _Text(HTMLParser):
    """Collect the text; a page that puts everything into parts to be left out is not left empty."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._kept: list[str] = []
        self._all: list[str] = []
        self._title: list[str] = []
        self._skipping: list[str] = []
        self._open: Counter[str] = Counter()  # the same, counted, for pages that nest a hundred thousand of them
        self._in_title = False
        self._in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LEFT_OUT:
            self._skipping.append(tag)
            self._open[tag] += 1
        self._in_title = tag == "title"
        self._in_pre = self._in_pre or tag == "pre"
        if tag in _PARAGRAPHS:
            self._add("\n\n" + _HEADINGS.get(tag, ""))
        elif tag in _LINES:
            self._add("\n" + _LINES[tag])

    def handle_endtag(self, tag: str) -> None:
        closed = "" if self._open[tag] else tag
        while closed != tag:
            closed = self._skipping.pop()
            self._open[closed] -= 1
        self._in_title = self._in_title and tag != "title"
        self._in_pre = self._in_pre and tag != "pre"
        if tag in _PARAGRAPHS:
            self._add("\n\n")
        elif tag in _CELLS:
            self._add(" | ")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._title.append(data)
        elif data.strip() or self._in_pre:
            self._add(data if self._in_pre else re.sub(r"\s+", " ", data))
        elif data:
            self._add(" ")

    def _add(self, text: str) -> None:
        if not (self._skipping and any(self._open[tag] for tag in _NEVER_TEXT)):
            self._all.append(text)
        if not self._skipping:
            self._kept.append(text)

    def text(self) -> str:
        kept = _tidy("".join(self._kept))
        return kept if kept.strip("#|- \n") else _tidy("".join(self._all))

    def title(self) -> str:
        return " ".join("".join(self._title).split())


def _tidy(text: str) -> str:
    text = "\n".join(line.strip(" \t\xa0") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
