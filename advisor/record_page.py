"""A recommendation as a decision record: one page for browsers and paper that needs no other file."""

import shlex
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from html import escape
from importlib.metadata import version
from pathlib import Path

from ..executors.report.costs import size_bars
from ..executors.report.page import bullets, cards, page, section, table
from ..knowledge.case import PublishedCase
from ..knowledge.durable import write_text
from ..knowledge.label_text import title_of
from ..knowledge.load import load
from ..knowledge.messages import current_language, say
from ..knowledge.question import Question
from ..knowledge.sources import Evidence
from .answer_text import answer_text
from .answers import as_word, wording_word
from .flipping import flip_text
from .profile import Profile
from .recommendation import NearCase, Recommendation
from .recommendation_view import changes, memory_text
from .recommendation_view import names as field_names

#: Models and prices of half a year ago are old.
DAYS_TO_NEXT = 182


def write_record(path: Path, profile: Profile, found: Recommendation, today: date) -> None:
    """Write the decision record of a recommendation.

    Args:
        path: The file; its folder must exist. A file that is there is replaced in one step.
        profile: What the advice was given for.
        found: The advice.
        today: The day that the record bears.
    """
    write_text(path, record_page(profile, found, today))


def record_page(profile: Profile, found: Recommendation, today: date) -> str:
    """Return the page, in the current language; texts of the user's are escaped."""
    title = say("record.title", name=profile.id or profile.task_type or say("record.unnamed"))
    made = say("record.made", day=today.isoformat(), version=version("ftadvisor"))
    body = [f'<h1>{escape(title)}</h1>\n<p class="muted">{escape(made)}</p>', _advice(found)]
    body.append(section(say("record.why"), cards(_reasons(found))))
    body.append(section(say("record.rejected"), _rejected(found)))
    body.append(section(say("record.flips"), bullets(map(flip_text, changes(found)))))
    body.append(section(say("record.open"), bullets(item.text for item in found.assumed)))
    body.append(section(say("record.next"), _next(found)))
    body.append(section(say("record.memory"), *_memory(found)))
    body.append(
        section(say("record.cases"), f"<p class='muted small'>{escape(say('record.cases_note'))}</p>", _cases(found))
        if found.cases
        else ""
    )
    body.append(section(say("advice.view.article"), cards(_article(found))))
    body.append(section(say("record.profile"), _profile(profile), bullets(found.problems)))
    body.append(section(say("record.again"), bullets([*(one.text for one in found.review), _next_day(today)])))
    body.append(
        section(say("record.reproduce"), f'<div class="card"><code>{escape(command_for(profile))}</code></div>')
    )
    return page(title, body)


def command_for(profile: Profile) -> str:
    """Return the command that gives the same advice from the answers and the wording alone."""
    answers = profile.answers().items()
    words = [word for name, value in answers for word in ("--set", f"{name}={as_word(value)}")]
    words += ["--set", f"wording={wording_word(profile.wording)}"] if profile.wording else []
    return shlex.join(["ftadvisor", "recommend", "--language", current_language(), *words])


def _advice(found: Recommendation) -> str:
    heading = say("advice.view.title", title=title_of(found.label), label="")
    base = say("advice.view.base", base=say(f"advice.base.{found.base}"))
    certainty = say(f"advice.certainty.{found.certainty}")
    sure = say("advice.view.sure", certainty=certainty, because=found.certain_because)
    return (
        f'<div class="card verdict"><p><b>{escape(heading.strip())}</b> <code>{escape(found.label)}</code></p>'
        f'<p class="small">{escape(base)}</p><p class="small">{escape(sure)}</p></div>'
    )


def _reasons(found: Recommendation) -> Iterator[str]:
    for reason in found.reasons:
        yield f"{escape(reason.text)} {_sources(reason.evidence)}"


def _sources(ids: Iterable[str]) -> str:
    """Return links to sources with their titles; a source without an address is named only."""
    links = []
    for source in ids:
        entry = load(Evidence)[source]
        text = escape(say("record.source", title=entry.title, year=entry.year))
        address = entry.url.startswith("https://")
        named = f'<a href="{escape(entry.url)}">{text}</a>' if address else text
        links.append(f"{named} <code>{escape(source)}</code>")
    return f'<span class="muted small">{say("advice.semicolon").join(links)}</span>'


def _rejected(found: Recommendation) -> str:
    head = [say("record.path"), say("record.reason"), say("record.rule")]
    return table(head, [[title_of(other.label), other.text, other.rule] for other in found.rejected])


def _next(found: Recommendation) -> str:
    step = found.next_step
    told = [step.text, say("record.rows", rows=step.rows), step.measure, *step.results]
    told += [say("record.passes_if", passes_if=step.passes_if), *([step.cost] if step.cost else [])]
    command = f'<div class="card"><code>{escape(step.command)}</code></div>'
    return bullets(told) + command


def _memory(found: Recommendation) -> Iterator[str]:
    if found.estimate is None or found.model is None:
        return
    peak = found.estimate["peak"]
    parts = {say(f"estimate.part.{part['name']}"): part["bytes"] for part in found.estimate["breakdown"]}
    parts[say("estimate.part.device")] = peak["device_bytes"] - peak["allocated_bytes"]
    yield f"<p>{escape(memory_text(found))}</p>"
    yield f'<div class="figures"><figure class="card">{size_bars(parts, say("record.memory"))}</figure></div>'
    yield bullets(found.estimate["assumptions"])


def _cases(found: Recommendation) -> str:
    return "\n".join(_case(near, load(PublishedCase)[near.id]) for near in found.cases)


def _case(near: NearCase, case: PublishedCase) -> str:
    kind = "card case" if near.agrees else "card case other"
    way = say("record.same_way" if near.agrees else "record.other_way", label=title_of(case.chose))
    lines = [way, str(case.did), str(case.outcome)]
    lines += [say("record.alike", names=field_names(near.alike))] if near.alike else []
    lines += [say("record.differs", names=field_names(near.differs))] if near.differs else []
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    title = f"<h3>{escape(str(case.title))} <code>{escape(near.id)}</code></h3>"
    return f'<div class="{kind}">{title}{told}<p>{_sources(case.evidence)}</p></div>'


def _article(found: Recommendation) -> Iterator[str]:
    for one in found.article:
        yield f"{escape(say('advice.view.moved', article=one.article, now=one.now))} {_sources(one.evidence)}"


def _profile(profile: Profile) -> str:
    rows = []
    for field, value in profile.answers().items():
        origin = profile.origins.get(field, "file")
        question = load(Question)[field]
        rows.append([str(question.name), answer_text(question, value), say(f"record.origin.{origin}")])
    known = table([say("record.question"), say("record.answer"), say("record.where_from")], rows)
    unknown = [str(question.name) for field, question in load(Question).items() if field not in profile.answers()]
    left = say("record.unknown", names=say("advice.comma").join(unknown)) if unknown else ""
    return known + (f'<p class="muted small">{escape(left)}</p>' if left else "")


def _next_day(today: date) -> str:
    return say("record.next_day", day=(today + timedelta(days=DAYS_TO_NEXT)).isoformat())
