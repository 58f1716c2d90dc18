"""Whether an embedder can read a corpus, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ftadvisor.rag.build import build_index
from ftadvisor.rag.embedders import Role, builtin
from ftadvisor.rag.gate import can_read, measured_length, reach_of
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Reader:
    """An embedder of another model's name that knows the characters it is told, and reads so many of them."""

    known: str
    identity: str = "synthetic"
    dimension: int = builtin.DIMENSION
    longest: int | None = 40
    batch_size: int = 4
    weight: float = 1.0

    def token_starts(self, text: str) -> Sequence[int]:
        return [place for place, character in enumerate(text) if not character.isspace()]

    def unknown_tokens(self, text: str) -> int:
        return sum(not character.isspace() and character not in self.known for character in text)

    def embed(self, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
        return builtin.HashedTokens().embed(texts, role)


LATIN = "".join(map(chr, range(32, 127)))


def test_reach_is_measured_text_by_text() -> None:
    import numpy as np

    reader = Reader(LATIN)
    measured = np.array([measured_length(reader, text) for text in ("abcd", "退货", "x" * 41)])
    reach = reach_of(reader, measured[:, 0], measured[:, 1])
    assert reach.unknown_share == round(2 / 47, 4)
    assert reach.truncated_share == round(1 / 3, 4)
    assert reach.readable.tolist() == [True, False, True]


def test_a_few_unknown_characters_do_no_harm() -> None:
    assert can_read(Reader(LATIN), "A long English sentence with one 字 in it.")
    assert not can_read(Reader(LATIN), "退货 policy")


@pytest.mark.parametrize(("known", "retriever"), [(LATIN, "bm25"), (LATIN + "签收后天内可以退货。", "hybrid")])
def test_only_an_embedder_that_reads_chinese_is_fused(
    known: str, retriever: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftadvisor.rag.embedders import sentence_transformer

    monkeypatch.setattr(sentence_transformer, "open_embedder", lambda name: Reader(known))
    (tmp_path / "a.txt").write_text("签收后7天内可以退货。", encoding="utf-8")
    summary = build_index([tmp_path / "a.txt"], tmp_path / "index", IndexOptions(embedder="synthetic"))
    assert summary.retriever == retriever
    assert open_index(tmp_path / "index").search("几天内可以退货?")[0].document == "a.txt"


def test_chunks_are_no_longer_than_the_embedder_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ftadvisor.rag.embedders import sentence_transformer

    monkeypatch.setattr(sentence_transformer, "open_embedder", lambda name: Reader(LATIN))
    (tmp_path / "a.txt").write_text("One two three four. " * 20, encoding="utf-8")
    summary = build_index([tmp_path / "a.txt"], tmp_path / "index", IndexOptions(embedder="synthetic"))
    assert summary.truncated_share == 0.0
    assert summary.chunks >= 8
