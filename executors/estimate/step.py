"""Play one training step on shadow tensors and read the meter after every phase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...knowledge.stack import Stack
from .inputs import batch_bytes
from .layers import Layers
from .methods.method import FineTuning
from .request import BITS, EstimateRequest
from .shadow.graph import Run, Value, backward, require_gradient
from .shadow.loss import causal_loss, chunked_loss, kept_chunks_loss, liger_loss, without_last
from .shadow.memory import Kind, Storage, Stream
from .shadow.modules import Modules
from .shadow.operations import cast, last_rows, row_chunks
from .shadow.products import linear
from .sharding import Sharing
from .storage import Placement
from .weights import Architecture, Block, Weight

CHUNK_ROWS = 256


@dataclass
class StepPeaks:
    """Collect the highest need of each phase, on top of what stays on the device all the time.

    Attributes:
        bytes: Phase -> bytes.
        kinds: Phase -> the same, by kind.
        gradients: Bytes of all gradients together.
        inputs: Bytes of the batch.
    """

    bytes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, tuple[int, ...]] = field(default_factory=dict)
    gradients: int = 0
    inputs: int = 0


class Step:
    """Play forward and backward of one micro step.

    Args:
        request: The run's settings.
        architecture: The model.
        method: What is trained.
        placement: How weights are kept.
        stack: How the libraries behave.
        sharing: How several devices share; without it there is one.
        held: Bytes of gradients that earlier micro steps have left.
    """

    def __init__(
        self,
        request: EstimateRequest,
        architecture: Architecture,
        method: FineTuning,
        placement: Placement,
        stack: Stack,
        sharing: Sharing | None = None,
        held: int = 0,
    ) -> None:
        self.sharing, self.held = sharing or Sharing(), held
        self.request, self.architecture, self.method = request, architecture, method
        self.placement, self.stack = placement, stack
        self.run = Run(BITS["bf16"] if request.amp else 0)
        self.run.on_cpu = request.device == "cpu"
        self.rows = request.batch * (request.seq_len + method.extra_tokens)
        self.outside = self.modules(architecture.outside)
        self.peaks = StepPeaks()
        self.kept: list[Value] = []

    def play(self) -> StepPeaks:
        """Return the peaks of the forward and the backward phase, and the size of the gradients."""
        batch = self._batch()
        held = self.run.new(self.held, Kind.GRADIENT)
        self.run.accumulates = self.held > 0
        root = self.run.new(self.sharing.root, Kind.TEMPORARY, stream=Stream.GATHER)
        words = self._words()
        hidden = self._embedded()
        origin = [hidden.node]  # the graph holds the embeddings to the end
        tables = self._tables()
        mask = self._mask()
        layers = list(self._all_layers(hidden))
        embedded = None if self.architecture.loss_rows else hidden.storage  # transformers' models name it to the end
        for layer in layers:
            hidden = layer.forward(hidden)
        del embedded
        self.outside.named.clear()
        if not self.request.grad_checkpointing:
            del mask[:]  # checkpoints hold what they pass on
        arriving = require_gradient(hidden)
        hidden = self.architecture.finish(self.outside, hidden)
        merged = self._merged_head()
        loss = self._loss(hidden)
        del hidden
        self.run.casts.clear()
        self._close("forward")
        for layer in layers:
            layer.drop_cache()
        dense = self._merged_head()
        if loss.node is not None:
            backward(loss.node, self.run.new(loss.size))
        del loss, merged, dense
        self.kept = []
        while layers:
            arriving = layers.pop().backward(arriving)
        first = origin.pop()
        if first is not None and arriving:
            backward(first, arriving.pop())
        del first
        self._embedding_gradient()
        self._close("backward")
        self.run.pinned.clear()
        del batch, held, root, tables, mask, origin, words
        return self.peaks

    def read(self) -> int:
        """Return the bytes that reading a prompt needs beside weights and cache, without a backward pass."""
        self.run.recording = False
        batch = self._batch()
        hidden = self._embedded()
        tables, mask = self._tables(), self._mask()
        for block in self.architecture.blocks:
            if block.enter is not None:
                hidden, shared = block.enter(self.outside, hidden)
            else:
                shared = {}
            modules = self.modules(block.weights)
            modules.shared = shared
            hidden = block.forward(modules, hidden)
        self.architecture.finish(self.outside, hidden)
        del batch, tables, mask
        return self.run.meter.peak

    def _all_layers(self, hidden: Value) -> Iterator[Layers]:
        """Yield all layers; a first one whose input needs no gradient saves less than the others, and is apart."""
        first, *others = self.architecture.blocks
        if hidden.node is None and not self.request.grad_checkpointing and first.enter is None:
            yield self._layers(replace(first, count=1), frozen_input=True)
            others = [replace(first, count=first.count - 1), *others] if first.count > 1 else others
        else:
            others = [first, *others]
        yield from map(self._layers, others)

    def _layers(self, block: Block, *, frozen_input: bool = False) -> Layers:
        modules = self.modules(block.weights)
        layers = Layers(self.run, block, modules, self.outside, self.request, self.stack, self.sharing)
        layers.frozen_input = frozen_input
        return layers

    def modules(self, weights: tuple[Weight, ...]) -> Modules:
        """Return the layers of a block, or those outside the blocks."""
        return Modules(self.run, weights, self.placement, self.method, self.request, self.stack)

    def _close(self, phase: str) -> None:
        meter = self.run.meter
        self.peaks.bytes[phase], self.peaks.kinds[phase] = meter.peak, meter.peak_by_kind
        self.peaks.gradients = meter.by_kind[Kind.GRADIENT]
        meter.start_phase()

    def _batch(self) -> list[Storage]:
        batch = [self.run.new(size) for size in batch_bytes(self.request, self.architecture)]
        self.peaks.inputs = self.run.meter.current // 2
        return batch

    def _embedded(self) -> Value:
        source = self.architecture.source
        if source is not None:
            return source(self.outside)
        self._merged_table()
        hidden = self.outside.embed(self.rows, self.architecture.outside[0].shape[1])
        if self.architecture.unused_gradient and hidden.node is None:
            require_gradient(hidden, leaf=True)
        return self.architecture.start(self.outside, hidden)

    def _words(self) -> list[Storage]:
        """Return the words' embeddings behind which a soft prompt is not: with checkpoints the graph holds them.

        Source: transformers ``PreTrainedModel.enable_input_require_grads`` makes them a leaf; peft joins copies.
        """
        if not (self.method.extra_tokens and self.request.grad_checkpointing):
            return []
        return [self.run.new(self.request.tokens * self.architecture.hidden * self.placement.outer_item)]

    def _tables(self) -> list[Storage]:
        """Return the rotary tables, sine and cosine for every position, in the residual stream's precision."""
        size = self.rows // self.request.batch * self.architecture.angles * self.placement.outer_item
        return [self.run.new(size), self.run.new(size)] if size else []

    def _mask(self) -> list[Storage]:
        """Return the causal mask of eager attention, one number for every pair of positions; before a prefix, flags."""
        prefix = self.method.prefix_tokens
        if prefix and self.request.attention == "sdpa" and self.architecture.family == "decoder":
            return [self.run.new(self.rows * (self.request.seq_len + prefix))]
        if self.request.attention != "eager" or self.architecture.family == "vision":
            return []
        length = self.request.target_len if self.architecture.decodes else self.rows // self.request.batch
        return [self.run.new(self.request.batch * length * length * BITS[self.request.dtype])]

    def _loss(self, hidden: Value) -> Value:
        head = self._head()
        if 0 < self.request.loss_len < self.request.seq_len:
            hidden = last_rows(hidden, self.request.batch * self.request.loss_len)
        if self.architecture.loss_rows and self.request.loss == "standard":
            return self._kept_chunks(hidden)
        if self.request.loss == "liger":
            trained = head.elements * self.placement.item_of(head) if self.method.trains(head) else 0
            return liger_loss(hidden, self.architecture.vocab, trained)
        if self.request.loss == "chunked":
            return chunked_loss(hidden, self._logits, CHUNK_ROWS)
        return causal_loss(
            [self._logits(hidden)],
            upcasts=self.architecture.upcasts_logits,
            keeps_narrow=self.stack.keeps_narrow_logits and not self.architecture.drops_narrow,
            shifts=self.stack.copies_shifted_logits and self.architecture.family == "decoder",
            sequences=self.request.batch,
            narrows=self.architecture.narrows_logits,
        )

    def _kept_chunks(self, hidden: Value) -> Value:
        """Return litgpt's loss: adapters run the head chunk by chunk, full fine-tuning splits its output.

        Source: litgpt ``chunked_cross_entropy``; Lightning Fabric ``HalfPrecision.convert_output``, which widens what
        a model returns to float32.
        """
        rows = self.architecture.loss_rows
        if self.request.method == "full":
            self.kept = [cast(self._logits(hidden), BITS["fp32"])]
            self._beside_last_graph()
            return kept_chunks_loss(row_chunks(self._trimmed(self.kept[0]), rows))
        narrow = [self._logits(chunk) for chunk in row_chunks(hidden, rows * self.request.batch)]
        self.kept = [cast(logits, BITS["fp32"]) for logits in narrow]
        del narrow
        self._beside_last_graph()
        return kept_chunks_loss(self.kept)

    def _beside_last_graph(self) -> None:
        """Count what the micro step before has left until its logits are replaced: they, and what their graph holds."""
        if not self.architecture.lingers:
            return
        meter, left = self.run.meter, self.run.pinned_bytes()
        kinds = list(meter.peak_by_kind)
        kinds[Kind.ACTIVATION] += left
        for logits in self.kept:
            left += logits.size
            kinds[Kind.LOGITS] += logits.size
        meter.peak, meter.peak_by_kind = meter.peak + left, tuple(kinds)

    def _trimmed(self, logits: Value) -> Value:
        """Return the logits without the last position; only those of several sequences have to be copied."""
        return without_last(logits) if self.request.batch > 1 else logits

    def _logits(self, hidden: Value) -> Value:
        head = self._head()
        if head.role == "linear":
            logits = self.modules(self.architecture.outside).linear(head.name, hidden)
            logits.storage.become(Kind.LOGITS)
            return self.architecture.after_head(self.outside, logits)
        trained = head if self.method.trains(head) else None
        logits = linear(hidden, self.architecture.vocab, self.placement.item_of(head), trained)
        logits.storage.become(Kind.LOGITS)
        return self.architecture.after_head(self.outside, logits)

    def _head(self) -> Weight:
        role = "embedding" if self.architecture.tied_head else "head"
        outside = self.architecture.outside
        return next(weight for weight in outside if weight.role == role or weight.name == "lm_head")

    def _merged_table(self) -> Storage | None:
        """Return a copy of the table of tokens with its new rows in it, as peft makes it to look tokens up.

        Its gradient is as large, and only the new rows' part of it is kept.

        Source: peft ``TrainableTokensLayer.get_merged_weights``.
        """
        table = self.architecture.outside[0]
        size = table.elements * self.placement.item_of(table)
        return self.run.new(size, Kind.TEMPORARY) if self.method.grown_rows else None

    def _merged_head(self) -> Storage | None:
        """Return the same of a language model's head, which the backward pass reads again."""
        return None if self.request.labels else self._merged_table()

    def _embedding_gradient(self) -> None:
        self._merged_table()
        tied = self._head() if self.architecture.tied_head else None
        for weight in self.architecture.outside:
            if weight.role != "embedding" or not self.method.trains(weight):
                continue
            gradient = weight.elements * self.placement.item_of(weight)
            if weight is tied:  # added to the head's gradient, then dropped
                self.run.new(gradient, Kind.TEMPORARY)
            else:
                self.run.parameter_gradient(gradient)
        if self.sharing.gathers:  # what lies outside the blocks is one unit, whose gradients become one tensor
            outside = sum(
                weight.elements * self.placement.item_of(weight)
                for weight in self.architecture.outside
                if self.method.trains(weight)
            )
            self.run.new(outside * self.sharing.widens, Kind.TEMPORARY)
