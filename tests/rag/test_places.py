"""A citation says where a reader finds it, as far as the file tells."""

from pathlib import Path

import pytest
from ftadvisor.rag.places import place_of
from ftadvisor.rag.records import Document
from ftadvisor.rag.sources import read_sources

from .conftest import POLICY

PAGES = Document("a.pdf", "one page\n\ntwo pages\n\nthree", "", {"pages": [0, 10, 21, 21]})


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("one", {"page": 1}),
        ("two", {"page": 2}),
        ("page\n\ntwo", {"page": 1, "last_page": 2}),
    ],
)
def test_pages_are_those_of_the_stretch(words: str, place: dict[str, int]) -> None:
    start = PAGES.text.index(words)
    assert place_of(PAGES, start, start + len(words)) == place


def test_headings_above_are_named_from_the_outside_in() -> None:
    document = Document("a.md", POLICY, markup="markdown")
    start = POLICY.index("洗一次")
    assert place_of(document, start, start + 3) == {"heading": "退货政策 > 第二条 质量问题"}
    assert place_of(Document("a.txt", POLICY), start, start + 3) == {}


def test_sheets_rows_and_slides_are_known(tmp_path: Path) -> None:
    from openpyxl import Workbook
    from pptx import Presentation

    book = Workbook()
    book.active.title = "价格"
    for row in (["item", "price"], ["tea", 3], ["coffee", 4]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    file = Presentation()
    for title in ("First", "Second"):
        file.slides.add_slide(file.slide_layouts[1]).shapes.title.text = title
    file.save(str(tmp_path / "b.pptx"))
    documents = read_sources([tmp_path]).documents
    assert [place_of(each, 0, 3) for each in documents[:2]] == [
        {"sheet": "价格", "row": 2},
        {"sheet": "价格", "row": 3},
    ]
    start = documents[2].text.index("Second")
    assert place_of(documents[2], start, start + 6) == {"slide": 2, "heading": "Second"}
