"""Count bytes: storages that add themselves to a meter while they live."""

from enum import IntEnum

from ..weights import rounded


class Kind(IntEnum):
    """Say what a storage is for, so that the peak can be broken down."""

    ACTIVATION = 0
    CHECKPOINT = 1
    LOGITS = 2
    GRADIENT = 3
    TEMPORARY = 4


class Meter:
    """Follow the bytes in use and remember the highest, with its composition."""

    __slots__ = ("by_kind", "current", "peak", "peak_by_kind")

    def __init__(self) -> None:
        self.current = 0
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
    """

    __slots__ = ("kind", "meter", "size")

    def __init__(self, meter: Meter, size: int, kind: Kind = Kind.ACTIVATION) -> None:
        self.meter, self.size, self.kind = meter, rounded(size), kind
        meter.by_kind[kind] += self.size
        meter.current += self.size
        if meter.current > meter.peak:
            meter.peak = meter.current
            meter.peak_by_kind = tuple(meter.by_kind)

    def become(self, kind: Kind) -> None:
        """Count the bytes as another kind from now on."""
        self.meter.by_kind[self.kind] -= self.size
        self.meter.by_kind[kind] += self.size
        self.kind = kind

    def __del__(self) -> None:
        self.meter.by_kind[self.kind] -= self.size
        self.meter.current -= self.size
