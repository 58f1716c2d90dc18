"""What an option of a plan means, in the user's language."""

from inspect import get_annotations

from pydantic import BaseModel

from ..knowledge.frozen import Frozen
from ..knowledge.messages import say


def meaning(record: type[BaseModel] | type[Frozen], option: str) -> str:
    """Return what an option is for.

    The text is ``options.<file>.<option>`` of the messages, where the file is that of the class which defines the
    option; without one, as in somebody's own step, it is the field's description.
    """
    owner = next(kind for kind in record.__mro__ if option in get_annotations(kind))
    try:
        return say(f"options.{owner.__module__.rpartition('.')[2]}.{option}")
    except KeyError:
        return record.model_fields[option].description or ""
