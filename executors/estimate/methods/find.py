"""Find a method's file by its id."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ....knowledge.messages import say
from .. import methods
from ..request import EstimateRequest
from ..unsupported import UnsupportedError
from .method import FineTuning

_SHARED = frozenset({"find", "method", "targets"})


@cache
def method_names() -> tuple[str, ...]:
    """Return the ids of all methods that can be estimated, from the files here."""
    return tuple(sorted(module.name for module in iter_modules(methods.__path__) if module.name not in _SHARED))


def method_of(request: EstimateRequest) -> FineTuning:
    """Return the method of a run.

    Raises:
        UnsupportedError: No file describes it.
    """
    if request.method not in method_names():
        raise UnsupportedError(say("estimate.unknown_method", method=request.method, known=", ".join(method_names())))
    found: type[FineTuning] = import_module(f"{methods.__name__}.{request.method}").METHOD
    return found(request)
