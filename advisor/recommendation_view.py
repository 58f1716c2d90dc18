"""Show a recommendation to people: what, how sure, why, why not, what would change it, what to do next."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from ..knowledge.label_text import title_of, variant_title
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from ..knowledge.rule import Rule
from ..knowledge.sources import short_titles
from .flipping import THE_CASE_ITSELF, flip_text
from .losing import speaks_against
from .recommendation import Flip, NearCase, Reason, Recommendation
from .wrapping import wrap

#: Reasons and changes shown, so that all of it is about one screen; the JSON form and the page have all of them.
SHOWN = 3
OPEN_SHOWN = 2
SOURCES_SHOWN = 2
ARTICLE_SHOWN = 1
#: Wider lines are hard to read.
READING_COLUMNS = 88
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
    yield wrap(say("advice.view.base", base=say(f"advice.base.{found.base}")), width, "  ")
    yield wrap(say("advice.view.sure", certainty=certainty, because=found.certain_because), width, "  ")
    sections = {
        "why": [reason_text(reason) for reason in found.reasons[:SHOWN]],
        "rejected": list(_rejected(found)),
        "flips": [flip_text(flip) for flip in changes(found)[:SHOWN]],
        "open": [item.text for item in found.assumed[:OPEN_SHOWN]],
        "cases": list(_cases(found)),
        "article": [
            say("advice.view.moved", article=one.article, now=one.now) for one in found.article[:ARTICLE_SHOWN]
        ],
        "next": list(next_lines(found)),
        "again": [say("advice.semicolon").join(one.text for one in found.review if one.when != "open")],
    }
    for name, lines in sections.items():
        yield from _section(say(f"advice.view.{name}"), lines, width)
    yield ""
    yield wrap(say("advice.view.sources"), width, "  ")


def reason_text(reason: Reason) -> str:
    """Return a reason with its first sources by their short titles."""
    titles = say("advice.semicolon").join(short_titles()[source] for source in reason.evidence[:SOURCES_SHOWN])
    return say("advice.view.reason", text=reason.text, sources=titles)


def changes(found: Recommendation) -> list[Flip]:
    """Return the changes worth telling, those of the path before those of the method."""
    kept = [flip for flip in found.flips if flip.field not in THE_CASE_ITSELF]
    return sorted(kept, key=lambda flip: flip.label.partition(":")[0] == found.path)


def case_text(case: NearCase) -> str:
    """Return a published case with what it has in common with this one and what not."""
    differs = say("explanation.case.differs", names=names(case.differs)) if case.differs else ""
    alike = names(case.alike) or say("explanation.case.little")
    label = title_of(case.label) if case.worked else say("explanation.case.failed", label=title_of(case.label))
    line = say("explanation.case.line", title=case.title, label=label, alike=alike, differs=differs)
    return line if case.agrees else say("explanation.case.other_way", line=line)


def names(fields: Iterable[str]) -> str:
    """Return what fields are called."""
    return say("advice.comma").join(str(load(Question)[field].name) for field in fields)


def next_lines(found: Recommendation) -> Iterator[str]:
    """Yield the next step: what to do, what to measure, what each result means, what it takes, and the command."""
    step = found.next_step
    yield step.text
    yield f"{step.measure}{say('advice.semicolon')}{say('advice.semicolon').join(step.results)}"
    if step.cost:
        yield step.cost
    if memory := memory_text(found):
        yield memory
    kind = "questions" if step.command == "ftadvisor" else "command"
    yield say(f"advice.view.{kind}", command=step.command)


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
    """Yield the rule that decided against each path, then those against variants of the chosen path."""
    titles: dict[tuple[bool, str], list[str]] = {}
    for other in found.rejected:
        variant = other.label.partition(":")[2]
        name = variant_title(variant) if variant else title_of(other.label)
        rule = load(Rule)[other.rule]
        text = str(rule.title)
        if not variant and not speaks_against(rule, other.label):
            text = say("explanation.lost.short", winner=title_of(found.path), reason=text)
        titles.setdefault((bool(variant), text), []).append(name)
    for (_, text), together in titles.items():
        yield say("advice.view.lost", label=say("advice.comma").join(together), text=text)


def _cases(found: Recommendation) -> Iterator[str]:
    """Yield the nearest case that speaks for the advice, and the nearest that speaks for another."""
    for agrees in (True, False):
        yield from [case_text(case) for case in found.cases if case.agrees is agrees][:1]


def memory_text(found: Recommendation) -> str:
    """Return what the training needs and what most of it is, or nothing where nothing was estimated."""
    if found.estimate is None or found.model is None:
        return ""
    peak = found.estimate["peak"]
    low, high = (f"{peak[name] / GIB:.1f}" for name in ("low_bytes", "high_bytes"))
    largest = max(found.estimate["breakdown"], key=lambda part: part["bytes"])
    part = say(f"estimate.part.{largest['name']}")
    rows = {"batch": found.estimate["batch"], "seq_len": f"{found.estimate['seq_len']:,}"}
    return say("advice.view.peak", model=found.model, low=low, high=high, part=part, **rows)
