"""Linear layers and norms of one block, as the run's method, quantisation and precision make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ..request import BITS, EstimateRequest
from ..weights import Weight
from .attention import PLAIN, Heads, Scores, attend, masked, partly_rotary, prefixed, repeat, rotary, spread
from .convolution import batch_norm, convolve
from .graph import Gradients, Node, Run, Value, fresh, require_gradient
from .memory import Kind, Storage
from .norms import gemma_norm, late_norm, layer_norm, rms_norm, t5_norm
from .operations import add
from .packed import packed
from .products import linear

if TYPE_CHECKING:
    from ....knowledge.stack import Stack
    from ..storage import Placement


class Method(Protocol):
    """What a fine-tuning method changes in a block."""

    @property
    def prefix_tokens(self) -> int:
        """Keys and values that it puts before every layer's own."""

    @property
    def grown_rows(self) -> int:
        """Rows of the tables of tokens that are trained while the others are not."""

    def trains(self, weight: Weight) -> bool:
        """Whether a base weight gets a gradient."""

    def linear(self, modules: Modules, weight: Weight, x: Value) -> Value:
        """Return a linear layer's output, the method's additions included."""

    def after(self, modules: Modules, place: str, x: Value) -> Value:
        """Return a sub-layer's output, changed where the method puts something behind it."""


class Modules:
    """Give a block's forward pass its layers by name.

    Attributes:
        run: The shadow step.
        weights: The block's weights by name.
        sequences: Sequences in the batch.
        attention: Which attention computes.
        item: Bytes per number in which the model computes without autocast.
        scores: Eager attention's weights, which a layer's forward pass holds until it returns.
        cached: What the model's cache of keys and values holds.
        angle_item: Precision of the rotary angles, that of the residual stream.
        shared: What all layers of one kind read, by name.
        targets: Rows of the decoder that reads an encoder.
        checkpointing: Whether layers are recomputed.
        named: What a model's variables hold until its last layer has run, beside the first hidden states.
    """

    def __init__(
        self,
        run: Run,
        weights: tuple[Weight, ...],
        placement: Placement,
        method: Method,
        request: EstimateRequest,
        stack: Stack,
    ) -> None:
        self.run, self.placement, self.method, self.stack = run, placement, method, stack
        self.weights = {weight.name: weight for weight in weights}
        self.sequences, self.attention = request.batch, request.attention
        self.dtype, self.item = request.dtype, BITS[request.dtype]
        self.angle_item = placement.outer_item
        self.scores: Value | None = None
        self.cached: list[Storage] = []
        self.shared: Mapping[str, Value] = {}
        self.targets = request.batch * request.target_len
        self.checkpointing = request.grad_checkpointing
        self.named: list[Storage] = []

    def keep(self, x: Value) -> None:
        """Hold keys and values until the model's outputs are dropped, as its cache does."""
        self.cached.append(x.storage)

    def started(self, x: Value) -> Value:
        """Return the first hidden states of a frozen front, from which checkpoints need a gradient."""
        if x.node is None and self.checkpointing:
            require_gradient(x, leaf=True)
        return x

    def embed_again(self, rows: int, width: int) -> Value:
        """Return tokens embedded by a table that is in use already: its gradient is added to what is there."""
        table = next(weight for weight in self.weights.values() if weight.role == "embedding")
        hidden = fresh(self.run, rows, width, self.placement.outer_item)
        size = table.elements * self.placement.outer_item

        def back(gradient: Storage) -> Gradients:
            self.run.new(size, Kind.TEMPORARY)
            return ()

        if self.method.trains(table):
            hidden.node = Node(self.run.order(), (), [], back)
        elif self.checkpointing:
            require_gradient(hidden, leaf=True)
        return hidden

    def embed(self, rows: int, width: int) -> Value:
        """Return embedded tokens; their gradient is wanted for a trained embedding, or to start a checkpoint."""
        hidden = fresh(self.run, rows, width, self.placement.outer_item)
        trained = any(self.method.trains(weight) for weight in self.weights.values() if weight.role == "embedding")
        trained = trained or self.method.grown_rows > 0
        if trained or self.checkpointing:
            require_gradient(hidden, leaf=not trained)
        return hidden

    def linear(self, name: str, x: Value) -> Value:
        """Return ``x`` through a linear layer."""
        return self.method.linear(self, self.weights[name], x)

    def after(self, place: str, x: Value) -> Value:
        """Return a sub-layer's output through whatever the method adds behind it."""
        return self.method.after(self, place, x)

    def base(self, weight: Weight, x: Value) -> Value:
        """Return ``x`` through a linear layer of the base model."""
        if self.placement.quantises(weight):
            saves = self.stack.saves_packed_inputs
            twice = self.stack.unpacks_through_half and self.dtype != "fp16"
            return packed(self.run, weight, x, self.placement, self.dtype, saves=saves, twice=twice)
        bias = self.weights.get(f"{weight.name}.bias")
        trained = self.method.trains(weight)
        return linear(
            x,
            weight.shape[0],
            self.placement.item_of(weight),
            weight if trained else None,
            bias if bias and self.method.trains(bias) else None,
        )

    def rms_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through an RMSNorm."""
        weight = self.weights[name]
        return rms_norm(x, self.placement.item_of(weight), self.method.trains(weight))

    def gemma_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through Gemma's RMSNorm."""
        weight = self.weights[name]
        return gemma_norm(x, self.placement.item_of(weight), self.method.trains(weight))

    def layer_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through a LayerNorm."""
        weight, biased = self.weights[name], f"{name}.bias" in self.weights
        trained = self.method.trains(weight)
        return layer_norm(x, self.placement.item_of(weight), trained, self.run.amp_item > 0, biased=biased)

    def t5_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through T5's RMSNorm."""
        weight = self.weights[name]
        return t5_norm(x, self.placement.item_of(weight), self.method.trains(weight))

    def late_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through ChatGLM's RMSNorm."""
        weight = self.weights[name]
        return late_norm(x, self.placement.item_of(weight), self.method.trains(weight))

    def convolve(self, name: str, x: Value, rows: int) -> Value:
        """Return ``x`` through a convolution that gives ``rows`` positions."""
        weight, bias = self.weights[name], self.weights.get(f"{name}.bias")
        biased = bias is not None and self.method.trains(bias)
        item = self.placement.item_of(weight)
        return convolve(x, rows, weight, item, trained=self.method.trains(weight), biased=biased)

    def batch_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through a BatchNorm."""
        weight = self.weights[name]
        return batch_norm(x, self.placement.item_of(weight), trained=self.method.trains(weight))

    def rotary(self, x: Value, share: float = 1.0) -> Value:
        """Return queries or keys turned by their positions, or a share of every head turned and the rest as it was."""
        return rotary(x, self.angle_item) if share == 1 else partly_rotary(x, self.angle_item, share)

    def positions(self, x: Value, *, of_each: bool = False) -> Value:
        """Return the learned embeddings of one sequence's positions, spread over the batch, or those of each."""
        return spread(self.run, x, 1 if of_each else self.sequences)

    def summed(self, embedded: Value, positions: Value) -> Value:
        """Return embedded tokens plus positions, where the model's own variables hold both until its last layer."""
        self.named += [embedded.storage, positions.storage]
        return add(embedded, positions)

    def spread(self, x: Value, times: int) -> Value:
        """Return a frozen tensor like ``x`` of which only one in ``times`` rows is stored."""
        return spread(self.run, x, times)

    def attend(
        self,
        query: Value,
        key: Value,
        value: Value,
        heads: Heads,
        scores: Scores = PLAIN,
        *,
        prefixed_by_method: bool = True,
    ) -> Value:
        """Return the attention's output.

        Args:
            query: Rows of all heads' queries.
            key: Rows of the key heads.
            value: Rows of the value heads.
            heads: Sizes.
            scores: What happens to the scores.
            prefixed_by_method: Whether a method may put its prefix before these keys.
        """
        if prefixed_by_method and self.method.prefix_tokens:
            key, value = (prefixed(x, heads.batch * self.method.prefix_tokens) for x in (key, value))
        half = self.run.amp_item or (self.item if self.attention == "flash" else max(query.item, self.item))
        # a prefix needs a mask, and with one SDPA does not take fewer key than query heads
        if self.attention == "sdpa" and (self.method.prefix_tokens or not self.stack.groups_heads):
            if self.method.prefix_tokens and heads.keys != heads.queries:  # the cache has them as they were
                self.keep(key)
                self.keep(value)
            key, value = repeat(key, heads), repeat(value, heads)
            heads = replace(heads, keys=heads.queries)
        if self.attention == "sdpa" and self.method.prefix_tokens and scores.bias is None:
            scores = replace(scores, bias=masked(query, key.rows // heads.batch, half))
        output, self.scores = attend(query, key, value, heads, self.attention, half, scores)
        return output
