"""Put a task's head in the place of a language model's, for decoders and for T5; encoders know their own heads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ...knowledge.messages import say
from .request import EstimateRequest
from .shadow.graph import Value
from .shadow.modules import Modules
from .shadow.operations import dropout, hyperbolic_tangent, last_rows
from .unsupported import UnsupportedError
from .weights import Architecture, Weight

if TYPE_CHECKING:
    from .weights import Forward

DROPOUT = 0.1
"""Before the head of tags. Source: transformers ``GenericForTokenClassification``."""


def headed(architecture: Architecture, request: EstimateRequest) -> Architecture:
    """Return a model with the head that a request asks for.

    Args:
        architecture: A decoder, or T5.
        request: Its ``labels`` are at least 1.

    Raises:
        UnsupportedError: Models of this kind have no such head.

    Source: transformers ``modeling_layers.py``, ``GenericForSequenceClassification`` and its siblings;
        ``modeling_t5.py``, ``T5ForSequenceClassification`` and its siblings.
    """
    kind = str(request.config["model_type"])
    if architecture.family != "decoder" and kind not in {"t5", "mt5"}:
        raise UnsupportedError(say("estimate.no_classifier", kind=kind))
    kept = [weight for weight in architecture.outside if weight.role != "head" and weight.name != "lm_head"]
    if architecture.decodes and request.head == "token":  # only the encoder is there
        kept = [weight for weight in kept if not weight.name.startswith("decoder.")]
        architecture = replace(architecture, family="encoder", blocks=architecture.blocks[:1], keys=0, cross_keys=0)
        finish: Forward = _encoded
    else:
        finish = architecture.finish
    return replace(
        architecture,
        vocab=request.labels,
        outside=(*kept, *_weights(architecture, request)),
        finish=partial(_finish, finish, request.head, architecture.decodes),
        tied_head=False,
        after_head=lambda modules, x: x,
    )


def _weights(architecture: Architecture, request: EstimateRequest) -> Iterator[Weight]:
    """Yield the head's weights; a decoder's for classes has no bias, T5's two layers."""
    hidden = architecture.hidden
    if architecture.decodes and request.head == "sequence":
        yield Weight("classifier.dense", (hidden, hidden), "other")
        yield Weight("classifier.dense.bias", (hidden,), "other")
    yield Weight("classifier", (request.labels, hidden), "head")
    if architecture.decodes or request.head != "sequence" or architecture.family == "encoder":
        yield Weight("classifier.bias", (request.labels,), "other")


def _finish(finish: Forward, head: str, decodes: bool, modules: Modules, x: Value) -> Value:
    x = finish(modules, x)
    if head == "token":
        return dropout(x, DROPOUT)
    if head == "span":
        return x
    x = last_rows(x, modules.sequences)
    if decodes:
        x = dropout(hyperbolic_tangent(modules.linear("classifier.dense", dropout(x, DROPOUT))), DROPOUT)
    return x


def _encoded(modules: Modules, x: Value) -> Value:
    return dropout(modules.t5_norm("encoder.final_layer_norm", x), DROPOUT)
