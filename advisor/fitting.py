"""Make a training run fit into memory: an explicit ladder of measures, from harmless to costly."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..executors.estimate.estimate import estimate
from ..executors.estimate.methods.find import weights_of
from ..executors.estimate.request import Device, Dtype, EstimateRequest
from ..executors.estimate.result import Estimate
from ..executors.estimate.unsupported import UnsupportedError
from ..knowledge.messages import say

GIBIBYTE = 2**30
SHORTEST = 256
"""Rows of unknown length are planned no shorter than this many tokens."""


class Wish(BaseModel):
    """Say what a run would be if memory were no concern.

    Attributes:
        config: The model's config, with transformers' key names.
        sizes: Other sizes of the method that cost memory, by their names in an estimate's request.
        rows_per_step: Rows that one optimizer step sees on one GPU; kept whatever the ladder does.
        memory_bytes: What one device has; None when unknown, and then nothing is adapted.
        quantisable: Whether the method leaves the weights frozen, so that they can be stored in 4 bits.
        checkpointable: Whether the method works with gradient checkpointing.
        shortenable: Whether the rows' length is only assumed, so that a shorter limit may be planned.
        gpus: How many train together, each with the whole model (DDP).
    """

    model_config = ConfigDict(frozen=True)

    config: dict[str, JsonValue]
    method: str
    rank: int
    sizes: dict[str, int] = Field(default_factory=dict)
    batch: int
    rows_per_step: int
    seq_len: int
    dtype: Dtype
    memory_bytes: int | None
    device: Device
    quantisable: bool
    checkpointable: bool
    shortenable: bool = False
    gpus: int = 1


class Fitting(BaseModel):
    """Say how the run is laid out so that it fits, and what that took.

    Attributes:
        measures: What the ladder did, in order, for people; empty when the wish fitted as it was.
        needed_bytes: The high end of the estimate; None where no estimate is possible.
        fits: Whether it fits; None when that is unknown.
        unknown: Why it is unknown; empty when it is known.
    """

    model_config = ConfigDict(frozen=True)

    batch: int
    grad_accum: int
    grad_checkpointing: bool
    quantise: bool
    seq_len: int
    measures: tuple[str, ...] = ()
    needed_bytes: int | None = None
    fits: bool | None = None
    unknown: str = ""


def fit(wish: Wish) -> Fitting:
    """Return the first rung of the ladder that fits, or the last one if none does."""
    rung = None
    for rung in _rungs(wish):
        try:
            needed = _estimate(wish, rung).peak.high_bytes
        except UnsupportedError as problem:
            return rung.model_copy(update={"unknown": str(problem)})
        rung = rung.model_copy(update={"needed_bytes": needed, "fits": _fits(needed, wish.memory_bytes)})
        if rung.fits is not False:
            return rung
    assert rung is not None
    return rung


def _rungs(wish: Wish) -> Iterator[Fitting]:
    """Yield the wish itself, then with checkpointing, smaller batches, the same in 4 bits, and shorter rows last."""
    measures: list[str] = []
    yield _rung(wish, wish.batch, False, False, measures)
    if wish.checkpointable:
        measures.append(say("planning.measure_checkpointing"))
    for quantise in (False, True) if wish.quantisable else (False,):
        if quantise:
            measures.append(say(f"planning.measure_{'qlora' if wish.method == 'lora' else 'quantise'}"))
        for batch in _halvings(wish.batch, 1):
            small = [say("planning.measure_batch", batch=batch)] if batch < wish.batch else []
            yield _rung(wish, batch, wish.checkpointable, quantise, [*measures, *small])
    for length in _halvings(wish.seq_len // 2, SHORTEST) if wish.shortenable else ():
        short = [say("planning.measure_batch", batch=1), say("planning.measure_length", tokens=length)]
        yield _rung(wish, 1, wish.checkpointable, wish.quantisable, [*measures, *short], length)


def _halvings(number: int, smallest: int) -> Iterator[int]:
    while number >= smallest:
        yield number
        number //= 2


def _rung(
    wish: Wish, batch: int, checkpointing: bool, quantise: bool, measures: list[str], length: int | None = None
) -> Fitting:
    return Fitting(
        seq_len=length or wish.seq_len,
        batch=batch,
        grad_accum=max(1, round(wish.rows_per_step / batch)),
        grad_checkpointing=checkpointing,
        quantise=quantise,
        measures=tuple(measures),
    )


def stored(method: str, device: Device) -> Dtype:
    """Return the precision that a training keeps the model's weights in."""
    return weights_of(method) if device == "cuda" else "fp32"


def leanest(wish: Wish, method: str, dtype: Dtype | None = None) -> int | None:
    """Return the bytes that another method needs at least for the same rows; None where there is no honest estimate.

    Args:
        wish: The run as it was wanted.
        method: The other method.
        dtype: Precision of the weights; None for the method's own.
    """
    other = wish.model_copy(update={"method": method, "dtype": dtype or stored(method, wish.device)})
    try:
        checkpointing = wish.checkpointable if method == wish.method else True
        return _estimate(other, _rung(other, 1, checkpointing, False, [])).peak.high_bytes
    except UnsupportedError:
        return None


def size_text(number: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{number / GIBIBYTE:.1f} GiB"


def _fits(needed: int, available: int | None) -> bool | None:
    return None if available is None else needed <= available


def _estimate(wish: Wish, rung: Fitting) -> Estimate:
    quantised = rung.quantise or wish.method == "qlora"
    return estimate(
        EstimateRequest.model_validate(
            {
                "config": wish.config,
                "method": "qlora" if rung.quantise and wish.method == "lora" else wish.method,
                "quant": "nf4-dq" if quantised else "none",
                "rank": wish.rank,
                **wish.sizes,
                "batch": rung.batch,
                "seq_len": rung.seq_len,
                "dtype": wish.dtype,
                "device": wish.device,
                "gpus": wish.gpus,
                "parallel": "ddp" if wish.gpus > 1 else "none",
                "grad_checkpointing": rung.grad_checkpointing,
            }
        )
    )
