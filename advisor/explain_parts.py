"""The parts that explanations are made of."""

from collections.abc import Iterable, Iterator

from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.sources import Evidence
from .wrapping import wrap


def heading(kind: str, title: str, entry_id: str) -> str:
    """Return the first line of an explanation."""
    return say("advice.explain.heading", kind=say(f"advice.explain.{kind}"), title=title, id=entry_id)


def part(name: str, text: object, width: int) -> str:
    """Return one named paragraph."""
    return wrap(f"{say(f'advice.explain.{name}')}{text}", width, "    ", "  ")


def bullets(lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield a list."""
    for line in lines:
        yield wrap(line, width, "      ", "    - ")


def sources(ids: Iterable[str], width: int) -> Iterator[str]:
    """Yield what each source says and where it is; a source that is named twice stands once."""
    yield f"  {say('advice.explain.sources')}"
    for source in dict.fromkeys(ids):
        entry = load(Evidence)[source]
        told = say("advice.named", name=f"[{source}] {entry.title} ({entry.year})", text=entry.says)
        yield wrap(told, width, "      ", "    - ")
        yield f"      {address(entry)}"


def address(entry: Evidence) -> str:
    """Return where a source is, in the user's language where it has no address."""
    return entry.url if "://" in entry.url else say("advice.explain.no_address")
