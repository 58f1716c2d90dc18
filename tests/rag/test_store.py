"""What is on the disk, and what happens when it is not as it was written."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.lock import locked
from ftadvisor.rag import store
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions


@pytest.fixture
def index(policies: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "索引"
    build_index([policies], folder, IndexOptions(retriever="hybrid"))
    return folder


def files(index: Path) -> Iterator[Path]:
    return (path for path in sorted(index.rglob("*")) if path.is_file() and path.name != store.LOCK)


def test_nothing_but_one_generation_is_kept(index: Path, policies: Path) -> None:
    (policies / "more.txt").write_text("more")
    build_index([policies], index)
    assert len([path for path in index.iterdir() if path.is_dir()]) == 1


def test_a_flipped_bit_in_any_file_is_detected_and_named(index: Path) -> None:
    for path in files(index):
        content = path.read_bytes()
        for place in {0, len(content) // 2, len(content) - 1}:
            for bit in (1, 32, 128):
                path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
                with pytest.raises(UserError) as caught:
                    open_index(index)
                assert str(path) in caught.value.message
        path.write_bytes(content)
    open_index(index)


def test_a_missing_or_cut_file_is_named(index: Path) -> None:
    for path in files(index):
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(UserError, match=path.name):
            open_index(index)
        path.unlink()
        with pytest.raises(UserError) as caught:
            open_index(index)
        assert path.name in caught.value.message or "no index" in caught.value.message
        path.write_bytes(content)


def test_a_damaged_index_is_repaired_by_building_it_again(index: Path, policies: Path) -> None:
    for path in files(index):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + b"?")
        build_index([policies], index, IndexOptions(retriever="hybrid"))
        assert path.read_bytes() == content


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no index") as caught:
        open_index(tmp_path / "nowhere")
    assert "rag build" in caught.value.hint


def test_two_builds_at_once(index: Path, policies: Path) -> None:
    script = "import sys, pathlib; from ftadvisor.rag.build import build_index; build_index(*map(eval, sys.argv[1:]))"
    words = [f"[pathlib.Path({str(policies)!r})]", f"pathlib.Path({str(index)!r})"]
    with locked(index / store.LOCK):
        done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert "Another process is building the index" in done.stderr


def test_a_reader_that_was_overtaken_by_a_build_reads_the_new_index(
    index: Path, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (policies / "new.txt").write_text("brand new words", encoding="utf-8")
    opened = store._open
    overtaken = False

    def overtake(place: Path, text: bytes) -> store.Generation:
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            build_index([policies], index)
        return opened(place, text)

    monkeypatch.setattr(store, "_open", overtake)
    assert "new.txt" in open_index(index).documents


def test_an_open_index_is_undisturbed_by_a_newer_one(index: Path, policies: Path) -> None:
    reader = open_index(index)
    before = reader.search("Islands take a week")
    (policies / "shipping.md").unlink()
    build_index([policies], index)
    assert reader.search("Islands take a week") == before
    assert reader.documents["shipping.md"].text
    assert "shipping.md" not in open_index(index).documents


def _check_all(index: Path) -> None:
    store.open_generation(index).check()


def _use_all(index: Path) -> None:
    reader = open_index(index)
    reader.search("Islands take a week")
    assert all(reader.documents[name] for name in reader.documents)
    update_index([], index)  # looks at what only updates need


@pytest.mark.parametrize("use", [_check_all, _use_all])
def test_a_flipped_bit_of_a_large_index_is_detected_where_it_is_used(
    use: Callable[[Path], None], index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large index is not read whole when it is opened; what a search uses is checked, and so is all by request."""
    monkeypatch.setattr(store, "CHECKED_AT_ONCE", 0)
    for path in files(index):
        if path.name in (store.POINTER, store.MANIFEST, "blocks.sha256"):
            continue
        content = path.read_bytes()
        path.write_bytes(bytes([content[0] ^ 4]) + content[1:])
        with pytest.raises(UserError) as caught:
            use(index)
        assert str(path) in caught.value.message
        path.write_bytes(content)
    store.open_generation(index).check()


def test_a_folder_that_cannot_be_written(policies: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="cannot be written"):
        build_index([policies], tmp_path / "file" / "index")


def test_no_pickle_anywhere(index: Path) -> None:
    assert not [path for path in files(index) if path.read_bytes()[:1] == b"\x80"]
