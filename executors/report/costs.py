"""What the run took: memory against its estimate, and time by step."""

from collections.abc import Mapping

from ...knowledge.messages import say
from ...knowledge.quantity import duration, size
from .bars import ROW, TOP, Scale
from .svg import box, drawing, line, text, width_of

WIDTH = 430


def memory_bars(measured: Mapping[str, int], estimated: Mapping[str, int], title: str) -> str:
    """Draw the peak memory of each fine-tuning, and a mark where it was estimated.

    Args:
        measured: Bytes by name.
        estimated: Bytes by name, where there was an estimate.
        title: What the picture shows.
    """
    said = {name: size(count) for name, count in measured.items()}
    for name in estimated:
        said[name] += " · " + say("report.figure.estimate", size=size(estimated[name]))
    return _bars(measured, said, estimated, title)


def time_bars(seconds: Mapping[str, float], title: str) -> str:
    """Draw how long each step took.

    Args:
        seconds: By the steps' titles.
        title: What the picture shows.
    """
    return _bars(seconds, {name: duration(count) for name, count in seconds.items()}, {}, title)


def size_bars(sizes: Mapping[str, int], title: str) -> str:
    """Draw shares or needs of memory.

    Args:
        sizes: Bytes by name.
        title: What the picture shows.
    """
    return _bars(sizes, {name: size(count) for name, count in sizes.items()}, {}, title)


def _bars(values: Mapping[str, float], said: Mapping[str, str], marks: Mapping[str, float], title: str) -> str:
    left = min(200, max(width_of(name) for name in values)) + 14
    figures = max(width_of(words) for words in said.values()) + 14
    top = max([*values.values(), *marks.values()]) or 1
    scale = Scale(0, top, left, WIDTH - figures)
    parts = [text(0, 16, title, "strong")]
    for number, (name, value) in enumerate(values.items()):
        middle = TOP + ROW * (number + 0.5)
        parts += [
            text(left - 10, middle + 4, name, "", "end"),
            box(scale(0), middle - 8, scale(value) - scale(0), 16, "main"),
            text(WIDTH, middle + 4, said[name], "soft small", "end"),
        ]
        if name in marks:
            parts.append(line(scale(marks[name]), middle - 12, scale(marks[name]), middle + 12, "whisker"))
    return drawing(WIDTH, TOP + ROW * len(values) + 6, parts, title)
