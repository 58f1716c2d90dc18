"""Facts put together: which function needs which, found by the names of their parameters."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from typing import Any, NamedTuple, get_args

from . import facts
from .profile import FIELDS, Profile

WORDING = "wording"
"""What stands among the facts and is none: points that the wording of a description gives to labels."""


def facts_of(profile: Profile) -> dict[str, Any]:
    """Return all answers and all facts of a profile by name; unknown ones are None."""
    known: dict[str, Any] = {name: getattr(profile, name) for name in FIELDS}
    known[WORDING] = tuple(profile.wording.items()) or None
    for wire in _wiring():
        known[wire.name] = wire.value(known)
    return known


def facts_if(known: Mapping[str, Any], field: str, value: object) -> dict[str, Any]:
    """Return the facts as they would be if one answer were another."""
    return facts_with(known, {field: value})


def facts_with(known: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as they would be if some answers were others."""
    changed = {**known, **answers}
    for wire in _wiring_behind(tuple(answers)):
        changed[wire.name] = wire.value(changed)
    return changed


def fact_names() -> tuple[str, ...]:
    """Return the names that rules can use: all fields of the profile and all facts."""
    return (*FIELDS, *(wire.name for wire in _wiring()))


@cache
def fields_behind(name: str) -> frozenset[str]:
    """Return the fields of the profile that a field or a fact depends on."""
    if name == WORDING:
        return frozenset()
    if name in FIELDS:
        return frozenset({name})
    needed = next(wire.needed for wire in _wiring() if wire.name == name)
    return frozenset().union(*(fields_behind(parameter) for parameter in needed))


class Wire(NamedTuple):
    """One fact: its function, the names of its parameters, and those that must be known."""

    name: str
    function: Callable[..., Any]
    needed: tuple[str, ...]
    required: tuple[str, ...]

    def value(self, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return the fact's value, or None when a required parameter is unknown."""
        if any(known[name] is None for name in self.required):
            return None
        return self.function(*[known[name] for name in self.needed])


@cache
def _wiring_behind(fields: tuple[str, ...]) -> tuple[Wire, ...]:
    return tuple(wire for wire in _wiring() if not fields_behind(wire.name).isdisjoint(fields))


@cache
def _wiring() -> tuple[Wire, ...]:
    functions = {
        name: value
        for name, value in vars(facts).items()
        if inspect.isfunction(value) and value.__module__ == facts.__name__ and not name.startswith("_")
    }
    needed = {name: inspect.signature(function).parameters for name, function in functions.items()}
    order = TopologicalSorter({name: set(names) & set(functions) for name, names in needed.items()}).static_order()
    return tuple(Wire(name, functions[name], tuple(needed[name]), _required(needed[name])) for name in order)


def _required(parameters: Mapping[str, inspect.Parameter]) -> tuple[str, ...]:
    return tuple(name for name, parameter in parameters.items() if type(None) not in get_args(parameter.annotation))
