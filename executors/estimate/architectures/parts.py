"""Weights that most families share."""

from collections.abc import Iterator, Mapping

from ..weights import Weight

Shapes = Mapping[str, tuple[int, int]]


def linears(shapes: Shapes, biased: bool = False) -> Iterator[Weight]:
    """Yield linear layers, and their biases if they have any."""
    for name, shape in shapes.items():
        yield Weight(name, shape, "linear")
        if biased:
            yield Weight(f"{name}.bias", shape[:1], "other")


def rms_norms(width: int, *names: str) -> Iterator[Weight]:
    """Yield norms without bias."""
    return (Weight(name, (width,), "norm") for name in names)


def layer_norms(width: int, *names: str) -> Iterator[Weight]:
    """Yield norms with bias."""
    for name in names:
        yield Weight(name, (width,), "norm")
        yield Weight(f"{name}.bias", (width,), "norm")


def outer(vocab: int, hidden: int, *, tied: bool) -> Iterator[Weight]:
    """Yield the token embedding, and the head if it is a weight of its own."""
    yield Weight("embed_tokens", (vocab, hidden), "embedding")
    if not tied:
        yield Weight("lm_head", (vocab, hidden), "head")
