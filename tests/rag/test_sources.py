"""Collecting documents from files and folders."""

import errno
import os
from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.sources import read_sources

from .conftest import write_rows


def test_a_folder_is_read_in_order_with_paths_as_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/.hidden.txt", ".git/x.txt", "甲.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
    assert [document.id for document in read_sources([tmp_path]).documents] == ["b.txt", "甲.md", "a/z.txt"]


def test_equal_paths_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    reading = read_sources([tmp_path / "one", tmp_path / "two"])
    assert [document.id for document in reading.documents] == ["a.txt", "two/a.txt"]


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / "blank.txt").write_text(" \n")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "old.doc").write_bytes(b"\xd0\xcf")
    write_rows(tmp_path / "rows.jsonl", [{"id": "x", "text": "1"}, {"id": "x", "text": "2"}])
    reading = read_sources([tmp_path, tmp_path / "rows.jsonl"])
    assert {document.id for document in reading.documents} >= {"good.txt", "x"}
    reasons = {item.source: item.reason for item in reading.unread}
    assert "no text" in reasons["blank.txt"]
    assert "not text" in reasons["binary.txt"]
    assert ".doc is not supported" in reasons["old.doc"]


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        read_sources([tmp_path, tmp_path / "nowhere"])


def test_nothing_to_read_is_an_error_with_reasons(tmp_path: Path) -> None:
    (tmp_path / "old.doc").write_bytes(b"\xd0")
    with pytest.raises(UserError, match=r"old\.doc: the format \.doc is not supported") as caught:
        read_sources([tmp_path])
    assert caught.value.hint


def test_half_characters_are_replaced_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a\\ud800b", "id": "\\udfff", "metadata": {"k": "\\ud801"}}\n')
    (document,) = read_sources([path]).documents
    assert (document.text, document.id) == ("a\ufffdb", "\ufffd")


def test_public_documents_are_read_or_refused(data: Path) -> None:
    folder = data / "parse_docs"
    reading = read_sources([folder])
    named = {document.id.split("#")[0] for document in reading.documents} | {item.source for item in reading.unread}
    assert named == {path.name for path in folder.iterdir()}
    assert all(item.reason for item in reading.unread)


def test_a_folder_that_cannot_be_read_is_refused_before_its_documents_count_as_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("words", encoding="utf-8")
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="closed"):
        read_sources([tmp_path])
