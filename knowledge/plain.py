"""Take values that are plainly of a type and within its bounds; doubt everything else.

What passes here is what pydantic would make of it too; what does not pass may still be right. So this decides nothing
about what is allowed: the declared type does, and pydantic judges whatever is doubted.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

Check = Callable[[Any], Any]

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class DoubtError(ValueError):
    """Say that a value is not plainly right."""


def checker(annotation: Any, bounds: Mapping[str, Any]) -> Check:
    """Return a function that returns a value as its field holds it.

    Args:
        annotation: The field's type.
        bounds: Its bounds by pydantic's names; they do not apply to None.

    Raises:
        ValueError: By the function: the value is not plainly right.
    """
    check = _checker(annotation)
    if not bounds:
        return check
    if not bounds.keys() <= _TESTS.keys():
        return _doubt
    tests = [_TESTS[name](bound) for name, bound in bounds.items()]

    def within(value: Any) -> Any:
        found = check(value)
        if found is not None and not all(test(found) for test in tests):
            raise DoubtError
        return found

    return within


_TESTS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "ge": lambda bound: lambda value: bool(value >= bound),
    "gt": lambda bound: lambda value: bool(value > bound),
    "le": lambda bound: lambda value: bool(value <= bound),
    "lt": lambda bound: lambda value: bool(value < bound),
    "min_length": lambda bound: lambda value: len(value) >= bound,
    # pydantic's expressions know no line break before the end
    "pattern": lambda bound: lambda value: "\n" not in value and re.search(bound, value) is not None,
}


def _checker(annotation: Any) -> Check:
    if annotation is Any:
        return _anything
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _one_of(parts)
    if origin in (Union, UnionType):
        return _union(parts)
    if origin is tuple:
        return _tuple(parts)
    if origin is list:
        return _list(_checker(parts[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_checker(parts[0]), _checker(parts[1]))
    if hasattr(annotation, "model_plain"):
        return _record(annotation)
    return _SIMPLE.get(annotation, _doubt)


def _anything(value: Any) -> Any:
    return value


def _doubt(value: Any) -> Any:
    raise DoubtError


def _exactly(kind: type) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise DoubtError
        return value

    return check


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is str and _NUMBER.fullmatch(value) and "." not in value:
        return int(value)
    raise DoubtError


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int or (type(value) is str and _NUMBER.fullmatch(value)):
        return float(value)
    raise DoubtError


def _day(value: Any) -> date:
    if type(value) is date:
        return value
    if type(value) is str and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    raise DoubtError


_SIMPLE: dict[Any, Check] = {
    str: _exactly(str),
    bool: _exactly(bool),
    NoneType: _exactly(NoneType),
    int: _whole,
    float: _number,
    date: _day,
}


def _one_of(words: tuple[Any, ...]) -> Check:
    allowed = {(type(word), word) for word in words}

    def check(value: Any) -> Any:
        if not isinstance(value, str | int) or (type(value), value) not in allowed:
            raise DoubtError
        return value

    return check


def _union(parts: tuple[Any, ...]) -> Check:
    """Take a value of exactly one of the types; else what the only type beside None makes of it."""
    exact = {part for part in parts if part in (str, bool, int, float, NoneType)}
    others = [_checker(part) for part in parts if part not in exact]
    some = [part for part in parts if part is not NoneType]
    only = _checker(some[0]) if len(some) == 1 else _doubt

    def check(value: Any) -> Any:
        if type(value) in exact:
            return value
        for other in others:
            try:
                return other(value)
            except ValueError:
                continue
        return only(value)

    return check


def _tuple(parts: tuple[Any, ...]) -> Check:
    if parts[1:] == (...,):
        each = _checker(parts[0])

        def check(value: Any) -> Any:
            if type(value) not in (tuple, list):
                raise DoubtError
            return tuple([each(item) for item in value])

        return check
    checks = [_checker(part) for part in parts]

    def check_all(value: Any) -> Any:
        if type(value) not in (tuple, list) or len(value) != len(checks):
            raise DoubtError
        return tuple([one(item) for one, item in zip(checks, value, strict=True)])

    return check_all


def _list(each: Check) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not list:
            raise DoubtError
        return [each(item) for item in value]

    return check


def _mapping(key: Check, item: Check) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise DoubtError
        return {key(name): item(part) for name, part in value.items()}

    return check


def _record(kind: Any) -> Check:
    def check(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if type(value) is not dict:
            raise DoubtError
        record = kind.model_construct(kind.model_plain(value))
        record.__post_init__()
        return record

    return check
