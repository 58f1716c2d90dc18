"""Bringing an index up to date: whatever happened to the sources, it is as if it had been built anew."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag import known
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import write_rows

HYBRID = IndexOptions(retriever="hybrid")
TEXTS = (
    "# Shipping\n\n## Times\n\nParcels arrive within three days.\n\n## Islands\n\nIslands take a week.",
    "# 退货\n\n签收后 7 天内可以退货。\n\n## 质量\n\n掉色属于质量问题。",
    "Parcels arrive within three days.",
    "Returns are free for thirty days.",
    "洗一次就掉色怎么办",
)
QUESTIONS = ("parcels islands week", "掉色 退货", "returns free days", "three")
NAMES = ("a.md", "b.txt", "sub/a.md", "c.md")

texts = st.sampled_from(TEXTS)
rows = st.lists(st.tuples(st.sampled_from("xyz"), texts), max_size=4)
changes = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), texts),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("rows"), st.just("rows.jsonl"), rows),
)


def apply(change: tuple[str, str, object], folder: Path) -> None:
    kind, name, content = change
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "delete":
        path.unlink(missing_ok=True)
    elif kind == "write":
        path.write_text(str(content), encoding="utf-8")
    elif isinstance(content, list):
        write_rows(path, [{"id": key, "text": text, "title": key} for key, text in content])


def state(index: Path) -> dict[str, bytes]:
    paths = [path for path in index.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(index).as_posix(): path.read_bytes() for path in paths}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(changes, min_size=1, max_size=3), min_size=1, max_size=4))
def test_any_sequence_of_changes_gives_what_a_fresh_build_gives(rounds: list[list[tuple[str, str, object]]]) -> None:
    with TemporaryDirectory() as temporary:
        source, index, fresh = (Path(temporary, name) for name in ("source", "index", "fresh"))
        source.mkdir()
        (source / "stays.txt").write_text("This one stays for three years.", encoding="utf-8")
        build_index([source], index, HYBRID)
        for number, changed in enumerate(rounds):
            for change in changed:
                apply(change, source)
            summary = update_index([], index)
            build_index([source], fresh / str(number), HYBRID)
            assert state(index) == state(fresh / str(number)), "byte for byte"
            assert summary.added + summary.changed + summary.unchanged == summary.documents
            updated, built = open_index(index), open_index(fresh / str(number))
            assert updated.search_many(QUESTIONS, 20) == built.search_many(QUESTIONS, 20)


@pytest.fixture
def index(policies: Path, tmp_path: Path) -> Path:
    build_index([policies], tmp_path / "index", HYBRID)
    return tmp_path / "index"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "warranty.txt").write_text("The warranty lasts two years.", encoding="utf-8")
    return folder


def generations(index: Path) -> list[str]:
    return [path.name for path in index.iterdir() if path.is_dir()]


def counts(summary: object) -> Iterator[int]:
    return (getattr(summary, name) for name in ("added", "changed", "deleted", "unchanged"))


def test_a_deleted_document_is_never_returned(index: Path, policies: Path) -> None:
    (policies / "shipping.md").unlink()
    assert [*counts(update_index([policies], index))] == [0, 0, 1, 1]
    reader = open_index(index)
    assert "shipping.md" not in reader.documents
    assert not [hit for hit in reader.search("Islands take a week", 50) if hit.document == "shipping.md"]
    assert not [path for path in index.rglob("*") if path.is_file() and b"Islands" in path.read_bytes()]


def test_an_unchanged_source_gives_no_new_generation(index: Path, policies: Path) -> None:
    before = generations(index), {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.name != ".lock"}
    for summary in (update_index([], index), build_index([policies], index, HYBRID)):
        assert [*counts(summary)] == [0, 0, 0, 2]
        assert summary.embedded == 0
    assert (generations(index), {path: path.stat().st_mtime_ns for path in before[1]}) == before


def test_only_changed_chunks_are_embedded(index: Path, policies: Path) -> None:
    text = (policies / "shipping.md").read_text(encoding="utf-8")
    (policies / "shipping.md").write_text(text.replace("a week", "ten days"), encoding="utf-8")
    summary = update_index([], index)
    assert [*counts(summary)] == [0, 1, 0, 1]
    assert summary.embedded == 1


def test_one_row_of_many_is_changed(tmp_path: Path) -> None:
    rows = [{"id": str(place), "text": f"row {place} of many"} for place in range(20)]
    write_rows(tmp_path / "rows.jsonl", rows)
    build_index([tmp_path / "rows.jsonl"], tmp_path / "index", HYBRID)
    rows[7]["text"] = "another row"
    write_rows(tmp_path / "rows.jsonl", rows)
    assert [*counts(update_index([], tmp_path / "index"))] == [0, 1, 0, 19]


def test_further_sources_are_added_and_gone_ones_are_forgotten(index: Path, policies: Path, other: Path) -> None:
    assert [*counts(update_index([other], index))] == [1, 0, 0, 2]
    assert [*open_index(index).documents] == ["shipping.md", "退货.md", "warranty.txt"]
    (policies / "退货.md").unlink()
    assert [*counts(update_index([other], index))] == [0, 0, 0, 3], "only the source that is named is looked at"
    shutil.rmtree(other)
    with pytest.raises(UserError, match="no such file"):
        update_index([], index)
    assert [*counts(update_index([other], index))] == [0, 0, 1, 2]
    assert [*counts(update_index([], index))] == [0, 0, 1, 1]


def test_equal_names_in_two_sources_move_up(index: Path, policies: Path, other: Path) -> None:
    (other / "shipping.md").write_text("Shipping by the others.", encoding="utf-8")
    update_index([other], index)
    assert "Shipping by" in open_index(index).documents["other/shipping.md"].text
    (policies / "shipping.md").unlink()
    update_index([], index)
    assert "Shipping by" in open_index(index).documents["shipping.md"].text
    assert "other/shipping.md" not in open_index(index).documents


def test_what_another_version_read_is_read_again(index: Path, policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "code_digest", lambda: "another")
    summary = update_index([], index)
    assert [*counts(summary)] == [0, 2, 0, 0]
    assert summary.embedded == 0, "vectors depend on the embedder and the text only"


def test_a_damaged_index_is_named_and_not_updated(index: Path, policies: Path) -> None:
    path = next(index.rglob("texts.utf8"))
    path.write_bytes(b"?" + path.read_bytes()[1:])
    with pytest.raises(UserError, match="damaged"):
        update_index([], index)
    assert build_index([policies], index, HYBRID).documents == 2


def test_a_file_that_cannot_be_read_any_more_is_dropped_and_named(index: Path, policies: Path) -> None:
    (policies / "shipping.md").write_bytes(b"\x00\x01\x02" * 50)
    summary = update_index([], index)
    assert [item["source"] for item in summary.unread] == ["shipping.md"]
    assert not [hit for hit in open_index(index).search("Islands take a week") if hit.document == "shipping.md"]
