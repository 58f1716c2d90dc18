"""EPUB: a book is one document of Markdown, its chapters in the order of reading."""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree
from zipfile import ZipFile

from ...knowledge.messages import say
from ..limits import DAMAGED, Limits, open_archive
from ..records import Document, Unread
from . import UnreadableError
from .html import html_text

EXTENSIONS = (".epub",)

_CONTAINER = "META-INF/container.xml"


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the book; a chapter that is missing in the archive is named."""
    with open_archive(path, limits) as archive:
        try:
            place = _package(archive)
            package = ElementTree.fromstring(archive.read(place))
            chapters = [(chapter, _chapter(archive, chapter)) for chapter in dict.fromkeys(_spine(package, place))]
        except (*DAMAGED, ElementTree.ParseError) as error:
            raise UnreadableError(say("rag.broken_file", reason=error)) from error
    title = package.findtext(".//{*}metadata/{http://purl.org/dc/elements/1.1/}title") or ""
    yield Document(name, "\n\n".join(text for _, text in chapters if text), title.strip(), markup="markdown")
    yield from (Unread(f"{name}/{chapter}", say("rag.missing_part")) for chapter, text in chapters if text is None)


def _package(archive: ZipFile) -> str:
    root = ElementTree.fromstring(archive.read(_CONTAINER)).find(".//{*}rootfile")
    if root is None:
        raise KeyError(_CONTAINER)
    return root.attrib["full-path"]


def _spine(package: ElementTree.Element, place: str) -> Iterator[str]:
    """Yield the chapters' names in the archive; one that the manifest lacks goes by its id."""
    items = package.iterfind(".//{*}manifest/{*}item")
    names = {item.get("id", ""): item.get("href", "") for item in items if item.get("id")}
    for item in package.iterfind(".//{*}spine/{*}itemref"):
        name = item.get("idref", "")
        chapter = names.get(name) or name
        yield posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(chapter)))


def _chapter(archive: ZipFile, name: str) -> str | None:
    try:
        return html_text(archive.read(name))[0]
    except KeyError:
        return None
