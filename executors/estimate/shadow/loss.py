"""The language model's loss: where the vocabulary's width meets every token."""

from collections.abc import Callable

from .graph import Gradients, Value, backward, fresh, record, require_gradient
from .memory import Kind, Storage
from .operations import cast

FP32 = 4


def causal_loss(
    holder: list[Value],
    *,
    upcasts: bool,
    keeps_narrow: bool,
    shifts: bool,
    sequences: int = 1,
    narrows: bool = False,
) -> Value:
    """Return cross entropy over all tokens.

    Args:
        holder: The logits, one row per token; emptied where the caller of the real loss lets go of them.
        upcasts: Whether the loss is in float32 whatever the logits are.
        keeps_narrow: Whether the 16-bit logits live on beside their float32 copy.
        shifts: Whether the last token's logits are left out, for which those of several sequences are copied.
        sequences: Sequences in the batch.
        narrows: Whether a 16-bit copy is made to be returned, when the loss is known.

    Source: transformers ``loss/loss_utils.py``, ``ForCausalLMLoss``; before 4.46 in each model's ``forward``.
    """
    logits = holder[0] if keeps_narrow else holder.pop()
    narrow = logits.size
    if upcasts:
        logits = cast(logits, FP32)
    shifted = without_last(logits, copied=sequences > 1) if shifts else logits  # named to the end, as there
    loss = _cross_entropy(shifted)
    if narrows:
        logits.run.new(narrow, Kind.LOGITS)
    return loss


def kept_chunks_loss(chunks: list[Value]) -> Value:
    """Return cross entropy chunk by chunk, over logits that the caller keeps.

    Args:
        chunks: The logits.

    Source: litgpt ``chunked_cross_entropy``.
    """
    losses = tuple(_cross_entropy(logits) for logits in chunks)
    run = chunks[0].run

    def back(gradient: Storage) -> Gradients:
        return tuple(run.new(FP32) for _ in losses)

    return record(fresh(run, 1, 1, FP32), losses, (), back)


def without_last(logits: Value, *, copied: bool = True) -> Value:
    """Return the logits without the last position, whose gradient is as large as the whole.

    Args:
        logits: The logits.
        copied: Whether a contiguous copy is made; a view of one sequence is contiguous as it is.

    Source: PyTorch ``Tensor.contiguous``, which passes over dimensions of size 1.
    """
    run, size = logits.run, logits.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size, Kind.LOGITS),)

    output = Value(run, logits.storage, logits.rows, logits.width, logits.item)
    if copied:
        output = fresh(run, logits.rows, logits.width, logits.item, Kind.LOGITS)
    return record(output, (logits,), (), back)


def _cross_entropy(logits: Value) -> Value:
    if logits.run.amp_item:
        logits = cast(logits, FP32)
    run, size = logits.run, logits.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size, Kind.LOGITS),)

    chances = fresh(run, logits.rows, logits.width, logits.item, Kind.LOGITS)
    chances = record(chances, (logits,), (chances.storage,), back)
    return record(fresh(run, 1, 1, FP32), (chances,), (chances.storage,), back)


def chunked_loss(hidden: Value, head: Callable[[Value], Value], rows: int) -> Value:
    """Return cross entropy over a few rows at a time, each chunk's logits recomputed in the backward pass.

    Args:
        hidden: The last hidden states.
        head: Makes logits from hidden states.
        rows: Rows per chunk.

    Source: TRL ``SFTConfig.loss_type = "chunked_nll"``, 256 rows.
    """
    run, size, item = hidden.run, hidden.size, hidden.item
    rows = min(rows, hidden.rows)

    def play(chunk: Value) -> Value:
        return causal_loss([head(chunk)], upcasts=True, keeps_narrow=True, shifts=False)

    def back(gradient: Storage) -> Gradients:
        result = run.new(size)
        chunk = fresh(run, rows, hidden_width, item)
        require_gradient(chunk)
        loss = play(chunk)
        if loss.node is not None:
            backward(loss.node, run.new(loss.size))
        return (result,)

    hidden_width = hidden.width
    with run.without_recording():
        play(fresh(run, rows, hidden_width, item))
    return record(fresh(run, 1, 1, FP32), (hidden,), (hidden.storage,), back)


def liger_loss(hidden: Value, vocab: int, trained_bytes: int) -> Value:
    """Return Liger's fused linear cross entropy, which makes all gradients in the forward pass.

    Args:
        hidden: The last hidden states.
        vocab: Width of the logits.
        trained_bytes: Bytes of the head's gradient; 0 for a frozen head.

    Source: Liger-Kernel ``ops/fused_linear_cross_entropy.py``: chunks of the next power of two of
    ``rows / ceil(vocab / hidden)`` rows, logits overwritten by their gradient.
    """
    run = hidden.run
    per_chunk = -(-hidden.rows // -(-vocab // hidden.width))
    rows = 1 << (per_chunk - 1).bit_length()
    gradient_input = run.new(hidden.size)
    logits = run.new(min(rows, hidden.rows) * vocab * hidden.item, Kind.LOGITS)
    if trained_bytes:
        run.parameter_gradient(trained_bytes)
        run.new(trained_bytes, Kind.TEMPORARY)
    del logits
    kept = [gradient_input]
    del gradient_input

    def back(gradient: Storage) -> Gradients:
        return (kept.pop(),)

    return record(fresh(run, 1, 1, FP32), (hidden,), (), back)
