"""Records that cost nothing to declare: checked like pydantic's, by pydantic itself wherever there is any doubt.

A class is declared as with pydantic, and its methods have pydantic's names. Values that are plainly right are taken as
they are (``plain``); all others go to pydantic, which converts them or tells every problem. pydantic is imported only
then, so a program whose input is in order starts without it.
"""

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, ClassVar, Literal, Self, dataclass_transform, get_origin

from .plain import DoubtError, checker

_REQUIRED: Any = object()
_SCALARS = (str, int, float, NoneType)


class FieldInfo:
    """Describe one field.

    Attributes:
        annotation: Its type.
        default: Its value where none is given.
        bounds: What pydantic calls them: ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, ``pattern``.
        description: What it is for.
        exclude: Whether ``model_dump`` leaves it out.
    """

    __slots__ = ("annotation", "bounds", "default", "default_factory", "description", "exclude")

    def __init__(
        self,
        default: Any = _REQUIRED,
        default_factory: Callable[[], Any] | None = None,
        description: str = "",
        exclude: bool = False,
        **bounds: Any,
    ) -> None:
        self.annotation: Any = None
        self.default, self.default_factory, self.bounds = default, default_factory, bounds
        self.description, self.exclude = description, exclude

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is _REQUIRED and self.default_factory is None

    def filled(self) -> Any:
        """Return the value of a field that was not given.

        Raises:
            DoubtError: It must be.
        """
        if self.default_factory is not None:
            return self.default_factory()
        if self.default is _REQUIRED:
            raise DoubtError
        return self.default


def Field(
    *,
    default: Any = _REQUIRED,
    default_factory: Callable[[], Any] | None = None,
    description: str = "",
    exclude: bool = False,
    **bounds: Any,
) -> Any:
    """Declare what a field is when it is not given, and its bounds; such as ``default=16, ge=1``."""
    return FieldInfo(default, default_factory, description, exclude, **bounds)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Frozen:
    """Base of immutable records, strict about unknown fields.

    A method ``__post_init__`` may raise ``ValueError`` where values do not go together. Modules that declare records
    do not import ``annotations`` from ``__future__``: the types are needed, not their text.

    Raises:
        pydantic.ValidationError: A value is missing, unknown, or not of its field's type or within its bounds.
    """

    model_fields: ClassVar[dict[str, FieldInfo]] = {}
    _checkers: ClassVar[tuple[tuple[str, Callable[[Any], Any], FieldInfo], ...]]

    def __init_subclass__(cls) -> None:
        cls.model_fields = dict(cls.model_fields)
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            if get_origin(annotation) is ClassVar or name.startswith("_"):
                continue
            assert not isinstance(annotation, str), f"{cls.__module__} imports annotations from __future__"
            declared = cls.__dict__.get(name, _REQUIRED)
            info = declared if isinstance(declared, FieldInfo) else FieldInfo(declared)
            info.annotation = annotation
            cls.model_fields[name] = info
            if name in cls.__dict__:
                delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        if not self._filled(values):
            from .validation import validate

            self.__dict__.update(validate(type(self), values).__dict__)

    def _filled(self, values: Mapping[str, Any]) -> bool:
        """Take the values if all of them are plainly right; say whether they are."""
        try:
            self.__dict__.update(self.model_plain(values))
            self.__post_init__()
        except ValueError:
            return False
        return True

    def __post_init__(self) -> None:
        """Check what no single field shows."""

    @classmethod
    def model_validate(cls, values: Any) -> Self:
        """Return a record of some values by field; a record stays as it is."""
        if isinstance(values, cls):
            return values
        if isinstance(values, dict) and all(isinstance(name, str) for name in values):
            return cls(**values)
        from .validation import validate

        return validate(cls, values)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Return a copy with some values replaced, unchecked."""
        return self.model_construct({**self.__dict__, **update})

    def model_dump(self, mode: Literal["python", "json"] = "python") -> dict[str, Any]:
        """Return the values by field.

        Args:
            mode: ``json`` also makes lists of tuples and texts of days, and takes the underscore off a name such as
                ``from_``, which it only has because Python keeps the word for itself.
        """
        kept = ((name, getattr(self, name)) for name, info in self.model_fields.items() if not info.exclude)
        if mode == "python":
            return {name: _dumped(value, mode) for name, value in kept}
        return {name.rstrip("_"): _dumped(value, mode) for name, value in kept}

    @classmethod
    def model_plain(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all fields where every given one is plainly right.

        Raises:
            ValueError: One may be wrong, or right in a way that pydantic knows.
        """
        if "_checkers" not in cls.__dict__:
            fields = cls.model_fields.items()
            cls._checkers = tuple((name, checker(info.annotation, info.bounds), info) for name, info in fields)
        found = {name: check(values[name]) if name in values else info.filled() for name, check, info in cls._checkers}
        if not values.keys() <= found.keys():
            raise DoubtError
        return found

    @classmethod
    def model_construct(cls, values: Mapping[str, Any]) -> Self:
        """Return a record of the values of all its fields, unchecked."""
        record = cls.__new__(cls)
        record.__dict__.update(values)
        return record

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({values})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from .validation import schema_of

        return schema_of(cls, handler)


def _dumped(value: Any, mode: Literal["python", "json"]) -> Any:
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, Frozen):
        return value.model_dump(mode)
    if isinstance(value, Mapping):
        return {key: _dumped(item, mode) for key, item in value.items()}
    if isinstance(value, tuple | list):
        items = [_dumped(item, mode) for item in value]
        return tuple(items) if mode == "python" and isinstance(value, tuple) else items
    return value.isoformat() if mode == "json" else value
