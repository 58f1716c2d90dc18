"""The repository keeps its shape: layers, packages, what lies at the top, file sizes, words that must not appear."""

import fnmatch
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ("advisor", "executors", "rag", "knowledge")
TOP = {
    *FOLDERS,
    "tests",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "constraints.txt",
    "pyproject.toml",
    ".ci",
    ".gitignore",
}
LONGEST_FILE = 400

# Written in two halves so that this file does not find itself.
REGISTRIES = ["pypi" + ".org", "python" + "hosted", "download." + "pytorch", "anaconda" + ".org", "registry." + "npmjs"]
MACHINE_PATHS = ["/root" + "/", "/home" + "/", "/Users" + "/", "/work" + "/", "bash" + "_jobs"]


def test_imports_point_only_downwards(tmp_path: Path) -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(sys.argv[1], no_cache=True))"
    arguments = [sys.executable, "-c", code, str(REPOSITORY / "pyproject.toml")]
    check = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr


def test_packages_list_names_every_folder_with_code() -> None:
    """A forgotten package works in an editable installation and is missing from the wheel."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    on_disk = {
        ".".join(["ftadvisor", *path.parent.relative_to(REPOSITORY).parts])
        for folder in FOLDERS
        for path in (REPOSITORY / folder).rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == on_disk


def test_every_folder_with_code_is_a_package() -> None:
    code = [path for path in _files() if path.suffix == ".py" and path.relative_to(REPOSITORY).parts[0] in FOLDERS]
    assert code
    assert [path for path in code if not (path.parent / "__init__.py").exists()] == []


def test_nothing_else_lies_at_the_top() -> None:
    assert {path.relative_to(REPOSITORY).parts[0] for path in _files()} <= TOP


def test_files_stay_readable_in_one_sitting() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _files() if path.suffix == ".py"}
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_registry_and_no_machine_is_named() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in _files()
        for number, line in enumerate(_lines(path), start=1)
        if any(word in line for word in REGISTRIES + MACHINE_PATHS)
    ]
    assert not found, "\n".join(found)


def _files() -> Iterator[Path]:
    """Yield every file of the repository that .gitignore does not leave out."""
    ignored = [line.rstrip("/") for line in (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()]
    yield from _files_under(REPOSITORY, [*ignored, ".git"])


def _files_under(folder: Path, ignored: list[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _files_under(path, ignored)
        else:
            yield path


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    return [] if b"\0" in content else content.decode("utf-8").splitlines()
