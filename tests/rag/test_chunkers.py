"""How documents are cut."""

from itertools import pairwise

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.chunkers import Size, chunk_document, find_chunker
from ftadvisor.rag.records import Chunk, Document
from ftadvisor.rag.ruler import Ruler
from ftadvisor.rag.tokens import token_starts

from .conftest import POLICY


def cut(
    text: str, tokens: int = 384, overlap: int = 0, markup: str = "markdown", chunker: str = "structure"
) -> list[Chunk]:
    document = Document("d", text, markup=markup)  # type: ignore[arg-type]
    return chunk_document(document, find_chunker(chunker), Ruler(token_starts(text)), Size(tokens, overlap))


def texts(chunks: list[Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def test_a_section_with_its_heading_is_one_chunk() -> None:
    chunks = cut(POLICY)
    assert [text.split("\n")[0] for text in texts(chunks)] == ["## 第一条 无理由退货", "## 第二条 质量问题"]
    assert chunks[1].text.endswith("全额退款。")
    assert [chunk.header for chunk in chunks] == ["退货政策"] * 2


def test_deeper_sections_stay_with_their_parent_when_they_fit() -> None:
    text = "## A\n\none\n\n### A1\n\ntwo\n\n### A2\n\nthree\n\n## B\n\nfour\n"
    assert texts(cut(text)) == ["## A\n\none\n\n### A1\n\ntwo\n\n### A2\n\nthree", "## B\n\nfour"]


def test_deeper_sections_are_cut_apart_when_they_do_not_fit() -> None:
    text = "## A\n\none two three\n\n### A1\n\nfour five six\n"
    chunks = cut(text, tokens=8)
    assert texts(chunks) == ["## A\n\none two three", "### A1\n\nfour five six"]
    assert [chunk.header for chunk in chunks] == ["", "A"]


def test_text_before_the_first_heading_is_kept() -> None:
    assert texts(cut("Before.\n\n# A\n\nAfter.\n")) == ["Before.", "# A\n\nAfter."]


def test_a_document_of_headings_keeps_the_deepest() -> None:
    assert texts(cut("# A\n## B\n## C\n")) == ["## B", "## C"]


def test_hash_signs_in_code_and_in_plain_text_are_no_headings() -> None:
    code = "## A\n\n```sh\n# not a heading\nrun\n```\n"
    assert texts(cut(code)) == [code.strip()]
    assert texts(cut("# a comment\nx = 1\n", markup="plain")) == ["# a comment\nx = 1"]


def test_a_long_section_is_cut_between_sentences() -> None:
    text = "## 规则\n\n" + "第一句话说完了。第二句话也说完了!”第三句话呢?最后一句。"
    chunks = cut(text, tokens=14)
    assert all(text[-1] in "。!”?则" for text in texts(chunks)), texts(chunks)
    assert "".join(texts(chunks)).replace("\n", "") == text.replace("\n", "")
    assert chunks[-1].header == "规则"


def test_english_sentences_stay_whole() -> None:
    chunks = cut("One two three four. Five six seven eight! Nine ten eleven twelve? End.", tokens=11, markup="plain")
    assert texts(chunks) == ["One two three four. Five six seven eight!", "Nine ten eleven twelve? End."]


def test_tables_and_code_are_cut_between_lines_only() -> None:
    rows = "".join(f"| row {number}. one | cell {number} |\n" for number in range(8))
    chunks = cut("## T\n\nWords.\n\n" + rows, tokens=30)
    assert all(line.count("|") in (0, 3) for text in texts(chunks) for line in text.split("\n")), texts(chunks)


def test_a_table_that_fits_is_whole() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    chunks = cut("## T\n\n" + "Word word. " * 12 + "\n\n" + table + "\n\n" + "More words. " * 12, tokens=30)
    assert sum(table in text for text in texts(chunks)) == 1


def test_overlap_repeats_whole_sentences() -> None:
    text = " ".join(f"This is sentence {number}." for number in range(12))
    chunks = cut(text, tokens=15, overlap=5, markup="plain")
    for before, after in pairwise(chunks):
        assert after.start < before.end
        assert text[after.start : before.end].startswith("This is sentence")


def test_parts_are_about_equally_long() -> None:
    text = " ".join(f"Sentence number {number} is here." for number in range(11))
    lengths = [len(token_starts(chunk)) for chunk in texts(cut(text, tokens=60, markup="plain"))]
    assert max(lengths) <= 60
    assert min(lengths) >= 24


def test_windows_repeat_their_overlap() -> None:
    chunks = cut("a b c d e f g h", tokens=4, overlap=2, chunker="window")
    assert texts(chunks) == ["a b c d", "c d e f", "e f g h"]


def test_whole_keeps_a_document_together() -> None:
    assert texts(cut(POLICY, tokens=8, chunker="whole")) == [POLICY.strip()]


def test_an_unknown_chunker_is_named() -> None:
    with pytest.raises(UserError, match=r"nope.*structure, whole, window"):
        find_chunker("nope")
