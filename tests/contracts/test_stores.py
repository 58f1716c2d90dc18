"""What every store of an index promises: the same hits, whole states only, and nothing of what was deleted."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.address import Place
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.embedders import builtin
from ftadvisor.rag.evaluate import evaluate_index
from ftadvisor.rag.filters import parse_where
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.inspect import inspect_index
from ftadvisor.rag.questions import Question
from ftadvisor.rag.records import Hit, IndexOptions

from ..postgres_server import Server

pytestmark = pytest.mark.usefixtures("english")

KINDS = ("folder", "database")
HYBRID = IndexOptions(retriever="hybrid")
QUESTIONS = (
    "When do parcels arrive on islands?",
    "掉色 退货",
    "Who pays for the return of a damaged parcel, and within how many days?",
    "三天",
    "parcels parcels 退货",
    "nothing of this kind: xyzzy",
    "?",
)
ROWS = """\
{"id": "a", "text": "Returns are free for thirty days.", "metadata": {"year": 2024, "tags": ["free"], "final": true}}
{"id": "b", "text": "Returns cost five euros after thirty days.", "metadata": {"year": 2023, "tags": ["returns"]}}
{"id": "c", "text": "Parcels arrive within three days.", "title": "Delivery", "metadata": {"year": 2024.5, "no": null}}
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Documents in two languages, equal ones among them, with metadata and characters that are hard to keep."""
    folder = tmp_path / "文档 documents"
    (folder / "sub").mkdir(parents=True)
    (folder / "shipping.md").write_text(
        "# Shipping\n\n## Times\n\nParcels arrive within three days.\n\n## Islands\n\nIslands take a week. 'It' \\ $1"
    )
    (folder / "退货.md").write_text(
        "# 退货\n\n签收后 7 天内可以退货。\n\n## 质量\n\n掉色属于质量问题，我们承担运费。🎈"
    )
    for number in range(30):
        (folder / "sub" / f"{number}.txt").write_text(
            f"Parcel {number % 7} was damaged in shop {number}, and returned."
        )
    (folder / "twin 1.txt").write_text("Damaged parcels are returned for free.")
    (folder / "twin 2.txt").write_text("Damaged parcels are returned for free.")
    (folder / "rows.jsonl").write_text(ROWS)
    return folder


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """Return a function that gives a new place of one kind."""

    def new(kind: str) -> Place:
        if kind == "database":
            server: Server = request.getfixturevalue("postgres")
            return server.address()
        return tmp_path / f"index {len([*tmp_path.iterdir()])}"

    return new


def agree(one: Sequence[Hit], other: Sequence[Hit]) -> None:
    """Verify that two rankings are the same, but for the order of what has the same score to six digits."""
    assert len(one) == len(other)
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], rel=1e-5)
    if one:
        last = one[-1].score * (1 + 1e-5)
        assert {content(hit) for hit in one if hit.score > last} == {content(hit) for hit in other if hit.score > last}


def content(hit: Hit) -> tuple[object, ...]:
    return hit.document, hit.chunk, hit.start, hit.end, hit.text


@pytest.mark.parametrize("retriever", ["bm25", "dense", "hybrid"])
def test_stores_give_the_same_hits_with_the_same_scores(
    retriever: str, corpus: Path, place: Callable[[str], Place]
) -> None:
    options = IndexOptions(retriever=retriever, chunk_tokens=24)
    places = [place(kind) for kind in KINDS]
    summaries = [build_index([corpus], each, options) for each in places]
    assert summaries[0] == summaries[1]
    folder, database = (open_index(each) for each in places)
    for top_k in (1, 5, 50):
        for question in QUESTIONS:
            agree(folder.search(question, top_k), database.search(question, top_k))
    for ranker in ("bm25", "dense", "hybrid"):
        again = [index.ranked_by(ranker, 1.0) for index in (folder, database)]
        agree(*(index.search(QUESTIONS[0], 20) for index in again))
    assert [*folder.documents.items()] == [*database.documents.items()]
    assert [*folder.chunks] == [*database.chunks]
    assert folder.chunks[-1] == database.chunks[-1]
    for token in ("parcel", "退货", "xyzzy"):
        assert folder.words.rarity(token) == database.words.rarity(token)


@pytest.mark.parametrize("retriever", ["bm25", "dense", "hybrid"])
@pytest.mark.parametrize(
    "conditions",
    [
        ["year=2024"],
        ["year=2024", "year=2023"],
        ["tags=free", "final=true"],
        ["title=Delivery"],
        ["document=twin 1.txt"],
    ],
)
def test_stores_choose_the_same_documents(
    retriever: str, conditions: list[str], corpus: Path, place: Callable[[str], Place]
) -> None:
    where = parse_where(conditions)
    found: list[list[Hit]] = []
    for kind in KINDS:
        index = build(corpus, place(kind), IndexOptions(retriever=retriever))
        found.append(index.search("Parcels and returns for free within thirty days", 50, where))
        with pytest.raises(UserError, match="colour") as caught:
            index.search("returns", 5, parse_where(["colour=red"]))
        assert "tags" in caught.value.message
    agree(*found)
    assert found[0]


def build(corpus: Path, place: Place, options: IndexOptions = HYBRID) -> Index:
    build_index([corpus], place, options)
    return open_index(place)


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_gives_what_a_fresh_build_gives(kind: str, corpus: Path, place: Callable[[str], Place]) -> None:
    updated = place(kind)
    build(corpus, updated)
    (corpus / "shipping.md").write_text("# Shipping\n\nIslands take ten days.")
    (corpus / "sub" / "3.txt").unlink()
    (corpus / "a first one.txt").write_text("Parcels to other planets take years.")
    (corpus / "rows.jsonl").write_text(ROWS.replace("five euros", "nothing"))
    summary = update_index([], updated)
    changes = {"added": 1, "changed": 2, "deleted": 1, "unchanged": 34}
    assert {name: getattr(summary, name) for name in changes} == changes
    assert summary.embedded == 3
    index, fresh = open_index(updated), build(corpus, place(kind))
    assert [*index.documents.items()] == [*fresh.documents.items()]
    assert [*index.chunks] == [*fresh.chunks]
    for question in QUESTIONS:
        assert [content(hit) for hit in index.search(question, 50)] == [
            content(hit) for hit in fresh.search(question, 50)
        ]
    assert inspect_index(updated, verify=True).verified


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_deleted_is_never_found_again(kind: str, corpus: Path, place: Callable[[str], Place]) -> None:
    there = place(kind)
    build(corpus, there)
    (corpus / "退货.md").unlink()
    assert update_index([], there).deleted == 1
    index = open_index(there)
    assert "退货.md" not in index.documents
    for retriever in ("bm25", "dense", "hybrid"):
        assert "退货.md" not in {hit.document for hit in index.ranked_by(retriever).search("掉色 退货 质量", 50)}
    assert index.words.rarity("掉色") == build(corpus, place(kind)).words.rarity("掉色")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unchanged_source_changes_nothing(kind: str, corpus: Path, place: Callable[[str], Place]) -> None:
    there = place(kind)
    before = [content(hit) for hit in build(corpus, there).search("parcels", 20)]
    for summary in (update_index([], there), build_index([corpus], there, HYBRID)):
        assert (summary.embedded, summary.unchanged, summary.deleted) == (0, 37, 0)
    assert [content(hit) for hit in open_index(there).search("parcels", 20)] == before


@pytest.mark.parametrize("kind", KINDS)
def test_other_settings_replace_the_index(kind: str, corpus: Path, place: Callable[[str], Place]) -> None:
    there = place(kind)
    build(corpus, there)
    summary = build_index([corpus], there, IndexOptions(retriever="hybrid", chunker="whole"))
    assert summary.embedded < summary.chunks, "texts that were embedded before are not embedded again"
    index = open_index(there)
    assert index.manifest.options.chunker == "whole"
    assert len(index.chunks) == summary.chunks == summary.documents
    assert build(corpus, there, IndexOptions(retriever="bm25")).embedder is None


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_index_is_undisturbed(kind: str, corpus: Path, place: Callable[[str], Place]) -> None:
    there = place(kind)
    reader = build(corpus, there)
    before = reader.search("Islands take a week")
    (corpus / "shipping.md").unlink()
    update_index([], there)
    build_index([corpus], there, IndexOptions(chunker="whole"))
    assert reader.search("Islands take a week") == before
    assert reader.documents["shipping.md"].text
    assert "shipping.md" not in open_index(there).documents


@pytest.mark.parametrize("kind", KINDS)
def test_readers_see_whole_states_while_updates_go_on(kind: str, tmp_path: Path, place: Callable[[str], Place]) -> None:
    """Both documents are always of the same state, however the readers and the updates meet."""
    folder, there, done = tmp_path / "states", place(kind), threading.Event()
    folder.mkdir()
    seen: list[set[str]] = []
    problems: list[Exception] = []

    def write(state: int) -> None:
        for name in ("one", "two"):
            (folder / f"{name}.txt").write_text(f"shared word, state{state}")

    def read() -> None:
        while not done.is_set():
            try:
                hits = open_index(there).search("shared", 5)
            except Exception as error:  # noqa: BLE001 - told below, in the thread that counts
                problems.append(error)
                return
            seen.append({hit.text.rpartition(" ")[2] for hit in hits} if len(hits) == 2 else {"too few"})

    write(0)
    build_index([folder], there, HYBRID)
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for state in range(1, 16):
        write(state)
        update_index([], there) if state % 5 else build_index([folder], there, IndexOptions(chunk_tokens=8 + state))
    done.set()
    for reader in readers:
        reader.join()
    assert not problems
    assert all(len(states) == 1 and "too few" not in states for states in seen), seen
    assert len({*map(frozenset, seen)}) > 3, "updates and readers did meet"


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_build_goes_on_where_it_was(
    kind: str, corpus: Path, place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtin, "open_embedder", lambda name: builtin.HashedTokens(batch_size=1))

    def interrupt(label: str, done: float, total: float | None, /) -> None:
        if label == "Embedding":
            raise KeyboardInterrupt

    there = place(kind)
    with pytest.raises(KeyboardInterrupt):
        build_index([corpus], there, HYBRID, interrupt)
    with pytest.raises(UserError, match="no index"):
        open_index(there)
    undisturbed = build_index([corpus], place(kind), HYBRID)
    assert 0 < build_index([corpus], there, HYBRID).embedded < undisturbed.embedded
    assert [*open_index(there).chunks] == [*build(corpus, place(kind)).chunks]


@pytest.mark.parametrize("kind", KINDS)
def test_no_index(kind: str, place: Callable[[str], Place]) -> None:
    for use in (open_index, inspect_index, lambda there: update_index([], there)):
        with pytest.raises(UserError, match="no index") as caught:
            use(place(kind))
        assert "rag build" in caught.value.hint


def test_stores_measure_the_same(corpus: Path, place: Callable[[str], Place]) -> None:
    questions = [
        Question(id=str(number), question=f"damaged in shop {number}", relevant=(f"sub/{number}.txt",))
        for number in range(9)
    ]
    one, other = (evaluate_index(build(corpus, place(kind)), questions) for kind in KINDS)
    assert one.model_dump(exclude={"latency_seconds"}) == other.model_dump(exclude={"latency_seconds"})
    assert one.recall["10"] > 0.5
