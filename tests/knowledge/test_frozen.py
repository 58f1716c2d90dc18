"""Records: frozen, checked like pydantic's, and what is taken without pydantic is what pydantic would make of it."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pkgutil import walk_packages
from typing import Annotated, Any, Literal

import pydantic
import pytest
from ftadvisor.knowledge.frozen import Field, Frozen
from ftadvisor.knowledge.plain import checker
from ftadvisor.knowledge.problems import problems_of
from pydantic import BaseModel, TypeAdapter, ValidationError

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 2**70, 0.0, 0.5, 1.0, -2.5, float("inf"),
    "", "0", "7", " 7", "-3", "+3", "1_000", "7.0", "0.5", "1e3", "nan", "٣", "true", "yes", "none", "lora", "cuda",
    "bf16", "qwen/x", "8.0", "8.0\n", "7.61B", "abcdef0", "zh", "2026-03-01", "2026-3-1", "2026-13-01",
    date(2026, 3, 1), "007", "-0", "00.5",
    [], (), {}, [1], ["a"], ("a", "b"), ["a", 1], [True, 1, 0.5, "x"], [1, 2, 3], (1.0, 2, "3"), [None],
    {"zh": "甲", "en": "a"}, {"zh": "甲"}, {"zh": "甲", "en": "a", "de": "b"}, {"zh": 1, "en": "a"}, {1: "a"},
    {"a": ["x"]}, {"a": ("x",)}, {"a": 1}, {"fact": "x", "op": "is", "value": 1},
    {"fact": "x", "op": "is", "value": [1]},
    {"kind": "prefer", "labels": ["rag"], "weight": 1}, {"kind": "prefer", "labels": ["rag"]}, b"x", {"x"},
)  # fmt: skip


class Bolt(Frozen):
    """A record with a bound, a choice, a list, a default made anew, and a check of two fields together."""

    length: int = Field(ge=1)
    head: Literal["hex", "round"] = "hex"
    tags: tuple[str, ...] = ()
    notes: dict[str, str] = Field(default_factory=dict)
    secret: str = Field(default="", exclude=True)
    from_: float = 0.0

    def __post_init__(self) -> None:
        if self.from_ > self.length:
            raise ValueError("from is above length")


class Box(BaseModel):
    """One of pydantic's own models that holds a record."""

    bolt: Bolt


def _kinds(kind: type[Frozen] = Frozen) -> Iterator[type[Frozen]]:
    for under in kind.__subclasses__():
        yield under
        yield from _kinds(under)


def _all_kinds() -> list[type[Frozen]]:
    for top in ("knowledge", "advisor", "executors.estimate"):
        package = import_module(f"ftadvisor.{top}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    return [kind for kind in _kinds() if kind.model_fields]


@pytest.mark.parametrize("kind", _all_kinds(), ids=lambda kind: kind.__name__)
def test_what_is_plain_is_what_pydantic_makes_of_it(kind: type[Frozen]) -> None:
    for info in kind.model_fields.values():
        check = checker(info.annotation, info.bounds)
        judge: TypeAdapter[Any] = TypeAdapter(Annotated[info.annotation, pydantic.Field(**info.bounds)])
        for value in VALUES:
            try:
                found = check(value)
            except ValueError:
                continue
            assert repr(found) == repr(judge.validate_python(value)), (kind, info.annotation, value)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, ["length: missing"]),
        ({"length": 0, "head": "flat"}, ["length: greater_than_equal", "head: literal_error"]),
        ({"length": "x", "colour": 1}, ["length: int_parsing", "colour: extra_forbidden"]),
        ({"length": 1, "from_": 2}, [": value_error"]),
        ({"length": 1, "tags": "ab"}, ["tags: tuple_type"]),
    ],
)
def test_all_problems_are_told_in_pydantics_terms(values: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ValidationError) as raised:
        Bolt.model_validate(values)
    found = [f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in raised.value.errors()]
    assert found == problems
    assert all(problem.text for problem in problems_of(raised.value))


def test_doubtful_values_are_converted_as_pydantic_does() -> None:
    assert Bolt.model_validate({"length": " 1_000 ", "from_": "1e2"}) == Bolt(length=1000, from_=100.0)


def test_records_are_frozen_compared_and_copied() -> None:
    bolt = Bolt(length=3, tags=("a",))
    with pytest.raises(AttributeError, match="frozen"):
        bolt.length = 4  # type: ignore[misc]
    assert bolt.model_copy(update={"length": 4}) == Bolt(length=4, tags=("a",))
    assert bolt != Bolt(length=3)
    assert Bolt(length=3).notes is not Bolt(length=3).notes
    assert Bolt.model_validate(bolt) is bolt


def test_json_has_lists_plain_names_and_no_secrets() -> None:
    bolt = Bolt(length=3, tags=("a",), secret="x")
    assert bolt.model_dump("json") == {"length": 3, "head": "hex", "tags": ["a"], "notes": {}, "from": 0.0}
    assert bolt.model_dump()["tags"] == ("a",)


def test_pydantics_models_hold_records() -> None:
    box = Box.model_validate({"bolt": {"length": "3"}})
    assert box.bolt == Bolt(length=3)
    assert Box.model_validate_json(box.model_dump_json().replace('"from_":0.0,', "")) == box
    with pytest.raises(ValidationError, match=r"bolt.length"):
        Box.model_validate({"bolt": {"length": 0}})


def test_only_doubtful_values_import_pydantic() -> None:
    code = "import sys; from ftadvisor.knowledge.text import Text; Text({}); print('pydantic' in sys.modules)"
    for values, needed in (("zh='甲', en='a'", "False\n"), ("zh='甲', en=b'a'", "True\n")):
        command = [sys.executable, "-c", code.format(values)]
        assert subprocess.run(command, capture_output=True, text=True).stdout == needed
