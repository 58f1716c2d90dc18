"""Knowledge is kept as JSON between starts, and never says anything but what the files say now."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.knowledge import toml_folder
from ftadvisor.knowledge.frozen import Field
from ftadvisor.knowledge.load import KnowledgeError, read_entries
from ftadvisor.knowledge.record import Record
from ftadvisor.knowledge.toml_folder import read_folder


class Fruit(Record):
    """A kind of entry."""

    grams: int = Field(gt=0)


@pytest.fixture
def fruits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one file, on a machine where code may be kept and the user's caches are empty."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "caches"))
    folder = tmp_path / "knowledge" / "fruits"
    folder.mkdir(parents=True)
    write(folder, apple="grams = 150")
    return folder


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)


def kept(folder: Path) -> Path:
    return folder.parent / "__pycache__" / f"{folder.name}.json"


def parsed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows whenever the folder's files are read again."""
    reads: list[str] = []
    original = toml_folder._parsed

    def counted(path: Path) -> tuple[dict[str, Any], list[str]]:
        reads.append(path.name)
        return original(path)

    monkeypatch.setattr(toml_folder, "_parsed", counted)
    return reads


def test_the_second_start_reads_what_was_kept(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = parsed(fruits, monkeypatch)
    assert read_folder(fruits) == read_folder(fruits) == ({"apple": {"grams": 150}}, [])
    assert reads == ["fruits"]
    assert kept(fruits).is_file()


@pytest.mark.parametrize("change", ["edit", "same size", "add", "remove", "rename", "touch"])
def test_every_change_is_seen_at_once(fruits: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(fruits, pear="grams = 180")
    read_folder(fruits)
    reads = parsed(fruits, monkeypatch)
    expected = {"apple": {"grams": 150}, "pear": {"grams": 180}}
    if change in ("edit", "same size"):
        write(fruits, pear="grams = 1800" if change == "edit" else "grams = 190")
        expected["pear"] = {"grams": 1800 if change == "edit" else 190}
    elif change == "add":
        write(fruits, plum="grams = 60")
        expected["plum"] = {"grams": 60}
    elif change == "remove":
        (fruits / "pear.toml").unlink()
        del expected["pear"]
    elif change == "rename":
        (fruits / "pear.toml").rename(fruits / "plum.toml")
        expected["plum"] = expected.pop("pear")
    else:
        os.utime(fruits / "pear.toml", ns=(1, 1))
    assert read_folder(fruits) == (expected, [])
    assert reads == ["fruits"]


@pytest.mark.parametrize("damage", ["empty", "cut", "one character", "other content", "not text", "older form"])
def test_damaged_content_is_ignored_and_written_anew(fruits: Path, damage: str) -> None:
    expected = read_folder(fruits)
    whole = kept(fruits).read_bytes()
    check, stamp, content = whole.split(b"\n")
    damaged = {
        "empty": b"",
        "cut": whole[:-3],
        "one character": whole.replace(b"150", b"151"),
        "other content": b"\n".join((check, stamp, b'{"apple": {"grams": 1}}')),
        "not text": bytes(range(256)),
        "older form": b"\n".join((check, stamp.replace(b"[1,", b"[0,", 1), content)),
    }[damage]
    assert damaged != whole
    kept(fruits).write_bytes(damaged)
    assert read_folder(fruits) == expected
    assert kept(fruits).read_bytes() == whole


def test_where_code_may_not_be_kept_the_users_caches_serve(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    reads = parsed(fruits, monkeypatch)
    assert read_folder(fruits) == read_folder(fruits)
    assert reads == ["fruits"]
    assert not kept(fruits).exists()


def test_two_installations_share_the_users_caches(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(fruits).parent.write_text("a file where the folder should be: nothing can be kept there")
    other = fruits.parent.parent / "other" / "fruits"
    other.mkdir(parents=True)
    (other.parent / "__pycache__").write_text("")
    write(other, apple="grams = 1")
    reads = parsed(fruits, monkeypatch)
    for _ in range(2):
        assert read_folder(fruits)[0] == {"apple": {"grams": 150}}
        assert read_folder(other)[0] == {"apple": {"grams": 1}}
    assert reads == ["fruits", "fruits"]


def test_where_nothing_can_be_kept_the_files_are_read_every_time(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(fruits).parent.write_text("")
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(kept(fruits).parent))
    monkeypatch.setenv("HOME", str(kept(fruits).parent))
    reads = parsed(fruits, monkeypatch)
    assert read_folder(fruits) == read_folder(fruits) == ({"apple": {"grams": 150}}, [])
    assert reads == ["fruits", "fruits"]


def test_all_problems_of_all_files_are_told_and_nothing_broken_is_kept(fruits: Path) -> None:
    write(fruits, fig="grams =", kiwi="grams = 0\ncolour = 1", lime="")
    for _ in range(2):
        with pytest.raises(KnowledgeError) as raised:
            read_entries(Fruit, fruits)
        lines = str(raised.value).splitlines()
        places = [line.split(": ")[:2] for line in lines]
        assert places[0][0] == "knowledge/fruits/fig.toml"
        assert places[1:] == [
            ["knowledge/fruits/kiwi.toml", "grams"],
            ["knowledge/fruits/kiwi.toml", "colour"],
            ["knowledge/fruits/lime.toml", "grams"],
        ]
    assert not kept(fruits).exists()


def test_kept_values_are_checked_like_fresh_ones(fruits: Path) -> None:
    write(fruits, apple="grams = -5")
    for _ in range(2):
        with pytest.raises(KnowledgeError, match="greater than 0"):
            read_entries(Fruit, fruits)


def test_days_are_the_same_fresh_and_kept(fruits: Path) -> None:
    write(fruits, apple="seen = 2026-03-01")
    assert read_folder(fruits) == read_folder(fruits) == ({"apple": {"seen": "2026-03-01"}}, [])


def test_processes_that_start_together_all_read_the_same(fruits: Path) -> None:
    write(fruits, **{f"fruit{number}": f"grams = {number}" for number in range(1, 200)})
    code = (
        "import sys; from pathlib import Path; from ftadvisor.knowledge.toml_folder import read_folder; "
        "print(sum(len(read_folder(Path(sys.argv[1]))[0]) for _ in range(3)))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code, str(fruits)]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert [process.communicate()[0] for process in running] == ["600\n"] * 6
    assert [path.name for path in kept(fruits).parent.iterdir()] == ["fruits.json"]
