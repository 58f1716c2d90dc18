"""Which of the optional packages are installed, from their metadata alone."""

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version

from pydantic import BaseModel, ConfigDict

from ..knowledge.conflict import version_number

EXTRAS = ("rag", "train")
_REQUIREMENT = re.compile(r"(?P<package>[\w.-]+)(?P<range>[^;]*);?(?P<marker>.*)")


class Package(BaseModel):
    """Describe one package that ftadvisor, or an extra of it, needs.

    Attributes:
        extra: The extra that needs it; empty for the core.
        minimum: The lowest version that works.
        installed: The version that is there; None when it is missing.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    extra: str
    minimum: str
    installed: str | None

    @property
    def usable(self) -> bool:
        """Whether it is there and new enough."""
        return self.installed is not None and version_number(self.installed) >= version_number(self.minimum)


def packages() -> tuple[Package, ...]:
    """Return the packages of the core and of each extra, as this installation's metadata names them."""
    found = (_package(line) for line in requires("ftadvisor") or [])
    return tuple(package for package in found if package and package.extra in ("", *EXTRAS))


def installed_versions(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return the versions of those of the named packages that are installed."""
    versions = {name: _installed(name) for name in names}
    return {name: number for name, number in versions.items() if number is not None}


def install_command(extras: list[str]) -> str:
    """Return the command that installs some extras."""
    return f"pip install 'ftadvisor[{','.join(extras)}]'"


def _package(requirement: str) -> Package | None:
    parts = _REQUIREMENT.fullmatch(requirement)
    assert parts is not None, requirement
    if "darwin" in parts["marker"] and sys.platform == "darwin":  # the only platform our metadata excludes
        return None
    extra = re.search(r"extra == [\"']([\w-]+)", parts["marker"])
    minimum = re.search(r">=([\w.]+)", parts["range"])
    return Package(
        name=parts["package"],
        extra=extra[1] if extra else "",
        minimum=minimum[1] if minimum else "0",
        installed=_installed(parts["package"]),
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
