"""Which library versions' behaviour applies: a named stack, the one for a version, or the installed libraries' own."""

from collections.abc import Mapping

from ...knowledge.load import load
from ...knowledge.messages import say
from ...knowledge.stack import Stack
from .unsupported import UnsupportedError

INSTALLED = "installed"
CURRENT = "current"
KEEPS_NO_INPUT = (0, 43)
"""First bitsandbytes whose 4-bit products keep no input, and whose weights are not packed from float16.

Source: evidence bitsandbytes-4-bit-products, bitsandbytes-0-41-products.
"""


def stack_named(name: str) -> Stack:
    """Return a stack by its name, or the one of the installed libraries, which are asked for their versions only.

    Raises:
        UnsupportedError: There is none of that name, or none for the installed versions.
    """
    if name == INSTALLED:
        return _installed()
    stacks: Mapping[str, Stack] = load(Stack)
    if name not in stacks:
        raise UnsupportedError(say("estimate.unknown_stack", name=name, known=", ".join([*stacks, INSTALLED])))
    return stacks[name]


def stack_for(transformers: str) -> Stack:
    """Return the stack whose range holds a version of transformers, such as ``4.48.1``.

    Raises:
        UnsupportedError: No stack holds it.
    """
    stacks: Mapping[str, Stack] = load(Stack)
    for stack in stacks.values():
        if _numbers(stack.transformers_from) <= _numbers(transformers) < _numbers(stack.transformers_below):
            return stack
    raise UnsupportedError(say("estimate.row.stack", value=transformers))


def _installed() -> Stack:
    found = _version_of("transformers")
    stack = stack_for(found) if found else stack_named(CURRENT)
    packing = _version_of("bitsandbytes")
    if packing is None:
        return stack
    older = _numbers(packing) < KEEPS_NO_INPUT
    return stack.model_copy(update={"saves_packed_inputs": older, "unpacks_through_half": older})


def _version_of(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _numbers(words: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in words.split(".")[:2])
