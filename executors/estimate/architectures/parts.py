"""Weights and operations that most families share."""

from collections.abc import Iterator, Mapping

from ....knowledge.json_value import JsonValue
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, last_rows, new_gelu, rectified, scale
from ..weights import Weight

POOLING = "sentence_pooling"
"""What our own config of a sentence encoder with a head says: ``mean`` or ``cls``."""

Shapes = Mapping[str, tuple[int, int]]


def linears(shapes: Shapes, biased: bool = False, *, of_source: bool = False) -> Iterator[Weight]:
    """Yield linear layers, and their biases if they have any."""
    for name, shape in shapes.items():
        yield Weight(name, shape, "linear", of_source=of_source)
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


def activated(name: JsonValue, x: Value) -> Value:
    """Return ``x`` through the activation of that name; nearly all are one kernel that keeps its input.

    Source: transformers ``activations.py``, ``ACT2FN``.
    """
    kind = {"gelu_new": new_gelu, "relu": rectified}.get(str(name), activation)
    return kind(x)


def sentence_vectors(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    """Return one vector for each sequence, as ``executors.pooling`` does; the mean is of masked states."""
    if config[POOLING] == "mean":
        x = scale(x)
    return last_rows(x, modules.sequences)
