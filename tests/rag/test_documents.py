"""Office documents, books and archives: what is kept of them, and what hostile ones cannot do."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from ftadvisor.knowledge.messages import use_language
from ftadvisor.rag.chunkers import Size, chunk_document, find_chunker
from ftadvisor.rag.embedders import open_embedder
from ftadvisor.rag.limits import Limits
from ftadvisor.rag.records import Document, Unread
from ftadvisor.rag.ruler import Ruler
from ftadvisor.rag.sources import read_sources

SHARED = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared"))
PARSE_DOCS = SHARED / "data" / "parse_docs"


@pytest.fixture(autouse=True)
def english() -> None:
    use_language("en")


def word(path: Path, fill: Callable[[Any], object]) -> Document:
    from docx import Document as new_document

    file = new_document()
    fill(file)
    file.save(str(path))
    (document,) = read_sources([path]).documents
    return document


def test_word_keeps_headings_lists_and_tables_in_their_order(tmp_path: Path) -> None:
    def fill(file: Any) -> None:
        file.core_properties.title = "退货政策"
        file.add_heading("退货", 2)
        file.add_paragraph("七天内可退。", style="List Bullet")
        table = file.add_table(rows=2, cols=2)
        for cell, text in zip(
            [cell for row in table.rows for cell in row.cells], ["商品", "期限", "鞋", "30\n天"], strict=True
        ):
            cell.text = text
        file.add_paragraph("以上。")

    document = word(tmp_path / "政策.docx", fill)
    assert document.title == "退货政策"
    assert document.text == "## 退货\n\n- 七天内可退。\n\n| 商品 | 期限 |\n| 鞋 | 30 天 |\n\n以上。"


def test_a_merged_cell_is_shown_once(tmp_path: Path) -> None:
    def fill(file: Any) -> None:
        table = file.add_table(rows=1, cols=3)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
        table.cell(0, 2).text = "narrow"

    assert word(tmp_path / "a.docx", fill).text == "| wide | narrow |"


def test_slides_give_titles_tables_and_notes(tmp_path: Path) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    file = Presentation()
    slide = file.slides.add_slide(file.slide_layouts[5])
    slide.shapes.title.text = "Prices"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "shoe", "40"
    slide.notes_slide.notes_text_frame.text = "Say that tax is included."
    file.save(str(tmp_path / "a.pptx"))
    (document,) = read_sources([tmp_path]).documents
    assert document.text == "# Prices\n\n| shoe | 40 |\n\nSay that tax is included."


def test_each_sheet_s_rows_carry_the_names_of_their_columns(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "价格"
    for row in (["item", "price", None], [None, None, None], ["shoe", 40, None]):
        book.active.append(row)
    book.create_sheet("empty")
    book.save(tmp_path / "a.xlsx")
    (document,) = read_sources([tmp_path]).documents
    assert (document.id, document.title, document.text) == ("a.xlsx#价格!3", "价格", "item: shoe\nprice: 40")


def test_headings_of_restructured_text_get_levels_by_first_appearance(tmp_path: Path) -> None:
    (tmp_path / "a.rst").write_text(
        "===\nTop\n===\n\nOne\n---\n\ntext\n\nTwo\n---\n\nDeep\n~~~~\n\n====  ====\na     b\n====  ====\n"
    )
    (document,) = read_sources([tmp_path]).documents
    assert [line for line in document.text.splitlines() if line.startswith("#")] == [
        "# Top",
        "## One",
        "## Two",
        "### Deep",
    ]
    assert document.title == "Top"
    assert "====  ====\na     b" in document.text


def test_a_pdf_says_where_its_pages_begin() -> None:
    document = published("pdf_multi-column-2p.pdf")
    pages = document.metadata["pages"]
    assert isinstance(pages, list)
    assert len(pages) == 2
    assert pages[0] == 0


def test_two_columns_are_read_one_after_the_other() -> None:
    text = published("pdf_layout-parser-paper-fast.pdf").text
    assert "LayoutParser" in text
    assert "�" not in text


def published(name: str) -> Document:
    if not PARSE_DOCS.is_dir():
        pytest.skip(f"the example documents are not at {PARSE_DOCS}; set FTADVISOR_DATA to their folder")
    (document,) = read_sources([PARSE_DOCS / name]).documents
    return document


def test_every_published_document_is_read_or_refused_and_every_chunk_is_where_it_says() -> None:
    if not PARSE_DOCS.is_dir():
        pytest.skip(f"the example documents are not at {PARSE_DOCS}; set FTADVISOR_DATA to their folder")
    reading = read_sources([PARSE_DOCS])
    files = {path.name for path in PARSE_DOCS.iterdir()}
    told = {item.id.split("#")[0] for item in reading.documents} | {
        item.source.split("#")[0] for item in reading.unread
    }
    assert files <= told
    assert all(item.reason for item in reading.unread)
    embedder = open_embedder("builtin")
    for document in reading.documents:
        ruler = Ruler(embedder.token_starts(document.text))
        for chunk in chunk_document(document, find_chunker("structure"), ruler, Size(64, 8)):
            assert document.text[chunk.start : chunk.end] == chunk.text


def archive(path: Path, parts: dict[str, bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def read_with(limits: Limits, *paths: Path) -> tuple[list[str], list[Unread]]:
    good = paths[0].parent / "good.txt"
    good.write_text("good")
    reading = read_sources([good, *paths], limits)
    return [document.id for document in reading.documents if document.text != "good"], reading.unread


@pytest.mark.parametrize("extension", [".zip", ".docx", ".xlsx", ".pptx", ".epub"])
def test_a_bomb_is_refused_before_it_is_unpacked(extension: str, tmp_path: Path) -> None:
    bomb = archive(tmp_path / f"bomb{extension}", {"a.txt": b"0" * 3_000_000})
    found, unread = read_with(Limits(unpacked_megabytes=2), bomb)
    assert found == []
    assert "unpacks to 3 MB; the limit is 2 MB" in unread[0].reason


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    found, unread = read_with(Limits(files=3), archive(tmp_path / "a.zip", {f"{n}.txt": b"x" for n in range(4)}))
    assert found == []
    assert "holds 4 files; the limit is 3" in unread[0].reason


def test_archives_in_archives_are_read_to_a_depth(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {"deep.txt": b"deep"}).read_bytes()
    outer = archive(tmp_path / "outer.zip", {"inner.zip": inner, "b.txt": b"b"})
    assert read_with(Limits(), outer)[0] == ["outer.zip/b.txt", "outer.zip/inner.zip/deep.txt"]
    found, unread = read_with(Limits(depth=1), outer)
    assert found == ["outer.zip/b.txt"]
    assert unread[0].source == "outer.zip/inner.zip"


def test_names_that_point_elsewhere_write_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = ["../escaped.txt", "/escaped.txt", "..\\escaped.txt", "C:\\escaped.txt", "a/../../escaped.txt"]
    found, _ = read_with(Limits(), archive(tmp_path / "in" / "a.zip", dict.fromkeys(names, b"x")))
    assert len(found) == len(names)
    assert not list(tmp_path.glob("**/escaped.txt"))
    assert not Path("/escaped.txt").exists()


@pytest.mark.parametrize("place", ["title", "chapter"])
def test_xml_entities_are_not_followed(place: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path / "secret.txt"}">]>'
    said = {"title": "name", "chapter": "words"} | {place: "&e;"}
    package = (
        f"{entity if place == 'title' else ''}<package xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<metadata><dc:title>{said['title']}</dc:title></metadata>"
        "<manifest><item id='a' href='a.xhtml'/></manifest><spine><itemref idref='a'/></spine></package>"
    )
    parts = {
        "META-INF/container.xml": b'<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
        "a.opf": package.encode(),
        "a.xhtml": f"{entity}<html><body><p>{said['chapter']}</p></body></html>".encode(),
    }
    book = archive(tmp_path / "a.epub", parts)
    (tmp_path / "good.md").write_text("good")
    reading = read_sources([tmp_path / "good.md", book])
    assert "SECRET" not in repr(reading)
    assert len(reading.documents) + len(reading.unread) == 2


def test_script_is_never_text(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>shown</p><script>alert('hidden')</script><style>hidden</style>")
    (document,) = read_sources([tmp_path]).documents
    assert document.text == "shown"


def scan(path: Path, side: int = 99, pages: int = 1) -> Path:
    """Write square pages, their side in points, that show a picture and no text."""
    from pypdfium2 import PdfBitmap, PdfDocument, PdfImage

    file = PdfDocument.new()
    for _ in range(pages):
        page = file.new_page(side, side)
        picture = PdfImage.new(file)
        picture.set_bitmap(PdfBitmap.new_native(8, 8, 2))
        page.insert_obj(picture)
        page.gen_content()
    file.save(path)
    return path


def test_a_scanned_page_without_tesseract_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found, unread = read_with(Limits(), scan(tmp_path / "scan.pdf"))
    assert found == []
    assert "pages 1 are pictures" in unread[0].reason
    assert "tesseract" in unread[0].reason


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a tesseract that prints what it was given, and logs when it is asked for its languages."""
    program = tmp_path / "tesseract"
    log = tmp_path / "asked"
    listing = f'if [ "$1" = --list-langs ]; then echo asked >> {log}; echo eng; exit; fi'
    program.write_text(f'#!/bin/sh\n{listing}\nread -r kind width height _\necho "$kind $width" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return log


def test_a_scanned_page_is_read_by_tesseract(tmp_path: Path, tesseract: Path) -> None:
    (document,) = read_sources([scan(tmp_path / "scan.pdf")]).documents
    assert document.text == "P5 413 stdin stdout -l eng"


def test_tesseract_is_asked_once_for_its_languages(tmp_path: Path, tesseract: Path) -> None:
    (document,) = read_sources([scan(tmp_path / "scan.pdf", pages=3)]).documents
    assert document.text.count("P5 413") == 3
    assert tesseract.read_text().split() == ["asked"]


def test_a_huge_page_is_drawn_coarser(tmp_path: Path, tesseract: Path) -> None:
    (document,) = read_sources([scan(tmp_path / "scan.pdf", side=14_400)]).documents
    width = int(document.text.split()[1])
    assert 6_000 < width < 6_400


def test_pages_beyond_the_limit_are_named(tmp_path: Path, tesseract: Path) -> None:
    reading = read_sources([scan(tmp_path / "scan.pdf", pages=3)], Limits(pages=2))
    assert reading.documents[0].text.count("P5") == 2
    assert "has 3 pages, and only the first 2 were read" in reading.unread[0].reason


def test_pages_that_the_time_for_pictures_does_not_reach_are_named(tmp_path: Path, tesseract: Path) -> None:
    found, unread = read_with(Limits(recognition_seconds=0), scan(tmp_path / "scan.pdf", pages=2))
    assert found == []
    assert "pages 1, 2 are pictures and were not recognised: one PDF gets 0 s" in unread[0].reason
