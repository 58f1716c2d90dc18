import os
from pathlib import Path

import pytest
from ftadvisor.knowledge.durable import flush_files, write_bytes, write_text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_written_file_can_be_read_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "report.md", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "report.md").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs the list of open files")
def test_a_file_is_closed_before_it_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, still_open = os.replace, []

    def checked(part: Path, path: Path) -> None:
        handles = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
        still_open.extend(handle for handle in handles if handle.exists() and handle.resolve() == Path(part))
        replace(part, path)

    monkeypatch.setattr(os, "replace", checked)
    write_bytes(tmp_path / "a", b"content")
    assert (tmp_path / "a").read_bytes() == b"content"
    assert still_open == []


def test_a_failed_write_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(tmp_path / "a", b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_bytes(tmp_path / "a", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_files_of_others_are_flushed_and_then_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.fstat(handle).st_ino))
    flush_files(tmp_path)
    assert set(flushed[:2]) == {(tmp_path / name).stat().st_ino for name in "ab"}
    assert flushed[2:] == ([] if os.name == "nt" else [tmp_path.stat().st_ino])
