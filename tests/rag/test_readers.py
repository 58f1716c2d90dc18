"""What the readers make of their formats."""

from pathlib import Path

import pytest
from ftadvisor.rag.limits import Limits
from ftadvisor.rag.readers import readers_by_extension
from ftadvisor.rag.records import Document, Unread


def read(path: Path, content: str) -> list[Document | Unread]:
    path.write_bytes(content.encode())
    return list(readers_by_extension()[path.suffix].read(path, path.name, Limits()))


def documents(path: Path, content: str) -> list[Document]:
    found = read(path, content)
    assert all(isinstance(item, Document) for item in found)
    return [item for item in found if isinstance(item, Document)]


def test_text_keeps_every_character(tmp_path: Path) -> None:
    assert documents(tmp_path / "a.txt", " a\r\nb\n\n")[0].text == " a\r\nb\n\n"


def test_markdown_takes_its_title_from_the_first_heading(tmp_path: Path) -> None:
    (document,) = documents(tmp_path / "a.md", "intro\n\n# 退货 #\n\n## More\n")
    assert (document.title, document.markup) == ("退货", "markdown")


def test_rows_keep_their_own_id_and_further_fields(tmp_path: Path) -> None:
    rows = '{"id": 7, "text": "x", "title": "T", "lang": "en", "metadata": {"page": 3}}\n\n{"text": "y"}\n'
    first, second = documents(tmp_path / "a.jsonl", rows)
    assert (first.id, first.text, first.title, first.metadata) == ("7", "x", "T", {"page": 3, "lang": "en"})
    assert second.id == "a.jsonl#3"


def test_what_json_has_no_number_for_is_no_value(tmp_path: Path) -> None:
    row = '{"text": "x", "a": NaN, "b": -Infinity, "metadata": {"c": [1e999, 2.5, {"d": Infinity}]}}'
    (document,) = documents(tmp_path / "a.jsonl", row)
    assert document.metadata == {"a": None, "b": None, "c": [None, 2.5, {"d": None}]}


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"id": "1"}', '{"text": 3.5, "id": []}', "[" * 100_000])
def test_a_broken_row_is_named_and_the_others_are_read(line: str, tmp_path: Path) -> None:
    broken, good = read(tmp_path / "a.jsonl", line + '\n{"text": "y"}\n')
    assert isinstance(broken, Unread)
    assert broken.source == "a.jsonl#1"
    assert isinstance(good, Document)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_row_is_a_document(delimiter: str, tmp_path: Path) -> None:
    rows = [["问题", "答案"], ["多久?", "七天"], ["", ""], ["谁付?", "我们"]]
    found = documents(tmp_path / "a.csv", "\n".join(map(delimiter.join, rows)))
    assert [document.text for document in found] == ["问题: 多久?\n答案: 七天", "问题: 谁付?\n答案: 我们"]
    assert found[0].id == "a.csv#2"


def test_a_text_column_is_the_text(tmp_path: Path) -> None:
    (document,) = documents(tmp_path / "a.csv", 'id,text,city\nr1,"a, b",Ghent\n')
    assert (document.id, document.text, document.metadata) == ("r1", "a, b", {"city": "Ghent"})


def test_html_leaves_out_what_is_not_text(tmp_path: Path) -> None:
    page = """<html><head><title> A  page </title><style>p {}</style></head><body><nav><a>Menu</a></nav>
    <h1>Head</h1><p>One<br>two &amp; three</p><script>var x = "<p>no</p>"</script>
    <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><footer>Imprint</footer></body></html>"""
    (document,) = documents(tmp_path / "a.html", page)
    assert document.title == "A page"
    assert document.markup == "markdown"
    assert document.text.startswith("# Head\n\nOne\ntwo & three")
    assert "| 1 | 2 |" in document.text
    assert not {"Menu", "Imprint", "var", "p {}"} & set(document.text.split())


def test_html_of_nothing_but_menus_is_not_empty(tmp_path: Path) -> None:
    assert documents(tmp_path / "a.html", "<nav><p>Only this</p></nav>")[0].text == "Only this"


def test_html_in_its_declared_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes('<meta charset="gbk"><p>退货政策</p>'.encode("gbk"))
    (document,) = readers_by_extension()[".html"].read(path, "a", Limits())
    assert isinstance(document, Document)
    assert document.text == "退货政策"
