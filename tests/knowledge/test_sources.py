"""Every number in the knowledge files says where it comes from; every source is used."""

import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.model import ModelCard
from ftadvisor.knowledge.sources import CITING, Evidence
from pydantic import ValidationError

KNOWLEDGE = Path(str(files("ftadvisor.knowledge")))
OWN_WORDS = {
    "messages",
    "evidence",
    "examples",
    "lexicons",
}  # texts, sources, example data and how people speak: no facts
ORDERING = {"priority", "weight", "order", "version"}  # numbers that only rank entries of this project
EXAMPLES = {"case", "cases", "option", "usual", "when"}  # what tests an entry, what a question offers, when it is asked
CONDITIONS = ("at_least_", "below_")  # when a setting holds: covered by the evidence of each value that it sets

ENTRIES = sorted(path for path in KNOWLEDGE.glob("*/*.toml") if path.parent.name not in OWN_WORDS)


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def cited(value: Any) -> Iterator[str]:
    """Yield the ids that stand anywhere under a citing key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner) if key in CITING else cited(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from cited(inner)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def unsourced(value: Any, place: str = "") -> Iterator[str]:
    """Yield the places of numbers that neither their own table nor one around it gives a source for."""
    if isinstance(value, dict):
        by_field = value.get("sources") if isinstance(value.get("sources"), dict) else {}
        if any(value.get(key) for key in CITING) and not by_field:
            return
        for key, inner in value.items():
            if key not in ORDERING | EXAMPLES and not key.startswith(CONDITIONS) and not by_field.get(key):
                yield from unsourced(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from unsourced(inner, f"{place}.{number}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place.removeprefix(".")


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_entry_cites_sources_that_exist_and_states_no_number_without_one(path: Path) -> None:
    entry = read(path)
    assert sorted(set(cited(entry)) - set(load(Evidence))) == []
    assert list(unsourced(entry)) == []


def test_every_source_is_used() -> None:
    used = {name for path in ENTRIES for name in cited(read(path))}
    assert sorted(set(load(Evidence)) - used) == []


@pytest.mark.parametrize("source", load(Evidence).values(), ids=lambda source: source.id)
def test_a_source_can_be_looked_up_and_says_what_it_found(source: Evidence) -> None:
    in_project = (Path(__file__).parents[2] / source.url).is_dir()
    assert source.url.startswith("https://") or source.kind in ("measured", "article") or in_project
    assert 1900 < source.year <= source.checked.year
    assert source.checked <= date.today()
    assert source.says.zh
    assert source.says.en
    assert any("一" <= sign <= "鿿" for sign in source.says.zh)


def test_a_fact_without_a_source_is_refused() -> None:
    card = next(iter(load(ModelCard).values())).model_dump()
    del card["sources"]["parameters"]
    with pytest.raises(ValidationError, match="no source for parameters"):
        ModelCard.model_validate(card)


def test_a_source_for_something_that_states_no_fact_is_refused() -> None:
    card = next(iter(load(ModelCard).values())).model_dump()
    card["sources"]["title"] = ("somewhere",)
    with pytest.raises(ValidationError, match="a source for title"):
        ModelCard.model_validate(card)


def test_the_search_for_unsourced_numbers_finds_them() -> None:
    assert list(unsourced({"a": 1, "sources": {"b": ["x"]}, "b": {"c": 2}})) == ["a"]
    assert list(unsourced({"a": [{"b": 1.5, "evidence": ["x"]}, {"b": 2.5}], "priority": 3})) == ["a.1.b"]
