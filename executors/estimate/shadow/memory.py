"""Count bytes: storages that add themselves to a meter while they live."""

from enum import IntEnum

from ..weights import ALIGNMENT, rounded


class Kind(IntEnum):
    """Say what a storage is for, so that the peak can be broken down."""

    ACTIVATION = 0
    CHECKPOINT = 1
    LOGITS = 2
    GRADIENT = 3
    TEMPORARY = 4


class Stream(IntEnum):
    """Name the CUDA stream for which bytes are set aside; no other stream can use them again."""

    COMPUTE = 0
    GATHER = 1
    REDUCE = 2


Event = tuple[int, int, int]


class Meter:
    """Follow the bytes in use and remember the highest, with its composition.

    Attributes:
        events: What has come and gone, in order, where somebody asked for that: (bytes of a piece, pieces, stream) for
            what came, (-1, position of its coming, 0) for what went.
    """

    __slots__ = ("by_kind", "current", "events", "peak", "peak_by_kind")

    def __init__(self) -> None:
        self.current = 0
        self.events: list[Event] | None = None
        self.by_kind = [0] * len(Kind)
        self.start_phase()

    def start_phase(self) -> None:
        """Forget the peak so far."""
        self.peak = self.current
        self.peak_by_kind = tuple(self.by_kind)


class Storage:
    """Take bytes from the moment it is made until Python lets go of it.

    Args:
        meter: Where the bytes count.
        size: Bytes asked for; the allocator's rounding is added.
        kind: What the bytes are for.
        pieces: Equal tensors for which this one stands.
        stream: Where it is made.

    Attributes:
        viewed: Whether it is known through a view, as gradients of flattened rows are; nothing is added to it in place.
    """

    __slots__ = ("kind", "meter", "number", "size", "viewed")

    def __init__(
        self,
        meter: Meter,
        size: int,
        kind: Kind = Kind.ACTIVATION,
        pieces: int = 1,
        stream: Stream = Stream.COMPUTE,
    ) -> None:
        size = -(-size // ALIGNMENT) * ALIGNMENT
        self.meter, self.size, self.kind, self.viewed = meter, size, kind, False
        if meter.events is not None:
            self.number = len(meter.events)
            meter.events.append((rounded(size // pieces) if pieces else 0, pieces, stream))
        meter.by_kind[kind] += size
        current = meter.current = meter.current + size
        if current > meter.peak:
            meter.peak = current
            meter.peak_by_kind = tuple(meter.by_kind)

    def become(self, kind: Kind) -> None:
        """Count the bytes as another kind from now on."""
        self.meter.by_kind[self.kind] -= self.size
        self.meter.by_kind[kind] += self.size
        self.kind = kind

    def __del__(self) -> None:
        if self.meter.events is not None:
            self.meter.events.append((-1, self.number, 0))
        self.meter.by_kind[self.kind] -= self.size
        self.meter.current -= self.size
