"""Say which optional packages are missing, instead of failing with a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..knowledge.errors import UserError
from ..knowledge.messages import say


@contextmanager
def needs_extra() -> Iterator[None]:
    """Turn a missing package into a message that names the command which installs it.

    Raises:
        UserError: A package of the extra ``rag`` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("ftadvisor"):
            raise
        raise UserError(say("rag.missing_package", package=error.name), say("rag.install_hint")) from error
