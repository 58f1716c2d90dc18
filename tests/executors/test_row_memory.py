"""Rows in memory: what ``tests/benchmarks/row_memory.py`` measures, with bars; and that numbers are what they were."""

import json
import random
import runpy
from array import array
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.audit import audit
from ftadvisor.executors.batches import shortened
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.task import task_class, task_ids
from ftadvisor.executors.tokens import TokenRow
from ftadvisor.executors.train import _written

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

NUMBERS = {"masked_lm": 2, "question_answering": 3.25, "seq2seq": 2, "token_classification": 3}
"""Numbers that a task keeps of each token, where it keeps more than the token; marks of one byte are quarters."""


@pytest.fixture(scope="module")
def benchmark() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "row_memory.py"))


def examples_of(benchmark: dict[str, Any], task: str, folder: Path) -> tuple[Any, list[Any]]:
    chance, path = random.Random(1), folder / "rows.jsonl"
    lengths = (3, 40, 9, 25)
    rows = [benchmark["row_of"](task, chance.choices(benchmark["NAMES"], k=count), count) for count in lengths]
    benchmark["write"](path, rows)
    kind = task_class(task)
    read = kind.read(path, Prompt())
    learner = kind(kind.Options(), kind.study(read, path))
    return learner, [example for _, example in learner.examples(benchmark["made_tokenizer"](), read, 32)]


def as_lists(example: Any) -> Any:
    values = {one.name: getattr(example, one.name) for one in fields(example)}
    return replace(example, **{name: value.tolist() for name, value in values.items() if hasattr(value, "tolist")})


@pytest.mark.parametrize("task", task_ids())
def test_numbers_of_rows_take_four_bytes_each_and_little_beside(task: str, benchmark: dict[str, Any]) -> None:
    found = benchmark["measured"](task, 100, 200)
    numbers = found.tokens * NUMBERS.get(task, 1)
    assert found.encoded_kept < 6 * numbers  # as many in lists take 19 and more
    assert found.encoded_most < 9 * numbers


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv", ".txt"])
def test_reading_takes_a_few_times_the_file(ending: str, benchmark: dict[str, Any]) -> None:
    found = benchmark["measured"]("continued_pretraining", 100, 200, ending)
    assert found.read_most < 3 * found.file  # the bytes, the text and its rows
    assert found.read_kept < 1.5 * found.file


@pytest.mark.parametrize("task", task_ids())
def test_batches_and_what_a_training_is_known_by_are_those_of_lists(
    task: str, benchmark: dict[str, Any], tmp_path: Path
) -> None:
    learner, examples = examples_of(benchmark, task, tmp_path)
    lists = [as_lists(example) for example in examples]
    assert any(one != other for one, other in zip(types_of(examples[0]), types_of(lists[0]), strict=True))
    ours, theirs = learner.collate(examples, 0), learner.collate(lists, 0)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(theirs[name]))
        assert getattr(value, "dtype", None) == getattr(theirs[name], "dtype", None)
    for example, other in zip(examples, lists, strict=True):
        values = {one.name: getattr(other, one.name) for one in fields(other)}
        assert _written(example) == json.dumps(values).encode()


def types_of(example: Any) -> list[type]:
    return [type(getattr(example, one.name)) for one in fields(example)]


def test_the_ends_of_long_texts_are_left_out_of_compact_rows() -> None:
    assert [*shortened(array("i", [5, 6, 7, 8]), 3)] == [5, 6, 8]
    assert [*shortened(array("i", [5, 6]), 3)] == [5, 6]


def test_a_second_mark_of_the_beginning_is_seen_in_compact_rows(benchmark: dict[str, Any]) -> None:
    tokenizer = benchmark["made_tokenizer"]()
    tokenizer.bos_token = "w7"
    advised, shown = audit(tokenizer, {8}, [], [TokenRow(array("i", [7, 7, 9, 8]), 2)])
    assert [one.kind for one in advised] == ["begun_twice"]
    assert (shown["prompt"], shown["learnt"]) == ("w7 w7", "w9 w8")
