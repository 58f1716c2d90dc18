import os
from pathlib import Path

import pytest
from ftadvisor.executors.checkpoints import about, checkpoint_folder, newest_whole, prune, seal


def make(folder: Path, step: int, fingerprint: str = "mine", sealed: bool = True) -> Path:
    checkpoint = checkpoint_folder(folder, step)
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_bytes(bytes([step]) * 100)
    (checkpoint / "state").write_text("{}")
    if sealed:
        seal(checkpoint, {"fingerprint": fingerprint, "seconds": step})
    return checkpoint


def test_newest_whole_one_of_this_training_counts(tmp_path: Path) -> None:
    make(tmp_path, 9)
    expected = make(tmp_path, 10)
    make(tmp_path, 11, fingerprint="another's")
    make(tmp_path, 12, sealed=False)
    checkpoint_folder(tmp_path, 13).mkdir()
    found = newest_whole(tmp_path, "mine")
    assert found is not None
    assert found[0] == expected
    assert found[1] == about(expected)
    assert newest_whole(tmp_path / "missing", "mine") is None


@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "manifest"])
def test_damaged_checkpoints_do_not_count(tmp_path: Path, harm: str) -> None:
    checkpoint = make(tmp_path, 1)
    weights = checkpoint / "weights"
    match harm:
        case "flip":
            weights.write_bytes(b"x" + weights.read_bytes()[1:])
        case "cut":
            os.truncate(weights, 50)
        case "delete":
            weights.unlink()
        case "manifest":
            (checkpoint / "manifest.json").write_text('{"files": {')
    assert about(checkpoint) is None
    assert newest_whole(tmp_path, "mine") is None


def test_pruning_keeps_the_named_steps_and_other_files(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        make(tmp_path, step)
    make(tmp_path, 4, sealed=False)
    (tmp_path / "notes").write_text("mine")
    prune(tmp_path, {1, 3})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-1", "checkpoint-3", "notes"]
