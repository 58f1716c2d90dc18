"""Learning curves: loss by step, and where the state that was kept lies."""

from .bars import Scale
from .record import Curve, Training
from .svg import curve, dot, drawing, line, text, ticks, width_of

WIDTH, HEIGHT = 430, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 418, 50, 226


def learning_curve(training: Training, title: str, learned: str, checked: str, kept: str) -> str:
    """Draw the training and validation loss of one fine-tuning.

    Args:
        training: What it measured; at least one point.
        title: Its name.
        learned: Name of the training loss.
        checked: Name of the validation loss.
        kept: Name of the state that was kept.
    """
    curves = [(training.loss, "other-line"), (training.validation_loss, "main-line")]
    places = [point for found, _ in curves for point in found]
    across = Scale(0, max(step for step, _ in places) or 1, LEFT, RIGHT)
    highest = max(loss for _, loss in places)
    up = Scale(min(0.0, *(loss for _, loss in places)), highest * 1.05 or 1, BOTTOM, TOP)
    parts = [text(0, 16, title, "strong"), *_axes(across, up)]
    for found, kind in curves:
        parts.append(curve([(across(step), up(loss)) for step, loss in found], kind))
    parts += _best(training, across, up)
    parts += _legend([(learned, "other"), (checked, "main"), (kept, "second")], _shown(training))
    return drawing(WIDTH, HEIGHT, parts, title)


def _shown(training: Training) -> list[bool]:
    return [bool(training.loss), bool(training.validation_loss), _best_loss(training) is not None]


def _axes(across: Scale, up: Scale) -> list[str]:
    parts = []
    for loss in ticks(up.low, up.high, 4):
        parts.append(line(LEFT, up(loss), RIGHT, up(loss), "grid"))
        parts.append(text(LEFT - 8, up(loss) + 4, f"{loss:g}", "soft small", "end"))
    for step in ticks(across.low, across.high, 5):
        parts.append(text(across(step), BOTTOM + 18, f"{step:g}", "soft small", "middle"))
    return [*parts, line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis")]


def _best(training: Training, across: Scale, up: Scale) -> list[str]:
    loss = _best_loss(training)
    if loss is None or training.best_step is None:
        return []
    x = across(training.best_step)
    return [line(x, TOP, x, BOTTOM, "grid"), dot(x, up(loss), 5, "second")]


def _best_loss(training: Training) -> float | None:
    known: Curve = training.validation_loss
    return next((loss for step, loss in known if step == training.best_step), None)


def _legend(names: list[tuple[str, str]], shown: list[bool]) -> list[str]:
    parts, x = [], float(LEFT)
    for (name, kind), visible in zip(names, shown, strict=True):
        if visible:
            parts += [dot(x + 4, 34, 4, kind), text(x + 13, 38, name, "soft small")]
            x += width_of(name) * 0.88 + 32
    return parts
