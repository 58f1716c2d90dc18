"""What is installed: the wheel's content, pinned versions, licences of what we depend on, the bare-name guard."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import ftadvisor.advisor
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ("advisor", "executors", "rag", "knowledge")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [Requirement(line) for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
COPYLEFT = re.compile(r"(?<![A-Za-z])A?GPL|Affero|GNU General Public", re.IGNORECASE)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy, so that the checkout gets no build folder."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in FOLDERS:
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, copy)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "dist"), str(copy)]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return zipfile.ZipFile(next((copy / "dist").glob("*.whl")))


def test_wheel_holds_every_source_and_knowledge_file(wheel: zipfile.ZipFile) -> None:
    expected = {
        f"ftadvisor/{path.relative_to(REPOSITORY)}"
        for folder in FOLDERS
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in wheel.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert packed == expected


def test_wheel_holds_the_kinds_that_are_easy_to_forget(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    for part in (
        "knowledge/methods/",
        "knowledge/messages/cli.toml",
        "knowledge/examples/",
        "knowledge/decisions/",
        "knowledge/py.typed",
    ):
        assert any(name.startswith(f"ftadvisor/{part}") for name in names), part


@pytest.mark.parametrize("folder", FOLDERS)
def test_bare_import_from_the_checkout_says_the_right_name(folder: str) -> None:
    command = [sys.executable, "-c", f"import {folder}"]
    attempt = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert f"import ftadvisor.{folder} instead" in attempt.stderr


def test_tests_run_against_what_they_should() -> None:
    """CI names the environment that holds the wheel, lest its second run test the checkout again."""
    expected = os.environ.get("FTADVISOR_TESTED_FROM")
    if expected is None:
        pytest.skip("FTADVISOR_TESTED_FROM is not set: any installation may be tested")
    assert Path(ftadvisor.advisor.__file__).is_relative_to(expected)


def test_pins_lie_within_the_declared_ranges() -> None:
    pins = _pins()
    others = [requirement for requirement in DECLARED if requirement.name != "ftadvisor"]
    outside = [one for one in others if not one.specifier.contains(pins[canonicalize_name(one.name)])]
    assert outside == []


def test_everything_installed_for_us_is_pinned() -> None:
    """torch's GPU libraries are left out: torch itself pins them exactly."""
    gpu_libraries = re.compile(r"nvidia-|cuda-|triton")
    missing = [name for name in _needed() if name not in _pins() and not gpu_libraries.match(name)]
    assert missing == []


@pytest.mark.parametrize("name", sorted({canonicalize_name(one.name) for one in DECLARED} - {"ftadvisor"}))
def test_dependency_is_installed_in_the_development_environment(name: str) -> None:
    requirement = next(one for one in DECLARED if canonicalize_name(one.name) == name)
    if requirement.marker is not None and not requirement.marker.evaluate():
        pytest.skip(f"not needed on this platform: {requirement}")
    distribution(name)


def test_no_dependency_is_under_the_gpl_or_agpl() -> None:
    licences = {name: _licence(name) for name in _needed()}
    assert licences
    assert {name: text for name, text in licences.items() if not text or COPYLEFT.search(text)} == {}


def _pins() -> dict[str, str]:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def _needed() -> set[str]:
    """Return the names of all installed packages that ours needs, directly or not."""
    waiting = [(requirement.name, frozenset(requirement.extras)) for requirement in DECLARED]
    seen = set(waiting)
    while waiting:
        new = [one for one in _requirements(*waiting.pop()) if one not in seen]
        seen.update(new)
        waiting += new
    return {canonicalize_name(name) for name, _ in seen if _installed(name)} - {"ftadvisor"}


def _requirements(name: str, extras: frozenset[str]) -> set[tuple[str, frozenset[str]]]:
    wanted = [Requirement(line) for line in (distribution(name).requires or [] if _installed(name) else [])]
    return {
        (one.name, frozenset(one.extras))
        for one in wanted
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""})
    }


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:  # needed on another platform only
        return False
    return True


def _licence(name: str) -> str:
    """Return what a package says of its licence; its classifiers before a field that may hold the whole text."""
    metadata = distribution(name).metadata
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    first_line = (metadata.get("License") or "").strip().split("\n")[0]
    return metadata.get("License-Expression") or "; ".join(classifiers) or first_line
