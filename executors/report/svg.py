"""Small pieces of SVG; colours come from classes, so that light, dark and print each choose theirs."""

import math
from html import escape

FONT_PIXELS = 13

STYLE = """
svg { --ink: #1b2330; --soft: #64708a; --line: #e2e6ee; --main: #2563eb; --other: #a9b4c8; --second: #d97706;
  --ground: #ffffff; font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
  "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { svg { --ink: #e7eaf0; --soft: #97a2b8; --line: #2c3442; --main: #6ea0ff;
  --other: #55617a; --second: #f2a54a; --ground: #161b24; } }
@media print { svg { --ink: #1b2330; --soft: #64708a; --line: #e2e6ee; --main: #2563eb; --other: #a9b4c8;
  --second: #d97706; --ground: #ffffff; } }
svg text { fill: var(--ink); } svg .soft { fill: var(--soft); } svg .strong { font-weight: 600; }
svg .small { font-size: 11px; } svg .main { fill: var(--main); } svg .other { fill: var(--other); }
svg .second { fill: var(--second); } svg .grid-cell { fill: var(--line); opacity: 0.45; }
svg .ground { fill: var(--ground); } svg .on { fill: var(--ground); }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--soft); } svg .whisker { stroke: var(--ink); }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .main-line { stroke: var(--main); } svg .second-line { stroke: var(--second); }
svg .other-line { stroke: var(--other); }
"""


def drawing(width: float, height: float, parts: list[str], title: str) -> str:
    """Return a whole picture.

    Args:
        width: In pixels.
        height: In pixels.
        parts: What is drawn.
        title: What screen readers say.
    """
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *parts, "</svg>"])


def with_style(picture: str) -> str:
    """Return a picture that carries its style, to stand alone in a file."""
    head, rest = picture.split("\n", 1)
    return f"{head}\n<style>{STYLE}</style>\n<rect width='100%' height='100%' class='ground'/>\n{rest}\n"


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    """Return a line of text; ``anchor`` is start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str, extra: str = "") -> str:
    """Return a filled rectangle."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="2" class="{kind}" {extra}/>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def dot(x: float, y: float, radius: float, kind: str) -> str:
    """Return a filled circle."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{kind}"/>'


def curve(points: list[tuple[float, float]], kind: str) -> str:
    """Return a line through points."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" class="curve {kind}"/>'


def width_of(content: str) -> float:
    """Return about how wide a text is, in pixels: Chinese characters are square, others about half of that."""
    return sum(FONT_PIXELS if ord(letter) > 0x2E7F else FONT_PIXELS * 0.57 for letter in content)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` round numbers from ``low`` to ``high``."""
    span = high - low or 1.0
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]
