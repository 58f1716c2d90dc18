"""Every file of the public parsing set is read or refused with a reason, and every chunk is what its offsets say."""

from pathlib import Path

import pytest
from ftadvisor.rag.build import build_index
from ftadvisor.rag.chunkers import chunker_names
from ftadvisor.rag.encoding import decode
from ftadvisor.rag.index import open_index
from ftadvisor.rag.places import place_of
from ftadvisor.rag.records import IndexOptions
from ftadvisor.rag.sources import read_sources


def test_every_file_is_read_or_refused_with_a_reason(data: Path) -> None:
    reading = read_sources([data / "parse_docs"])
    named = {document.id.split("#")[0] for document in reading.documents} | {
        item.source.split("#")[0] for item in reading.unread
    }
    assert named >= {path.name for path in (data / "parse_docs").iterdir()}
    assert all(item.reason.strip() for item in reading.unread)


@pytest.mark.parametrize("chunker", chunker_names())
def test_every_chunk_is_what_its_offsets_say(data: Path, tmp_path: Path, chunker: str) -> None:
    options = IndexOptions(chunker=chunker, chunk_tokens=96, overlap=16)
    build_index([data / "parse_docs"], tmp_path / "index", options)
    index = open_index(tmp_path / "index")
    read = {document.id: document.text for document in read_sources([data / "parse_docs"]).documents}
    assert {chunk.document for chunk in index.chunks} == set(read)
    for chunk in index.chunks:
        assert read[chunk.document][chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()


def test_offsets_of_plain_text_count_in_the_file_itself(data: Path, tmp_path: Path) -> None:
    build_index([data / "parse_docs"], tmp_path / "index")
    plain = [path for path in (data / "parse_docs").iterdir() if path.suffix in (".txt", ".md")]
    texts = {path.name: decode(path.read_bytes()) for path in plain}
    chunks = [chunk for chunk in open_index(tmp_path / "index").chunks if chunk.document in texts]
    assert chunks
    assert all(texts[chunk.document][chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_pages_and_slides_are_where_the_files_say(data: Path) -> None:
    documents = {document.id: document for document in read_sources([data / "parse_docs"]).documents}
    from pypdfium2 import PdfDocument

    for name, document in documents.items():
        if name.endswith(".pdf"):
            file = PdfDocument(data / "parse_docs" / name)
            for number, start in enumerate(document.metadata["pages"], start=1):
                words = document.text[start : start + 60].split()[:4]
                if words and place_of(document, start, start + 1)["page"] == number:
                    page = file[number - 1].get_textpage().get_text_bounded()
                    assert " ".join(words) in " ".join(page.replace("\ufffe\r\n", "").split())
            file.close()
    slides = documents["simple.pptx"]
    assert place_of(slides, 0, 1)["slide"] == 1
