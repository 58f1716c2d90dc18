"""SetFit's training of its embedding model, killed at any write or rename, ends like the undisturbed one."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import contrast
from ftadvisor.executors.checkpoints import MANIFEST
from ftadvisor.executors.classifier import Lesson
from ftadvisor.executors.classifiers import setfit
from ftadvisor.knowledge.progress import silent

from .test_kills import run_until_killed

np = pytest.importorskip("numpy", reason="needs the train extra")
pytest.importorskip("sentence_transformers", reason="needs the rag extra")
pytest.importorskip("sklearn", reason="needs the train extra")

TEXTS = ["where is my parcel", "the courier is late", "no delivery yet", "my money back", "refund me now", "repay it"]
UPDATES = 6
KILLS = 12


@pytest.fixture
def at_each_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a checkpoint after each update, however little time went by."""
    monkeypatch.setattr(contrast, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(contrast, "SHARE", float("inf"))


class Heard:
    """Count the updates that are told of."""

    def __init__(self) -> None:
        self.updates: list[float] = []

    def __call__(self, label: str, done: float, total: float | None, /) -> None:
        if label.rpartition(" ")[2][:2] in {"0.", "1."}:
            assert total == UPDATES
            self.updates.append(done)


def learnt(model: Path, folder: Path, heard: Callable[..., None] = silent, texts: list[str] = TEXTS) -> dict[str, Any]:
    """Train, and return the weights of the embedding model and of the head."""
    right = np.eye(2, dtype=bool)[[place // 3 for place in range(len(texts))]]
    options = setfit.Options(embedder=str(model), pairs=1, epochs=2, batch_size=4, learning_rate=1e-2, folds=2)
    found = setfit.train(Lesson(texts, right, False, 17, folder, folder, heard), options)
    weights = {name: value.numpy().tobytes() for name, value in found.model.state_dict().items()}
    return {**weights, "head": found.head.weights.tobytes(), "biases": found.head.biases.tobytes()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.usefixtures("at_each_update")
def test_kills_at_any_write_end_in_the_undisturbed_weights(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    model = tiny_of("bert")
    expected = learnt(model, tmp_path / "whole")
    changes = run_until_killed(tmp_path / "n", partial(learnt, model, tmp_path / "n"), kill_at=0)
    assert changes >= KILLS
    begun = set()
    for number in range(KILLS):
        kill_at, folder = 1 + number * (changes - 1) // (KILLS - 1), tmp_path / str(number)
        run_until_killed(folder, partial(learnt, model, folder), kill_at)
        kept = [int(path.parent.name.rpartition("-")[2]) for path in folder.glob(f"*/{MANIFEST}")]
        heard = Heard()
        assert learnt(model, folder, heard) == expected, f"killed at change {kill_at}"
        assert heard.updates == [*range(max(kept, default=0) + 1, UPDATES + 1)], f"killed at change {kill_at}"
        begun.add(max(kept, default=0))
    assert len(begun) > 4  # kills fell on several updates


def test_what_an_undisturbed_training_learns_depends_on_no_checkpoint(
    tiny_of: Callable[[str], Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seldom = learnt(tiny_of("bert"), tmp_path / "seldom")
    request.getfixturevalue("at_each_update")
    assert learnt(tiny_of("bert"), tmp_path / "often") == seldom


@pytest.mark.usefixtures("at_each_update")
def test_a_broken_checkpoint_or_one_of_other_rows_counts_for_nothing(
    tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    model, heard = tiny_of("bert"), Heard()
    other = [*TEXTS[:-1], "give it back"]
    learnt(model, tmp_path, texts=other)
    first = learnt(model, tmp_path, heard)
    assert heard.updates == [*range(1, UPDATES + 1)]
    (state,) = tmp_path.glob(f"*/{contrast.STATE}")
    os.truncate(state, state.stat().st_size // 2)
    heard = Heard()
    assert learnt(model, tmp_path, heard) == first
    assert heard.updates == [*range(1, UPDATES + 1)]
