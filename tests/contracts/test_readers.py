"""What every reader promises: its format is read, any bytes are read or refused, and no file stops the others."""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from ftadvisor.rag.limits import Limits
from ftadvisor.rag.readers import UnreadableError, readers
from ftadvisor.rag.records import Document, Unread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SENTENCE = "Refunds take a week."


def saved(write: Callable[[BytesIO], object]) -> bytes:
    """Return what a library writes into a file."""
    file = BytesIO()
    write(file)
    return file.getvalue()


def zipped(**parts: str) -> bytes:
    """Return an archive of some texts."""

    def write(file: BytesIO) -> None:
        with ZipFile(file, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name.replace("__", "/").replace("_", "."), text)

    return saved(write)


def docx() -> bytes:
    from docx import Document as new_document

    file = new_document()
    file.add_heading("Refunds")
    file.add_paragraph(SENTENCE)
    return saved(file.save)


def pptx() -> bytes:
    from pptx import Presentation

    file = Presentation()
    slide = file.slides.add_slide(file.slide_layouts[1])
    slide.shapes.title.text = "Refunds"
    slide.placeholders[1].text = SENTENCE
    return saved(file.save)


def xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["question", "answer"])
    book.active.append(["How long?", SENTENCE])
    return saved(book.save)


def pdf() -> bytes:
    """Return a page with one line of text, written by hand: no library at hand writes text into a PDF."""
    stream = f"BT /F1 12 Tf 72 720 Td ({SENTENCE}) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body = "".join(f"{number} 0 obj{text}endobj\n" for number, text in enumerate(objects, start=1))
    return f"%PDF-1.4\n{body}trailer<</Root 1 0 R/Size 6>>".encode()


SAMPLES = {
    "text": SENTENCE.encode(),
    "markdown": b"# Refunds\n\nRefunds take a week.",
    "jsonl": b'{"id": "7", "text": "Refunds take a week."}\n',
    "csv": b"question,answer\nHow long?,Refunds take a week.\n",
    "html": b"<html><title>Refunds</title><body><h1>R</h1><p>Refunds take a <b>week</b>.</p></body></html>",
    "rst": b"Refunds\n=======\n\nRefunds take a week.\n",
    "code": b"# Refunds take a week.\n",
    "docx": docx(),
    "pptx": pptx(),
    "xlsx": xlsx(),
    "pdf": pdf(),
    "zip": zipped(a_txt=SENTENCE),
    "epub": zipped(
        **{
            "META-INF__container_xml": '<container><rootfile full-path="in/book.opf"/></container>',
            "in__book_opf": '<package><manifest><item id="a" href="a.xhtml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
            "in__a_xhtml": f"<html><body><h1>Refunds</h1><p>{SENTENCE}</p></body></html>",
        }
    ),
}


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(readers())


def test_no_extension_has_two_readers() -> None:
    extensions = [extension for reader in readers().values() for extension in reader.EXTENSIONS]
    assert sorted(extensions) == sorted(set(extensions))
    assert all(extension == extension.lower() and extension.startswith(".") for extension in extensions)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_format_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"文件{readers()[name].EXTENSIONS[0]}"
    path.write_bytes(SAMPLES[name])
    (document,) = readers()[name].read(path, "名", Limits())
    assert isinstance(document, Document)
    assert SENTENCE in document.text


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(content=st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(SAMPLES[name][:20] + content)
    with suppress(UnreadableError):
        for item in readers()[name].read(path, "any", Limits()):
            assert isinstance(item, Document) or (isinstance(item, Unread) and item.reason)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(where=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), length=st.integers(0, 12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused(name: str, where: float, byte: int, length: int, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    place = int(where * len(sample))
    path = tmp_path / "damaged"
    path.write_bytes(sample[:place] + bytes([byte]) * length + sample[place + 1 :])
    with suppress(UnreadableError):
        for item in readers()[name].read(path, "damaged", Limits()):
            assert isinstance(item, Document) or (isinstance(item, Unread) and item.reason)
