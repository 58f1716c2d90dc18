"""Let pydantic judge records: it knows every way to write a value, and tells all problems at once."""

from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from .frozen import Frozen

AnyRecord = TypeVar("AnyRecord", bound=Frozen)


def validate(kind: type[AnyRecord], values: Any) -> AnyRecord:  # noqa: ANN401 - as it came from outside
    """Return a record of some values.

    Raises:
        pydantic.ValidationError: They break the record's contract; tells every problem.
    """
    checked: AnyRecord = _adapter(kind).validate_python(values)
    return checked


@cache
def _adapter(kind: type[AnyRecord]) -> TypeAdapter[AnyRecord]:
    return TypeAdapter(kind)


def schema_of(kind: type[AnyRecord], handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return what pydantic checks a record with, on its own or inside one of pydantic's models."""
    fields = {
        name: core_schema.typed_dict_field(
            handler.generate_schema(Annotated[info.annotation, Field(**info.bounds)]), required=info.required
        )
        for name, info in kind.model_fields.items()
    }

    def record(values: Any, check: core_schema.ValidatorFunctionWrapHandler) -> AnyRecord:  # noqa: ANN401
        if isinstance(values, kind):
            return values
        given = check(values)
        missing = {name: kind._default(name) for name in kind.model_fields if name not in given}
        made = kind._of({name: (missing | given)[name] for name in kind.model_fields})
        made.__post_init__()
        return made

    return core_schema.no_info_wrap_validator_function(
        record,
        core_schema.typed_dict_schema(fields, extra_behavior="forbid"),
        serialization=core_schema.plain_serializer_function_ser_schema(lambda made: made.model_dump()),
    )
