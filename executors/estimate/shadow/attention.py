"""Rotary positions and attention."""

from collections.abc import Callable
from dataclasses import dataclass

from ..weights import rounded
from .graph import Gradients, Run, Value, fresh, record
from .memory import Storage
from .norms import leafed
from .operations import add, cast, copy, dropout, scale, split

FP32 = 4
FLASH_ROWS = 128
"""Rows to which flash attention rounds a sequence. Source: flash-attn ``flash_api.cpp``, ``round_multiple``."""

MASK_ALIGN = 16
"""Keys to which a mask is padded. Source: PyTorch ``transformers/attention.cpp``, ``pad_bias``."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Describe one attention: how many sequences, heads, and numbers per head."""

    batch: int
    queries: int
    keys: int
    size: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Say what happens to the scores of a family's attention.

    Attributes:
        limit: What is applied to written-out scores before the softmax.
        bias: Learned numbers per head and pair of positions, the same for all sequences, that are added to them.
        copies: Whether the bias is copied for a fused kernel: where it is no plain tensor, or a mask is put into it.
        scaled: Whether the product that makes written-out scores scales them; these and the masked ones stay named.
        masked: Whether a mask is added to written-out scores.
        wide: Whether the softmax is written out in float32.
        apart: Whether each head's rows lie together, so that a fused kernel's output is copied into the rows' order.
        chance: Dropout of the attention's weights.
    """

    limit: Callable[[Value], Value] | None = None
    bias: Value | None = None
    copies: bool = False
    scaled: bool = False
    masked: bool = True
    wide: bool = True
    apart: bool = False
    chance: float = 0.0


PLAIN = Scores()


def rotary(x: Value, item: int) -> Value:
    """Return queries or keys turned by their positions; ``item`` is the precision of the angles.

    Source: transformers ``apply_rotary_pos_emb``.
    """
    return add(scale(x, item), scale(_rotate_half(x), item))


def _rotate_half(x: Value) -> Value:
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        negated = run.new(size // 2)
        first = run.new(size)
        del negated
        second = run.new(size)
        del second
        return (first,)

    negative = run.new(size // 2)
    output = fresh(run, x.rows, x.width, x.item)
    del negative
    return record(output, (x,), (), back)


def partly_rotary(x: Value, item: int, share: float) -> Value:
    """Return heads of which only a share is turned, copied together with the rest."""
    turned = int(x.width * share)
    part, rest = split(x, (turned, x.width - turned))
    return _joined(rotary(part, item), rest)


def _joined(a: Value, b: Value) -> Value:
    def back(gradient: Storage) -> Gradients:
        return (gradient, gradient)

    return record(fresh(a.run, a.rows, a.width + b.width, max(a.item, b.item)), (a, b), (), back)


def prefixed(x: Value, rows: int) -> Value:
    """Return keys or values copied behind a trained prefix of ``rows`` rows, whose gradient is a slice."""

    def back(gradient: Storage) -> Gradients:
        return (gradient,)

    return record(fresh(x.run, x.rows + rows, x.width, x.item), (leafed(x),), (), back)


def masked(query: Value, keys: int, item: int) -> Value:
    """Return a mask over every sequence's positions and keys as numbers, which each layer makes and pads for itself.

    Source: PyTorch ``aten/src/ATen/native/transformers/attention.cpp``, ``convert_boolean_attn_mask``, ``pad_bias``.
    """
    width = -(-keys // MASK_ALIGN) * MASK_ALIGN
    return Value(query.run, query.run.new(query.rows * width * item), query.rows, width, item)


def spread(run: Run, x: Value, sequences: int) -> Value:
    """Return rows for one sequence only, which broadcast over the batch."""
    return Value(run, run.new(x.size // sequences), x.rows, x.width, x.item)


def attend(
    query: Value,
    key: Value,
    value: Value,
    heads: Heads,
    kind: str,
    item: int,
    scores: Scores = PLAIN,
) -> tuple[Value, Value | None]:
    """Return the attention's output in the layout of the queries, and its weights where they are written out.

    Args:
        query: Rows of all heads' queries.
        key: Rows of the key heads.
        value: Rows of the value heads.
        heads: Sizes.
        kind: ``flash`` and ``sdpa`` are fused kernels, ``eager`` writes the scores out.
        item: Bytes per number in which a fused kernel computes.
        scores: What happens to the scores.
    """
    if kind == "eager":
        return _eager(query, key, value, heads, scores)
    if query.run.on_cpu and scores.chance and scores.bias is None:
        return _unfused(query, key, value, heads, scores), None
    if scores.bias is not None:
        return _biased(cast(query, item), cast(key, item), cast(value, item), heads, scores), None
    output = _flash(cast(query, item), cast(key, item), cast(value, item), heads)
    return copy(output) if scores.apart else output, None


def _flash(query: Value, key: Value, value: Value, heads: Heads) -> Value:
    """Keep the output and one sum per row; the backward pass needs a float32 accumulator.

    Source: flash-attn 2 ``mha_fwd`` and ``mha_bwd``; PyTorch's fused attention is the same code.
    """
    run, sizes = query.run, (query.size, key.size, value.size)
    rows = heads.batch * heads.queries * -(-(query.rows // heads.batch) // FLASH_ROWS) * FLASH_ROWS
    padded = -(-heads.size // 32) * 32 if heads.size <= 128 else -(-heads.size // 64) * 64
    expanded = key.rows * heads.queries * heads.size * key.item if heads.keys != heads.queries else 0

    def back(gradient: Storage) -> Gradients:
        results = tuple(map(run.new, sizes))
        sums, accumulator = run.new(rows * FP32), run.new(rows * padded * FP32)
        wide = [run.new(expanded), run.new(expanded)] if expanded else []
        del sums, accumulator, wide
        return results

    output = fresh(run, query.rows, query.width, query.item)
    sums = run.new(query.rows * heads.queries * FP32)
    return record(output, (query, key, value), (query.storage, key.storage, value.storage, output.storage, sums), back)


def _biased(query: Value, key: Value, value: Value, heads: Heads, scores: Scores) -> Value:
    """Return the attention of the fused kernel that takes a bias, whose gradient it makes for every sequence.

    Source: PyTorch ``aten/src/ATen/native/transformers/cuda/attention_backward.cu``,
    ``_efficient_attention_backward``; transformers ``create_position_bias_mask``.
    """
    assert scores.bias is not None
    bias = cast(copy(scores.bias) if scores.copies else scores.bias, query.item)
    run, sizes, bias_size, needed = query.run, (query.size, key.size, value.size), bias.size, bias.node is not None
    rows, sequences = query.rows * heads.queries, heads.batch

    def back(gradient: Storage) -> Gradients:
        results = tuple(map(run.new, sizes))
        sums, accumulator = run.new(rows * FP32), run.new(rows * heads.size * FP32)
        wide = run.new(bias_size * sequences) if needed else None
        del sums, accumulator
        summed = run.new(bias_size) if needed else None
        del wide
        return (*results, summed)

    output = fresh(run, query.rows, query.width, query.item)
    sums = run.new(rows * FP32)
    kept = (query.storage, key.storage, value.storage, bias.storage, output.storage, sums)
    return record(output, (query, key, value, bias), kept, back)


def _eager(query: Value, key: Value, value: Value, heads: Heads, scores: Scores) -> tuple[Value, Value]:
    """Write out the scores of every pair of tokens.

    Source: transformers ``eager_attention_forward``.
    """
    query, key, value = _apart(query), _apart(repeat(key, heads)), _apart(repeat(value, heads))
    pairs = heads.batch * heads.queries * (query.rows // heads.batch)
    length = key.rows // heads.batch
    weights = product(query, key, pairs, length)
    named = [weights] if scores.scaled else []
    if not scores.scaled:
        weights = scale(weights)
    if scores.limit is not None:
        weights = scores.limit(weights)
    if scores.bias is not None:
        weights = _plus_bias(weights, scores.bias)
    if scores.masked:
        weights = scale(weights)  # the mask is added
    if scores.scaled:
        named.append(weights)
    weights = cast(softmax(cast(weights, FP32 if scores.wide else weights.item)), query.item)
    weights = dropout(weights, scores.chance)
    output = product(weights, value, query.rows, query.width)
    del named
    return copy(output), weights


def _unfused(query: Value, key: Value, value: Value, heads: Heads, scores: Scores) -> Value:
    """Write out the scores where no fused kernel of a CPU drops any, in float32 whatever it is given.

    Source: PyTorch ``aten/src/ATen/native/transformers/sdp_utils_cpp.cpp``, ``check_for_dropout``; ``attention.cpp``,
    ``_scaled_dot_product_attention_math``.
    """
    item = query.item
    query, key, value = cast(query, FP32), cast(key, FP32), cast(value, FP32)
    query, key = copy(scale(query)), copy(scale(repeat(key, heads)))
    value = copy(repeat(value, heads))
    pairs = heads.batch * heads.queries * (query.rows // heads.batch)
    weights = softmax(product(query, key, pairs, key.rows // heads.batch))
    return copy(cast(product(dropout(weights, scores.chance), value, query.rows, query.width), item))


def _apart(x: Value) -> Value:
    """Return a part of a joined projection copied, as products of written-out scores need it."""
    return copy(x) if x.storage.size > rounded(x.size) else x


def _plus_bias(weights: Value, bias: Value) -> Value:
    run, size = weights.run, bias.size

    def back(gradient: Storage) -> Gradients:
        return (gradient, run.new(size))

    output = fresh(run, weights.rows, weights.width, max(weights.item, bias.item))
    return record(output, (weights, bias), (), back)


def repeat(x: Value, heads: Heads) -> Value:
    """Return key or value heads copied once per query head that shares them."""
    if heads.keys == heads.queries:
        return x
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, heads.queries * heads.size, x.item), (x,), (), back)


def product(a: Value, b: Value, rows: int, width: int) -> Value:
    """Return batches of matrices multiplied, of which neither is a weight; each is saved for the other's gradient."""
    run, needs, sizes = a.run, (a.node is not None, b.node is not None), (a.size, b.size)
    saved = (*([b.storage] if needs[0] else []), *([a.storage] if needs[1] else []))

    def back(gradient: Storage) -> Gradients:
        return tuple(run.new(size) if need else None for need, size in zip(needs, sizes, strict=True))

    return record(fresh(run, rows, width, a.item), (a, b), saved, back)


def softmax(x: Value) -> Value:
    """Return the softmax of every row, which is saved."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    output = fresh(run, x.rows, x.width, x.item)
    return record(output, (x,), (output.storage,), back)
