"""Rows of a JSON list are told apart, whether each has lines of its own, several share one, or all do."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.data_check import check_file
from ftadvisor.executors.prepare import Wish, prepare
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.raw_rows import read_raw
from ftadvisor.executors.step import StepContext
from ftadvisor.executors.steps.train import Options, _kept, parted
from ftadvisor.executors.task import task_class
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

pytestmark = pytest.mark.usefixtures("english")

ROWS = [{"text": f"words of row {number}", "label": "ab"[number % 2], "note": number} for number in range(30)]


def listed(path: Path, shape: str, rows: list[Any]) -> Path:
    texts = [json.dumps(row) for row in rows]
    if shape == "two":
        texts = [", ".join(texts[place : place + 2]) for place in range(0, len(texts), 2)]
    between = {"minified": ",", "two": ",\n", "own": ",\n"}[shape]
    path.write_text(f"[{between.join(texts)}]", encoding="utf-8")
    return path


def context(folder: Path) -> StepContext:
    (folder / "outputs").mkdir()
    plan: Any = None  # where outputs lie does not depend on it
    return StepContext(folder, folder, plan, 1, (), silent, lambda _, /, **values: None)


@pytest.mark.parametrize("shape", ["own", "two", "minified"])
def test_a_share_of_the_rows_is_held_out_and_kept(tmp_path: Path, shape: str) -> None:
    path = listed(tmp_path / "rows.json", shape, ROWS)
    options = Options(name="a", task="sequence_classification", train=str(path), output="a", held_out=0.1)
    rows = task_class(options.task).read(path, Prompt())
    learnt, held = parted(rows, options, 3)
    assert (len(learnt), len(held)) == (26, 4)
    _kept(held, path, options, context(tmp_path))
    kept = [json.loads(line) for line in (tmp_path / "outputs" / "a.held_out.jsonl").open(encoding="utf-8")]
    assert [row["text"] for row in kept] == [row.asked for row in held]
    assert all(row in ROWS for row in kept)


@pytest.mark.parametrize("shape", ["own", "two", "minified"])
def test_conversations_without_ids_have_ids_of_their_own(tmp_path: Path, shape: str) -> None:
    path = listed(tmp_path / "rows.json", shape, [{"question": f"q{n}", "answer": "a"} for n in range(9)])
    assert [row.id for row in task_class("causal_lm").read(path, Prompt())] == [str(n) for n in range(1, 10)]


@pytest.mark.parametrize("shape", ["own", "two", "minified"])
def test_a_wrong_row_costs_no_other(tmp_path: Path, shape: str) -> None:
    path = listed(tmp_path / "rows.json", shape, [*ROWS, 7, {"text": "no label"}, ROWS[0]])
    checked = check_file(path, len)
    assert [(one.line, one.kind) for one in checked.faults] == [
        (31, "not_object"),
        (32, "missing_field"),
        (33, "duplicate"),
    ]
    prepare(checked, path, tmp_path / "out", Wish(validation=0, test=0, seed=3, group=None, most_broken=0.5))
    assert len((tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()) == 30


def test_a_torn_list_says_which_object_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"text": "a", "label": "x"}, {"text": "b", "label": "y"}, {"text": ', encoding="utf-8")
    rows, faults = read_raw(path)
    assert [row.line for row in rows] == [1, 2]
    assert [(one.line, one.kind) for one in faults] == [(3, "not_json")]
    with pytest.raises(UserError, match="line 3"):
        task_class("sequence_classification").read(path, Prompt())
