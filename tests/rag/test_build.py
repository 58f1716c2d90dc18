"""Building an index with the built-in vectors and with the real MiniLM."""

from pathlib import Path
from typing import Any

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index
from ftadvisor.rag.embedders import builtin
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions

from .conftest import write_rows

HYBRID = IndexOptions(retriever="hybrid")


def files(index: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in index.rglob("*") if path.is_file()}


def test_one_chunk_per_section_of_a_policy(policies: Path, tmp_path: Path) -> None:
    summary = build_index([policies], tmp_path / "index")
    assert (summary.documents, summary.chunks, summary.unread) == (2, 4, [])
    index = open_index(tmp_path / "index")
    assert [chunk.text.split("\n")[0].split(" ")[1] for chunk in index.chunks] == [
        "Delivery",
        "Damaged",
        "第一条",
        "第二条",
    ]
    for chunk in index.chunks:
        assert index.documents[chunk.document].text[chunk.start : chunk.end] == chunk.text


@pytest.mark.parametrize("retriever", ["auto", "bm25", "dense", "hybrid"])
def test_both_languages_are_found(retriever: str, policies: Path, tmp_path: Path) -> None:
    build_index([policies], tmp_path / "index", IndexOptions(retriever=retriever))
    index = open_index(tmp_path / "index")
    chinese, english = index.search_many(["衣服洗一次就掉色怎么办?", "my parcel was damaged"], 2)
    assert (chinese[0].document, chinese[0].chunk) == ("退货.md", 1)
    assert (english[0].document, english[0].chunk) == ("shipping.md", 1)
    for hit in (*chinese, *english):
        assert index.documents[hit.document].text[hit.start : hit.end] == hit.text
    assert chinese == sorted(chinese, key=lambda hit: -hit.score)


def test_nothing_is_returned_for_nothing_in_common(policies: Path, tmp_path: Path) -> None:
    build_index([policies], tmp_path / "index")
    index = open_index(tmp_path / "index")
    assert index.search("zzz") == []
    assert index.search("") == []
    assert index.search_many([]) == []


def test_the_built_in_vectors_only_reorder_what_bm25_finds(policies: Path, tmp_path: Path) -> None:
    summary = build_index([policies], tmp_path / "index")
    assert summary.retriever == "hybrid"
    assert "twentieth" in summary.reason
    build_index([policies], tmp_path / "words", IndexOptions(retriever="bm25"))
    both, words = open_index(tmp_path / "index"), open_index(tmp_path / "words")
    assert {hit.chunk for hit in both.search("refund", 10)} == {hit.chunk for hit in words.search("refund", 10)}


def test_an_unchanged_corpus_embeds_nothing_and_gives_the_same_bytes(policies: Path, tmp_path: Path) -> None:
    assert build_index([policies], tmp_path / "index", HYBRID).embedded == 4
    before = files(tmp_path / "index")
    assert build_index([policies], tmp_path / "index", HYBRID).embedded == 0
    assert files(tmp_path / "index") == before


def test_a_changed_document_embeds_only_what_changed(policies: Path, tmp_path: Path) -> None:
    build_index([policies], tmp_path / "index", HYBRID)
    text = (policies / "shipping.md").read_text(encoding="utf-8")
    (policies / "shipping.md").write_text(text.replace("a week", "ten days"), encoding="utf-8")
    assert build_index([policies], tmp_path / "index", HYBRID).embedded == 1


def test_a_deleted_document_is_never_found_again(policies: Path, tmp_path: Path) -> None:
    build_index([policies], tmp_path / "index", HYBRID)
    (policies / "shipping.md").unlink()
    build_index([policies], tmp_path / "index", HYBRID)
    index = open_index(tmp_path / "index")
    assert {hit.document for hit in index.search("damaged parcel", 50)} <= {"退货.md"}
    assert not [path for path in (tmp_path / "index").rglob("*") if path.is_file() and b"parcel" in path.read_bytes()]


def test_an_interrupted_build_goes_on_where_it_was(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtin, "open_embedder", lambda name: builtin.HashedTokens(batch_size=1))
    write_rows(policies / "many.jsonl", [{"text": f"row number {number}"} for number in range(30)])
    build_index([policies], tmp_path / "undisturbed", HYBRID)

    def interrupt(label: str, done: float, total: float | None, /) -> None:
        if label == "Embedding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index([policies], tmp_path / "index", HYBRID, interrupt)
    assert 0 < build_index([policies], tmp_path / "index", HYBRID).embedded < 34
    assert files(tmp_path / "index") == files(tmp_path / "undisturbed")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"chunker": "nope"}, "nope"),
        ({"retriever": "nope"}, "nope"),
        ({"overlap": 200}, "192"),
        ({"embedder": "./no/such/model"}, "no/such/model"),
        ({"embedder": "nobody/no-such-model"}, "nobody/no-such-model"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], named: str, policies: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=named):
        build_index([policies], tmp_path / "index", IndexOptions(**options))


def test_documents_without_words_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("... !!! ---")
    with pytest.raises(UserError, match="could be searched"):
        build_index([tmp_path], tmp_path / "index")


def test_minilm_is_fused_where_it_can_read(policies: Path, tmp_path: Path, minilm: str) -> None:
    summary = build_index([policies / "shipping.md"], tmp_path / "index", IndexOptions(embedder=minilm))
    assert (summary.retriever, summary.embedded, summary.unknown_share) == ("hybrid", 2, 0.0)
    index = open_index(tmp_path / "index")
    (hit,) = index.search("when will my order get here?", 1)
    assert hit.text.startswith("## Delivery times")
    again = build_index([policies / "shipping.md"], tmp_path / "index", IndexOptions(embedder=minilm))
    assert again.embedded == 0


def test_minilm_is_not_fused_where_it_cannot_read(policies: Path, tmp_path: Path, minilm: str) -> None:
    summary = build_index([policies / "退货.md"], tmp_path / "index", IndexOptions(embedder=minilm))
    assert (summary.retriever, summary.embedded) == ("bm25", 0)
    assert summary.unknown_share > 0.3
    assert "does not know" in summary.reason


def test_in_a_mixed_corpus_minilm_reads_its_part(policies: Path, tmp_path: Path, minilm: str) -> None:
    summary = build_index([policies], tmp_path / "index", IndexOptions(embedder=minilm))
    assert (summary.retriever, summary.embedded) == ("hybrid", 2)
    chinese, english = open_index(tmp_path / "index").search_many(["洗一次就掉色", "when will my order get here?"], 1)
    assert chinese[0].document == "退货.md"
    assert english[0].text.startswith("## Delivery times")


def test_another_embedder_than_at_build_is_refused(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index([policies], tmp_path / "index", HYBRID)
    monkeypatch.setattr(builtin, "open_embedder", lambda name: builtin.HashedTokens(identity="other"))
    with pytest.raises(UserError, match="another embedder"):
        open_index(tmp_path / "index")


def test_a_model_in_a_relative_folder_is_found_from_elsewhere(
    policies: Path, tmp_path: Path, minilm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(minilm).parent)
    build_index([policies / "shipping.md"], tmp_path / "index", IndexOptions(embedder=Path(minilm).name))
    monkeypatch.chdir(tmp_path)
    assert open_index(tmp_path / "index").search("parcel")
