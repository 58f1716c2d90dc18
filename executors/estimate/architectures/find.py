"""Find the family that knows a config's ``model_type``."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from ....knowledge.json_value import JsonValue
from ....knowledge.load import load
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from .. import architectures
from ..unsupported import UnsupportedError
from ..weights import Architecture

CURRENT = "current"


def architecture_of(config: Mapping[str, JsonValue], stack: Stack | None = None) -> Architecture:
    """Return the shapes of the model that a config describes.

    Args:
        config: The config.
        stack: Whose classes build it; the current libraries' by default.

    Raises:
        UnsupportedError: No family knows this ``model_type``.
    """
    kind = str(config.get("model_type"))
    family = _families().get(kind)
    if family is None:
        raise UnsupportedError(say("estimate.unknown_architecture", kind=kind, known=", ".join(sorted(_families()))))
    found: Architecture = family.read(config, stack or load(Stack)[CURRENT])
    return found


@cache
def _families() -> Mapping[str, ModuleType]:
    modules = [
        import_module(f"{architectures.__name__}.{module.name}") for module in iter_modules(architectures.__path__)
    ]
    return {kind: module for module in modules for kind in getattr(module, "MODEL_TYPES", ())}
