"""Documents that are broken or written to do harm: each is read or refused, and none stops the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from ftadvisor.knowledge.messages import use_language
from ftadvisor.rag.limits import Limits
from ftadvisor.rag.records import Document, Unread
from ftadvisor.rag.sources import read_sources


@pytest.fixture(autouse=True)
def english() -> None:
    use_language("en")


def archive(path: Path, parts: dict[str, bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def read_beside_good(path: Path, limits: Limits | None = None) -> tuple[list[Document], list[Unread]]:
    """Read a file between two good ones, which must be read whatever it is."""
    folder = path.parent / "good"
    folder.mkdir(exist_ok=True)
    for name in ("first.txt", "last.txt"):
        (folder / name).write_text(name)
    reading = read_sources([folder / "first.txt", path, folder / "last.txt"], limits)
    assert reading.documents[0].text == "first.txt"
    assert reading.documents[-1].text == "last.txt"
    return reading.documents[1:-1], reading.unread


def word_table(path: Path, damage: Callable[[Any], object]) -> Path:
    from docx import Document as new_document

    file = new_document()
    table = file.add_table(rows=2, cols=2)
    for row in table.rows:
        for cell in row.cells:
            cell.text = "cell"
    damage(table._tbl.tr_lst[0].tc_lst[0].get_or_add_tcPr())
    file.save(str(path))
    return path


def test_a_word_table_whose_span_is_no_number_is_refused_alone(tmp_path: Path) -> None:
    def damage(properties: Any) -> None:
        properties.grid_span = 2
        properties[-1].set(properties[-1].keys()[0], "x")

    found, unread = read_beside_good(word_table(tmp_path / "a.docx", damage))
    assert found == []
    assert "broken" in unread[0].reason


def test_a_word_table_that_continues_a_cell_above_its_first_row_is_read(tmp_path: Path) -> None:
    def damage(properties: Any) -> None:
        properties.vMerge_val = "continue"

    ((document,), unread) = read_beside_good(word_table(tmp_path / "a.docx", damage))
    assert document.text == "|  | cell |\n| cell | cell |"
    assert not unread


def test_a_word_cell_that_claims_to_span_a_billion_columns_is_read_once(tmp_path: Path) -> None:
    def damage(properties: Any) -> None:
        properties.grid_span = 1_000_000_000

    ((document,), _) = read_beside_good(word_table(tmp_path / "a.docx", damage))
    assert document.text == "| cell | cell |\n| cell | cell |"


def test_archives_in_an_archive_unpack_to_no_more_than_one_file_may(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {"a.txt": b"0" * 2_000_000}).read_bytes()
    outer = archive(tmp_path / "outer.zip", {f"{number:02}.zip": inner for number in range(20)})
    found, unread = read_beside_good(outer, Limits(unpacked_megabytes=5))
    assert sum(len(document.text) for document in found) == 4_000_000
    assert len(unread) == 18
    assert "unpacks to 7 MB; the limit is 5 MB" in unread[0].reason


def test_archives_in_an_archive_hold_no_more_files_than_one_file_may(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {f"{number}.txt": b"text" for number in range(4)}).read_bytes()
    outer = archive(tmp_path / "outer.zip", {f"{number}.zip": inner for number in range(5)})
    found, unread = read_beside_good(outer, Limits(files=15))
    assert len(found) == 8
    assert "holds 17 files; the limit is 15" in unread[0].reason


def test_each_file_of_the_sources_may_unpack_to_the_limit(tmp_path: Path) -> None:
    for name in "abc":
        archive(tmp_path / f"{name}.zip", {f"{name}.txt": b"0" * 2_000_000})
    assert len(read_sources([tmp_path], Limits(unpacked_megabytes=3)).documents) == 3


def sheet_with(path: Path, *cells: str) -> Path:
    """Write a spreadsheet and replace its sheet's rows by others."""
    from openpyxl import Workbook

    Workbook().save(path)
    with ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    rows = "".join(
        f'<row r="{cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}"><c r="{cell}"><v>1</v></c></row>' for cell in cells
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{space}"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    return archive(path, parts | {"xl/worksheets/sheet1.xml": sheet.encode()})


def test_a_sheet_s_empty_cells_are_not_walked(tmp_path: Path) -> None:
    path = sheet_with(tmp_path / "a.xlsx", "A1", "A20000", "XFD20001")
    found, unread = read_beside_good(path, Limits(cells=20_000))
    assert [document.text for document in found] == ["1: 1", "16384: 1"]
    assert not unread


def test_a_sheet_of_too_many_cells_is_read_to_there_and_named(tmp_path: Path) -> None:
    found, unread = read_beside_good(sheet_with(tmp_path / "a.xlsx", "A1", "B2", "XFD3", "A4"), Limits(cells=1000))
    assert [document.text for document in found] == ["2: 1"]
    assert "row 3 and those below were not read; at most 1000 cells" in unread[0].reason


def test_a_row_that_no_sheet_can_have_is_not_waited_for(tmp_path: Path) -> None:
    found, unread = read_beside_good(sheet_with(tmp_path / "a.xlsx", "A1", "A2", "A99999999999"))
    assert len(found) == 1
    assert "row 1048577 and those below were not read" in unread[0].reason


def test_a_wide_header_costs_short_rows_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(f"c{number}" for number in range(20_000)) + "\n1" * 5_000 + "\n")
    found, _ = read_beside_good(tmp_path / "a.csv")
    assert len(found) == 5_000
    assert found[0].text == "c0: 1"
