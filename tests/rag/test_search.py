"""What comes after the ranking: reranking, variety, and sections around sentences."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.knowledge.errors import RefusedError, UserError
from ftadvisor.rag.build import build_index
from ftadvisor.rag.embedders import open_embedder
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import Hit, IndexOptions
from ftadvisor.rag.rerankers import open_reranker
from ftadvisor.rag.search import SearchOptions, search
from ftadvisor.rag.variety import varied
from hypothesis import given
from hypothesis import strategies as st

from .chat_server import ChatServer, Reply, without_waits
from .conftest import POLICY, write_rows

ROWS = [{"id": f"d{number}", "text": f"The river Thames, fact {number}."} for number in range(12)]


class Reversing:
    """Prefer what the index ranks last."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float(place) for place, _ in enumerate(texts)]


def test_a_reranker_orders_more_than_it_gives(tmp_path: Path) -> None:
    build_index([write_rows(tmp_path / "a.jsonl", ROWS)], tmp_path / "index")
    index = open_index(tmp_path / "index")
    plain = index.search("river Thames", 12)
    (hits,) = search(index, ["river Thames"], SearchOptions(3, reranker=Reversing()))
    assert [hit.document for hit in hits] == [hit.document for hit in plain[::-1][:3]]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_real_cross_encoder_scores_pairs(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "river", "thames", "fact", "the"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    folder = tmp_path / "reranker"
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(folder)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForSequenceClassification(BertConfig(vocab_size=len(words), num_labels=1, **size)).save_pretrained(folder)
    reranker = open_reranker(str(folder))
    texts = ["the river thames", "fact", "the"]
    scores = reranker.scores("river", texts)
    assert len(scores) == 3
    assert reranker.scores("river", texts[::-1]) == pytest.approx(scores[::-1], abs=1e-4)


def test_a_folder_without_a_reranker_is_told(tmp_path: Path) -> None:
    for name in (str(tmp_path / "missing"), str(tmp_path)):
        with pytest.raises(UserError, match="reranker"):
            open_reranker(name)


def hits_of(*texts: str) -> list[Hit]:
    return [Hit(f"d{place}", 0, 0, len(text), 1.0 / (1 + place), text) for place, text in enumerate(texts)]


def test_variety_passes_over_what_says_the_same_again() -> None:
    hits = hits_of("tea is sold in Leeds", "tea is sold in Leeds", "Leeds sold tea", "coffee comes from Java")
    assert [hit.document for hit in varied(hits, 2)] == ["d0", "d3"]


@given(st.lists(st.text(max_size=12), max_size=12), st.integers(0, 14))
def test_variety_loses_and_invents_nothing(texts: list[str], count: int) -> None:
    hits = hits_of(*texts)
    found = varied(hits, count)
    assert len(found) == min(count, len(hits))
    assert len({hit.document for hit in found}) == len(found)
    assert found[:1] == hits[: min(count, 1)]


def test_a_sentence_is_matched_and_its_section_given(tmp_path: Path) -> None:
    (tmp_path / "policy.md").write_text(POLICY, encoding="utf-8")
    build_index([tmp_path / "policy.md"], tmp_path / "index", IndexOptions(chunker="sentences"))
    index = open_index(tmp_path / "index")
    hits = index.search("洗一次就掉色怎么办", 5)
    assert hits[0].text == "## 第二条 质量问题\n\n洗一次就掉色、开线属于质量问题,我们承担运费并全额退款。"
    assert len({(hit.document, hit.start) for hit in hits}) == len(hits)
    for hit in hits:
        assert POLICY[hit.start : hit.end] == hit.text


def test_titles_above_a_chunk_are_searched_unless_asked_otherwise(tmp_path: Path) -> None:
    (tmp_path / "policy.md").write_text(
        "# Kettles\n\n## Care\n\nRinse it daily.\n\n## Price\n\nTen pounds.\n", encoding="utf-8"
    )
    found = {}
    for headers in ("titles", "none"):
        build_index([tmp_path / "policy.md"], tmp_path / "index", IndexOptions.model_validate({"headers": headers}))
        found[headers] = {hit.text for hit in open_index(tmp_path / "index").search("kettles", 5)}
    assert len(found["titles"]) == 2
    assert found["none"] == set()


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], ChatServer]]:
    started: list[ChatServer] = []

    def start(reply: Reply) -> ChatServer:
        started.append(ChatServer(reply))
        return started[-1]

    yield start
    for server in started:
        server.close()


def letters(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Embed a text as how often it has each letter; the rows come in another order than asked, as is allowed."""
    rows = [
        {"index": place, "embedding": [text.lower().count(letter) + 0.001 for letter in "abcdefgrstuvw"]}
        for place, text in enumerate(body["input"])
    ]
    return 200, {"data": rows[::-1]}


def test_what_is_for_this_machine_passes_through_no_other(
    tmp_path: Path, serve: Callable[[Reply], ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger, server = serve(letters), serve(letters)
    monkeypatch.setenv("http_proxy", stranger.url.removesuffix("/v1"))
    monkeypatch.delenv("no_proxy", raising=False)
    rows: list[dict[str, object]] = [{"id": "d", "text": "a tree"}]
    options = IndexOptions(embedder=f"{server.url}#tiny", retriever="dense")
    build_index([write_rows(tmp_path / "a.jsonl", rows)], tmp_path / "index", options)
    assert server.requests
    assert not stranger.requests


def test_an_endpoint_embeds_in_batches_and_each_text_once(
    tmp_path: Path, serve: Callable[[Reply], ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTADVISOR_ENDPOINT_KEY", "secret")
    server = serve(letters)
    rows: list[dict[str, object]] = [{"id": f"d{number}", "text": f"word{number} tree"} for number in range(150)]
    options = IndexOptions(embedder=f"{server.url}#tiny", retriever="dense")
    build_index([write_rows(tmp_path / "a.jsonl", rows)], tmp_path / "index", options)
    sent = [body["input"] for path, body, _ in server.requests]
    assert {path for path, _, _ in server.requests} == {"/v1/embeddings"}
    assert {key for _, _, key in server.requests} == {"Bearer secret"}
    assert max(map(len, sent)) == 64
    assert sum(map(len, sent)) == 151
    hits = open_index(tmp_path / "index").search("tree word7", 3)
    assert len(hits) == 3
    before = len(server.requests)
    rows.append({"id": "new", "text": "a new text"})
    build_index([write_rows(tmp_path / "a.jsonl", rows)], tmp_path / "index", options)
    assert [body["input"] for _, body, _ in server.requests[before:]] == [["probe"], ["a new text"]]


def test_an_endpoint_that_breaks_off_while_it_embeds_is_asked_again(
    tmp_path: Path, serve: Callable[[Reply], ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waits(monkeypatch)
    broken = iter([200, 0, 503, 200])  # the probe, and three tries of the batch

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return next(broken), {"data": [{"embedding": [3.0, 4.0]} for _ in body["input"]]}

    server = serve(reply)
    rows = [{"id": "a", "text": "an oak"}, {"id": "b", "text": "an elm"}]
    options = IndexOptions(embedder=f"{server.url}#tiny")
    assert build_index([write_rows(tmp_path / "a.jsonl", rows)], tmp_path / "index", options).embedded == 2
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "answer", [{}, {"data": []}, {"data": [{"embedding": "x"}]}, {"data": [{"embedding": [float("nan")]}]}, [1], b"no"]
)
def test_an_endpoint_without_vectors_is_told(answer: Any, serve: Callable[[Reply], ChatServer]) -> None:
    server = serve(lambda path, body: (200, answer))
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
        open_embedder(f"{server.url}#tiny")
