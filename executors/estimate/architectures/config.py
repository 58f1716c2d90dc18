"""Read single values of a model's config, with a clear refusal when one is missing."""

from collections.abc import Mapping

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ..unsupported import UnsupportedError


def number(config: Mapping[str, JsonValue], key: str, default: int | None = None) -> int:
    """Return a whole number of the config; a missing or null one is the default.

    Raises:
        UnsupportedError: The key is missing and has no default, or is no positive whole number.
    """
    value = config.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UnsupportedError(say("estimate.bad_config_value", key=key, value=value))
    return value


def flag(config: Mapping[str, JsonValue], key: str, default: bool) -> bool:
    """Return a truth value of the config; a missing or null one is the default."""
    value = config.get(key)
    return default if value is None else bool(value)


def share(config: Mapping[str, JsonValue], key: str, default: float = 1.0) -> float:
    """Return a number between 0 and 1 of the config; a missing or null one is the default."""
    value = config.get(key)
    return float(value) if isinstance(value, int | float) else default
