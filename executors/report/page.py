"""The frame of every page, and the pieces that pages share; no page needs another file or runs a script."""

from collections.abc import Iterable, Sequence
from html import escape

from ...knowledge.messages import current_language
from .style import STYLE


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole page in the current language.

    Args:
        title: What the browser's tab says.
        body: Parts as HTML; empty ones are left out.
    """
    language = "zh-CN" if current_language() == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body>\n</html>\n"
    )


def section(title: str, *contents: str) -> str:
    """Return a part of a page with a heading, or nothing where it has no contents.

    Args:
        title: The heading, as text.
        contents: HTML; empty ones are left out.
    """
    inside = "\n".join(content for content in contents if content)
    return f"<section><h2>{escape(title)}</h2>\n{inside}</section>" if inside else ""


def bullets(items: Iterable[str], kind: str = "ul") -> str:
    """Return a list of texts on a card; ``kind`` is ``ul`` or ``ol``."""
    return cards(map(escape, items), kind)


def cards(items: Iterable[str], kind: str = "ul") -> str:
    """Return a list of pieces of HTML on a card, or nothing where there are none."""
    inside = "".join(f"<li>{item}</li>" for item in items)
    return f'<div class="card list"><{kind}>{inside}</{kind}></div>' if inside else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of texts on a card, or nothing where there are no rows."""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f'<div class="card wide"><table class="words"><tr>{names}</tr>{body}</table></div>' if body else ""
