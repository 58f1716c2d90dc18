"""What every reader promises: its format is read, any bytes are read or refused, and no file stops the others."""

from contextlib import suppress
from pathlib import Path

import pytest
from ftadvisor.rag.readers import UnreadableError, readers
from ftadvisor.rag.records import Document, Unread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SAMPLES = {
    "text": b"Refunds take a week.",
    "markdown": b"# Refunds\n\nRefunds take a week.",
    "jsonl": b'{"id": "7", "text": "Refunds take a week."}\n',
    "csv": b"question,answer\nHow long?,Refunds take a week.\n",
    "html": b"<html><title>Refunds</title><body><h1>R</h1><p>Refunds take a <b>week</b>.</p></body></html>",
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
    (document,) = readers()[name].read(path, "名")
    assert isinstance(document, Document)
    assert "Refunds take a week." in document.text


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(content=st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(SAMPLES[name][:20] + content)
    with suppress(UnreadableError):
        for item in readers()[name].read(path, "any"):
            assert isinstance(item, Document) or (isinstance(item, Unread) and item.reason)
