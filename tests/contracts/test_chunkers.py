"""What every chunker promises, on any text."""

import pytest
from ftadvisor.rag.chunkers import Size, chunk_document, chunker_names, find_chunker
from ftadvisor.rag.records import Document
from ftadvisor.rag.ruler import Ruler
from ftadvisor.rag.tokens import token_starts
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        "# A\n",
        "## 二\n",
        "### c\n",
        "\n",
        "\n\n",
        "word ",
        "退货。",
        "“好!”",
        "| a | b |\n",
        "```\n",
        "~~~\n",
        " ",
        "\r\n",
        "x" * 40,
        "One two three. ",
        "\u2028",
        "\x0c",
        "\u3000",
        "    # code\n",
        "\t",
        "- item\n",
        "😀",
        "e\u0301 ",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


@pytest.mark.parametrize("name", chunker_names())
@given(text=TEXTS, tokens=st.integers(1, 30), overlap=st.integers(0, 15), markup=st.sampled_from(["plain", "markdown"]))
@settings(max_examples=150, deadline=None)
def test_chunks_are_stretches_of_the_document(name: str, text: str, tokens: int, overlap: int, markup: str) -> None:
    document = Document("d", text, title="A title", markup=markup)  # type: ignore[arg-type]
    ruler, size = Ruler(token_starts(text)), Size(tokens, min(overlap, tokens // 2))
    chunks = chunk_document(document, find_chunker(name), ruler, size)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert [(chunk.start, chunk.end) for chunk in chunks] == sorted({(chunk.start, chunk.end) for chunk in chunks})
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""
        assert chunk.document == "d"
        assert name == "whole" or ruler.count(chunk.start, chunk.end) <= tokens


@pytest.mark.parametrize("name", chunker_names())
@given(text=TEXTS, tokens=st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_no_text_is_lost(name: str, text: str, tokens: int) -> None:
    """What no chunk holds is white space, or a heading that stands in the headers of the chunks below it."""
    document = Document("d", text, markup="markdown")
    chunks = chunk_document(document, find_chunker(name), Ruler(token_starts(text)), Size(tokens))
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    lost = "".join(character if place not in covered else "\n" for place, character in enumerate(text))
    headers = " ".join(chunk.header for chunk in chunks)
    for line in lost.split("\n"):
        assert all(word in headers for word in line.replace("#", " ").split()), (line, headers)
