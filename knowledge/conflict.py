"""Versions of libraries that are known not to work together."""

import re
from collections.abc import Mapping
from typing import ClassVar

from .frozen import Frozen
from .record import Record
from .text import Text


class VersionRange(Frozen):
    """Name the versions of one package: from ``at_least`` up to, but not including, ``below``."""

    package: str
    at_least: str = "0"
    below: str | None = None

    def holds(self, version: str) -> bool:
        """Say whether a version such as ``2.13.0+cpu`` lies in the range."""
        number = version_number(version)
        return version_number(self.at_least) <= number and (self.below is None or number < version_number(self.below))


class Conflict(Record):
    """Describe one combination of versions that fails.

    Attributes:
        packages: The combination; all of them must be installed in these versions for it to matter.
        harm: What goes wrong, as the user meets it.
        fix: The command that resolves it.
        evidence: Ids of the sources that report it.
    """

    folder: ClassVar[str] = "conflicts"

    packages: tuple[VersionRange, ...]
    harm: Text
    fix: str
    evidence: tuple[str, ...]

    def present(self, installed: Mapping[str, str]) -> bool:
        """Say whether a set of installed packages, name to version, contains the combination."""
        return all(wanted.package in installed and wanted.holds(installed[wanted.package]) for wanted in self.packages)


def version_number(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, without trailing zeros, so that ``5.0`` equals ``5``."""
    numbers = [int(part) for part in re.match(r"[\d.]*", version)[0].split(".") if part]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
