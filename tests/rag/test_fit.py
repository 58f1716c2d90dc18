"""The weight of the fusion follows a user's questions where they speak clearly, and stays in the index."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.embedders import builtin, sentence_transformer
from ftadvisor.rag.evaluate import evaluate_index
from ftadvisor.rag.fit import fit_weight
from ftadvisor.rag.index import open_index
from ftadvisor.rag.limits import Limits
from ftadvisor.rag.questions import Question
from ftadvisor.rag.records import IndexOptions

from .conftest import write_rows

COUNT = 60


@dataclass(frozen=True)
class Aware(builtin.HashedTokens):
    """Know that a text is about the number that it ends with, and a little less about the next one."""

    identity: str = "aware"
    dimension: int = COUNT
    weight: float = 1.0

    def embed(self, texts: Any, role: str) -> Any:
        """Return vectors of which those of text and question with one number are nearest."""
        import numpy as np

        vectors = np.full((len(texts), self.dimension), 0.01, dtype=np.float32)
        for row, text in enumerate(texts):
            number = int(text.split()[-1].strip("x?"))
            vectors[row, number] = 1.0
            vectors[row, (number + 1) % COUNT] = 0.8 if role == "passage" else 0.01
        return builtin.unit_length(vectors)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index whose words mislead: each text repeats the words of the question about its neighbour."""
    monkeypatch.setattr(sentence_transformer, "open_embedder", lambda name: Aware())
    rows: list[dict[str, object]] = [
        {"id": str(number), "text": f"pears {(number + 1) % COUNT}q {(number + 1) % COUNT}r x{number}"}
        for number in range(COUNT)
    ]
    build_index([write_rows(tmp_path / "a.jsonl", rows)], tmp_path / "index", IndexOptions(embedder="aware"))
    return tmp_path / "index"


def questions(count: int, misled: bool) -> list[Question]:
    words = [number + (0 if misled else 1) for number in range(count)]
    return [
        Question(id=str(number), question=f"{word}q {word}r x{number}?", relevant=[str(number)])
        for number, word in enumerate(words)
    ]


def test_a_clearly_better_weight_is_kept_in_the_index(folder: Path) -> None:
    asked = questions(40, misled=True)
    before = evaluate_index(open_index(folder), asked).ndcg_at_10
    fitted = fit_weight(folder, asked)
    assert fitted.weight is not None
    assert fitted.weight > 1
    assert (fitted.before, fitted.questions) == (before, 40)
    assert evaluate_index(open_index(folder), asked).ndcg_at_10 == fitted.after > before
    assert open_index(folder).manifest.options.dense_weight == fitted.weight
    update_index([], folder)
    assert open_index(folder).manifest.options.dense_weight == fitted.weight


def test_a_weight_that_no_other_beats_stays(folder: Path) -> None:
    generation = (folder / "current").read_text()
    assert fit_weight(folder, questions(40, misled=False)).weight == 1.0
    assert (folder / "current").read_text() == generation


def test_an_index_that_does_not_fuse_is_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    build_index([tmp_path / "a.jsonl"], tmp_path / "words", IndexOptions(retriever="bm25"))
    assert fit_weight(tmp_path / "words", questions(40, misled=True)).weight is None


def test_a_file_that_was_refused_is_refused_while_fitting(folder: Path, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "b.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.txt", f"plums x{number}")
    limits = Limits(files=2)
    options = open_index(folder).manifest.options
    built = build_index([tmp_path / "a.jsonl", tmp_path / "b.zip"], folder, options, limits=limits)
    assert built.unread
    assert fit_weight(folder, questions(40, misled=True), limits=limits).weight != 1.0
    assert open_index(folder).manifest.documents == built.documents


def test_too_few_questions_are_told_before_the_build(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("pears")
    asked = write_rows(tmp_path / "q.jsonl", [each.model_dump(mode="json") for each in questions(5, misled=True)])
    words = ["rag", "build", str(tmp_path / "a.txt"), "-o", str(tmp_path / "new"), "--questions", str(asked)]
    assert main(words) == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("weight", "reason"), [(3.0, "small"), (0.3, "reorders")])
def test_the_weight_that_counts_says_whether_vectors_are_searched(folder: Path, weight: float, reason: str) -> None:
    options = open_index(folder).manifest.options.model_copy(update={"dense_weight": weight})
    build_index([folder.parent / "a.jsonl"], folder, options)
    entry = open_index(folder).manifest.structure
    assert entry is not None
    assert entry.reason == reason


def test_too_few_questions_are_questions_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="only 5"):
        fit_weight(folder, questions(5, misled=True))
