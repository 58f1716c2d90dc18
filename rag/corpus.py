"""Write documents and chunks as lines of JSON; a chunk's text is not kept twice, only its offsets."""

import json
from collections.abc import Mapping, Sequence

from .records import Chunk, Document

DOCUMENTS, CHUNKS = "documents.jsonl", "chunks.jsonl"


def corpus_files(documents: Sequence[Document], chunks: Sequence[Chunk]) -> dict[str, bytes]:
    """Return what must be kept, by file name."""
    rows = [[each.id, each.text, each.title, dict(each.metadata), each.markup] for each in documents]
    spans = [[chunk.document, chunk.number, chunk.start, chunk.end, chunk.header] for chunk in chunks]
    return {DOCUMENTS: _lines(rows), CHUNKS: _lines(spans)}


def read_corpus(files: Mapping[str, bytes]) -> tuple[dict[str, Document], list[Chunk]]:
    """Return the documents by id, and the chunks, in the order they had."""
    documents = {row[0]: Document(*row) for row in map(json.loads, files[DOCUMENTS].splitlines())}
    chunks = [
        Chunk(name, number, start, end, documents[name].text[start:end], header)
        for name, number, start, end, header in map(json.loads, files[CHUNKS].splitlines())
    ]
    return documents, chunks


def _lines(rows: Sequence[object]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(errors="backslashreplace")
