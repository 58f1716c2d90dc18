"""PDF: the text layer in its own order; pages that are pictures are read by tesseract where it is installed."""

import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...knowledge.json_value import JsonValue
from ...knowledge.messages import say
from ..limits import Limits
from ..records import Document, Unread
from . import UnreadableError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

EXTENSIONS = (".pdf",)

_BROKEN = re.compile("[\ufffe\x02](\r\n)?")  # how the library marks a word that is broken, by its version

DOTS_PER_INCH = 300
POINTS_PER_INCH = 72
SECONDS_PER_PAGE = 120
MOST_PIXELS = 40_000_000
"""Most pixels of a page's picture: A2 at 300 dots per inch has 35 million; larger pages are drawn coarser."""


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document; ``pages`` in its metadata holds the offset at which each page begins."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        file = PdfDocument(path)
    except PdfiumError as error:
        reason = say("rag.asks_password") if "password" in str(error).lower() else say("rag.broken_file", reason=error)
        raise UnreadableError(reason) from error
    try:
        yield from _read(file, name, limits)
    except PdfiumError as error:
        raise UnreadableError(say("rag.broken_file", reason=error)) from error
    finally:
        file.close()


def _read(file: "PdfDocument", name: str, limits: Limits) -> Iterator[Document | Unread]:
    text = ""
    starts: list[JsonValue] = []
    pictures: list[int] = []
    late: list[int] = []
    seconds = float(limits.recognition_seconds)
    for number in range(min(len(file), limits.pages)):
        page = file[number]
        words = _words(page)
        if not words and seconds <= 0:
            late.append(number + 1)
        elif not words:
            started = time.monotonic()
            words = _recognised(page, min(seconds, SECONDS_PER_PAGE))
            seconds -= time.monotonic() - started
            if not words:
                pictures.append(number + 1)
        starts.append(len(text))
        text += words + "\n\n" if words else ""
        page.close()
    title = file.get_metadata_value("Title").strip()
    if text:
        yield Document(name, text.rstrip(), title, {"pages": starts})
    if pictures:
        yield Unread(name, say("rag.pictures", pages=_listed(pictures)))
    if late:
        yield Unread(name, say("rag.recognition_ended", pages=_listed(late), seconds=limits.recognition_seconds))
    if len(file) > limits.pages:
        yield Unread(name, say("rag.too_many_pages", count=len(file), most=limits.pages))


def _listed(pages: list[int]) -> str:
    return ", ".join(map(str, pages[:20])) + (" ..." if len(pages) > 20 else "")


def _words(page: "PdfPage") -> str:
    """Return the text layer; the mark for a word broken at a line's end is taken out, and the word put together."""
    layer = page.get_textpage()
    text: str = layer.get_text_bounded()
    layer.close()
    return _BROKEN.sub("", text).replace("\r\n", "\n").replace("\0", "").strip()


def _recognised(page: "PdfPage", seconds: float) -> str:
    """Return what tesseract reads on the page's picture; nothing where it is not installed, or fails."""
    program = shutil.which("tesseract")
    if program is None or not any(True for _ in page.get_objects()):
        return ""
    picture = page.render(scale=_scale(*page.get_size()), grayscale=True)
    rows = memoryview(picture.buffer).cast("B")
    lines = (rows[start : start + picture.width] for start in range(0, len(rows), picture.stride))
    image = b"P5 %d %d 255\n" % (picture.width, picture.height) + b"".join(lines)
    languages = _languages(program)
    command = [program, "stdin", "stdout", *(["-l", languages] if languages else [])]
    try:
        found = subprocess.run(command, input=image, capture_output=True, check=True, timeout=seconds)
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.decode("utf-8", "replace").replace("\f", "").strip()


def _scale(width: float, height: float) -> float:
    """Return pixels per point of a page whose sides are in points."""
    return min(DOTS_PER_INCH / POINTS_PER_INCH, math.sqrt(MOST_PIXELS / max(width * height, 1)))


@cache
def _languages(program: str) -> str:
    """Return those of the languages that we are for which tesseract has, as it wants them named."""
    try:
        listed = subprocess.run([program, "--list-langs"], capture_output=True, check=True, timeout=SECONDS_PER_PAGE)
    except (OSError, subprocess.SubprocessError):
        return ""
    installed = set(listed.stdout.decode("utf-8", "replace").split())
    return "+".join(name for name in ("eng", "chi_sim", "chi_tra") if name in installed)
