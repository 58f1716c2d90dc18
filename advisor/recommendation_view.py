"""Show a recommendation to people: what, how sure, why, why not, what would change it, what to do next."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .label_text import title_of, variant_title
from .recommendation import Flip, Recommendation
from .wrapping import wrap

#: Reasons, changes and open answers shown; the JSON form has all of them.
SHOWN = 5
#: Wider lines are hard to read.
READING_COLUMNS = 88
#: With another answer to these it would be another case.
THE_CASE_ITSELF = frozenset({"task_type", "modality", "language"})
GIB = 2**30


def print_recommendation(found: Recommendation, console: Console) -> None:
    """Print one recommendation, headings in bold."""
    text = Text()
    for line in recommendation_lines(found, console.width):
        text.append(f"{line}\n", "bold" if line and not line.startswith(" ") else None)
    console.print(text, end="")


def recommendation_lines(found: Recommendation, columns: int) -> Iterator[str]:
    """Yield the recommendation as lines; those that do not begin with a space are headings.

    Args:
        found: The recommendation.
        columns: Width of the window.
    """
    width = min(columns - 1, READING_COLUMNS)
    yield wrap(say("advice.view.title", title=title_of(found.label), label=found.label), width)
    certainty = say(f"advice.certainty.{found.certainty}")
    yield wrap(say("advice.view.base", base=say(f"advice.base.{found.base}"), certainty=certainty), width, "  ")
    step = found.next_step
    sections = {
        "why": [f"{reason.text} [{', '.join(reason.evidence)}]" for reason in found.reasons[:SHOWN]],
        "rejected": list(_rejected(found)),
        "flips": [_flip(flip) for flip in _changes(found)[:SHOWN]],
        "open": [item.text for item in found.assumed[:SHOWN]],
        "memory": _memory(found),
        "next": [
            step.text,
            say("advice.view.command", command=step.command),
            say("advice.view.passes_if", passes_if=step.passes_if),
        ],
    }
    for name, lines in sections.items():
        yield from _section(say(f"advice.view.{name}"), lines, width)
    yield ""
    yield wrap(say("advice.view.sources"), width, "  ")


def problem_lines(problems: Iterable[str], columns: int) -> Iterator[str]:
    """Yield what a profile said that was not understood."""
    for problem in problems:
        yield wrap(say("advice.view.problem", problem=problem), columns - 1)


def _section(title: str, lines: list[str], width: int) -> Iterator[str]:
    if lines:
        yield ""
        yield title
    for line in lines:
        yield wrap(line, width, "    ", "  - ")


def _rejected(found: Recommendation) -> Iterator[str]:
    """Yield the paths, then the variants of the chosen path, those together that one rule turned down."""
    titles: dict[tuple[bool, str], list[str]] = {}
    for other in sorted(found.rejected, key=lambda other: ":" in other.label):
        variant = other.label.partition(":")[2]
        title = variant_title(variant) if variant else title_of(other.label)
        titles.setdefault((bool(variant), other.text), []).append(title)
    for (_, text), together in titles.items():
        yield say("advice.view.lost", label=say("advice.comma").join(together), text=text)


def _changes(found: Recommendation) -> list[Flip]:
    """Return the changes worth telling, those of the path before those of the method."""
    kept = [flip for flip in found.flips if flip.field not in THE_CASE_ITSELF]
    return sorted(kept, key=lambda flip: flip.label.partition(":")[0] == found.path)


def _flip(flip: Flip) -> str:
    question = load(Question)[flip.field]
    answers = {"value": answer_text(question, flip.to), "known": answer_text(question, flip.from_)}
    return say("advice.view.flip", name=question.name, label=title_of(flip.label), **answers)


def answer_text(question: Question, value: object) -> str:
    """Return an answer as its option calls it, or as it is."""
    label = next((option.label for option in question.option if option.value == value), None)
    if label is not None:
        return str(label)
    return f"{value:,}" if isinstance(value, float | int) else str(value)


def _memory(found: Recommendation) -> list[str]:
    if found.estimate is None or found.model is None:
        return []
    peak = found.estimate["peak"]
    low, high = (f"{peak[name] / GIB:.1f}" for name in ("low_bytes", "high_bytes"))
    largest = max(found.estimate["breakdown"], key=lambda part: part["bytes"])
    part = say(f"estimate.part.{largest['name']}")
    return [say("advice.view.peak", model=found.model, low=low, high=high, part=part)]
