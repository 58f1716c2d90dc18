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
