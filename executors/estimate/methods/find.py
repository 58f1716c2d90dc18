"""Find a method's file by its id."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ....knowledge.messages import say
from .. import methods
from ..request import Dtype, EstimateRequest
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
    return _kind(request.method)(request)


def weights_of(method: str) -> Dtype:
    """Return the precision that a method keeps the model's weights in on a GPU where nobody names another.

    Raises:
        UnsupportedError: No file describes the method.
    """
    return _kind(method).WEIGHTS


def _kind(method: str) -> type[FineTuning]:
    if method not in method_names():
        raise UnsupportedError(say("estimate.unknown_method", method=method, known=", ".join(method_names())))
    found: type[FineTuning] = import_module(f"{methods.__name__}.{method}").METHOD
    return found
