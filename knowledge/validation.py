"""Let pydantic judge records: it knows every way to write a value, and tells all problems at once."""

from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from .frozen import Frozen

AnyRecord = TypeVar("AnyRecord", bound=Frozen)
_adapters: dict[type, TypeAdapter[Any]] = {}


def validate(kind: type[AnyRecord], values: Any) -> AnyRecord:
    """Return a record of some values.

    Raises:
        pydantic.ValidationError: They break the record's contract; tells every problem.
    """
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    checked: AnyRecord = _adapters[kind].validate_python(values)
    return checked


def schema_of(kind: type[AnyRecord], handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return what pydantic checks a record with, on its own or inside one of pydantic's models."""
    fields = {
        name: core_schema.typed_dict_field(
            handler.generate_schema(Annotated[info.annotation, Field(**info.bounds)]), required=info.required
        )
        for name, info in kind.model_fields.items()
    }

    def record(values: Any, check: core_schema.ValidatorFunctionWrapHandler) -> AnyRecord:
        if isinstance(values, kind):
            return values
        given = check(values)
        made = kind.model_construct(
            {name: given[name] if name in given else info.filled() for name, info in kind.model_fields.items()}
        )
        made.__post_init__()
        return made

    return core_schema.no_info_wrap_validator_function(
        record,
        core_schema.typed_dict_schema(fields, extra_behavior="forbid"),
        serialization=core_schema.plain_serializer_function_ser_schema(lambda made: made.model_dump()),
    )
