"""Bars with whiskers: one metric of all arms, and the differences between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...knowledge.quantity import share
from .next_steps import points
from .record import Interval
from .svg import box, dot, drawing, line, text, ticks, width_of

WIDTH = 430
ROW = 30
TOP = 34
FOOT = 26
FIGURES = 92
"""Pixels on the right for a value and its interval."""


@dataclass(frozen=True)
class Scale:
    """Turn values into pixels."""

    low: float
    high: float
    left: float
    right: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)


def metric_bars(title: str, values: Mapping[str, Interval], main: str | None) -> str:
    """Draw one metric, a share from 0 to 1, of all arms with 95 % intervals.

    Args:
        title: The metric's name.
        values: Intervals by the arms' names, in the order in which they are drawn.
        main: The arm that stands out.
    """
    scale = Scale(0, 1, _label_width(values), WIDTH - FIGURES)
    bottom = TOP + ROW * len(values)
    parts = [text(0, 16, title, "strong"), *_grid(scale, [0, 0.25, 0.5, 0.75, 1], bottom, share)]
    for number, (arm, found) in enumerate(values.items()):
        middle = TOP + ROW * (number + 0.5)
        strong = "strong" if arm == main else ""
        parts += [
            text(scale.left - 10, middle + 4, arm, strong, "end"),
            box(scale(0), middle - 9, scale(found.value) - scale(0), 18, "main" if arm == main else "other"),
            *_whisker(scale(found.low), scale(found.high), middle),
            text(scale.right + 12, middle + 4, share(found.value), strong),
            text(WIDTH, middle + 4, f"{100 * found.low:.0f}–{100 * found.high:.0f}", "soft small", "end"),
        ]
    return drawing(WIDTH, bottom + FOOT, parts, title)


def difference_dots(title: str, values: Mapping[str, Interval]) -> str:
    """Draw how much better the main arm is than each other one, in percentage points with 95 % intervals.

    Args:
        title: The metric's name.
        values: Differences by the other arms' names; those whose interval lies off zero stand out.
    """
    low = min(0.0, *(found.low for found in values.values()))
    high = max(0.0, *(found.high for found in values.values()))
    room = 0.06 * (high - low or 1.0)
    scale = Scale(low - room, high + room, _label_width(values), WIDTH - FIGURES - 16)
    bottom = TOP + ROW * len(values)
    parts = [text(0, 16, title, "strong"), *_grid(scale, ticks(low, high, 4), bottom, _signed)]
    parts.append(line(scale(0), TOP - 4, scale(0), bottom, "axis"))
    for number, (arm, found) in enumerate(values.items()):
        middle = TOP + ROW * (number + 0.5)
        clear = found.low > 0 or found.high < 0
        parts += [
            text(scale.left - 10, middle + 4, arm, "", "end"),
            *_whisker(scale(found.low), scale(found.high), middle),
            dot(scale(found.value), middle, 5, "main" if clear else "other"),
            text(WIDTH, middle + 4, points(found), "strong small" if clear else "soft small", "end"),
        ]
    return drawing(WIDTH, bottom + FOOT, parts, title)


def _label_width(names: Mapping[str, object]) -> float:
    return min(170, max(width_of(name) for name in names)) + 14


def _grid(scale: Scale, places: list[float], bottom: float, said: Callable[[float], str]) -> list[str]:
    parts = []
    for place in places:
        parts.append(line(scale(place), TOP - 4, scale(place), bottom, "grid"))
        parts.append(text(scale(place), bottom + 16, said(place), "soft small", "middle"))
    return parts


def _whisker(low: float, high: float, middle: float) -> list[str]:
    ends = [line(x, middle - 4, x, middle + 4, "whisker") for x in (low, high)]
    return [line(low, middle, high, middle, "whisker"), *ends]


def _signed(value: float) -> str:
    return f"{round(100 * value, 1):+g}" if value else "0"
