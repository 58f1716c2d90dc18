"""Quantities as people read them."""


def duration(seconds: float) -> str:
    """Return a length of time such as ``0:07`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """Return a number of bytes such as ``840 MiB`` or ``7.3 GiB``."""
    mebibytes = count / 2**20
    return f"{mebibytes:,.0f} MiB" if mebibytes < 1000 else f"{mebibytes / 1024:,.1f} GiB"


def share(value: float) -> str:
    """Return a share from 0 to 1 as percent, such as ``87 %``."""
    return f"{100 * value:.0f} %"


def number(value: float) -> str:
    """Return a number with commas between thousands, and without a fraction where it has none."""
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,}"
