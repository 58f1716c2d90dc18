"""Two processes on a CPU (gloo) learn what one process learns."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from ftadvisor.executors.events import read_events
from ftadvisor.executors.launch import LOCK, _pass_on, launch_file
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.run import RunFailed, execute_run
from ftadvisor.executors.run_folder import RunFolder, create_run
from ftadvisor.executors.step import EventSink, StepContext
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.lock import locked
from ftadvisor.knowledge.progress import Progress, silent
from ruamel.yaml import YAML

pytestmark = [
    pytest.mark.usefixtures("english"),
    pytest.mark.skipif(os.name == "nt", reason="ends process groups as POSIX does"),
]

TOLERANCE = 2e-5
"""Relative: the same sums in another order, over six updates in float32."""

PLAN = """\
version: 1
title: together
language: en
label: finetune:lora
seed: 17
knowledge: 0.1.0
model: {{source: '{model}'}}
prompt: {{instruction: ''}}
steps:
  - {{kind: train, name: a, method: {method}, train: rows.jsonl, validation: rows.jsonl, output: a, epochs: 2,
     precision: float32, tracker: none, general: null, validate_every: 3, {layout}}}
"""


SHARED = "batch_size: 2, accumulation: 1, processes: 2, sharding: fsdp2"


def run(folder: Path, model: Path, layout: str, method: str = "lora") -> RunFolder:
    found = prepared(folder, model, layout, method)
    execute_run(found, silent, lambda *_: None)
    return found


def prepared(folder: Path, model: Path, layout: str, method: str = "lora") -> RunFolder:
    folder.mkdir()
    rows = [
        {"question": f"Which colour has thing {n}? " * (1 + n % 3), "answer": "Blue." * (1 + n % 2)} for n in range(12)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(model=model, layout=layout, method=method), encoding="utf-8")
    return create_run(read_plan(path), path, folder / "runs")


def result(folder: RunFolder) -> dict[str, Any]:
    found: Any = folder.finished_steps()[0]["result"]
    return dict(found)


def numbers(folder: RunFolder) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(next((folder.path / "outputs" / "a").glob("*.safetensors")))


@pytest.mark.parametrize(
    ("method", "layout"),
    [
        ("lora", "batch_size: 2, accumulation: 1, processes: 2"),
        ("lora", f"{SHARED}, gradient_checkpointing: true"),
        ("full", SHARED),
    ],
)
def test_two_processes_learn_what_one_does(tiny_model: Path, tmp_path: Path, method: str, layout: str) -> None:
    one = run(tmp_path / "one", tiny_model, "batch_size: 2, accumulation: 2", method)
    two = run(tmp_path / "two", tiny_model, layout, method)
    alone, together = result(one), result(two)
    assert together["steps"] == alone["steps"] == 6
    for name in ("loss", "validation_loss"):
        assert [step for step, _ in together[name]] == [step for step, _ in alone[name]]
        for (_, ours), (_, theirs) in zip(together[name], alone[name], strict=True):
            assert ours == pytest.approx(theirs, rel=TOLERANCE)
    learnt, expected = numbers(two), numbers(one)
    assert {*learnt} == {*expected}
    for name, value in learnt.items():
        assert (value - expected[name]).abs().max() <= 1e-4 * expected[name].abs().max() + 1e-6, name
    assert losses(two) == [1, 2, 3, 4, 5, 6]  # told once, not by each
    assert (two.path / "launch" / "1" / "accelerate.yaml").is_file()


@pytest.mark.parametrize("layout", ["batch_size: 2, accumulation: 1, processes: 2", SHARED])
def test_a_killed_run_of_two_processes_resumes_to_the_same_curve(tiny_model: Path, tmp_path: Path, layout: str) -> None:
    """The workers end by themselves when the run is gone, and a new attempt does not start beside them."""
    whole, killed = run(tmp_path / "whole", tiny_model, layout), prepared(tmp_path / "killed", tiny_model, layout)
    code = (
        "import sys; from pathlib import Path; from ftadvisor.executors.run import execute_run\n"
        "from ftadvisor.executors.run_folder import open_run; from ftadvisor.knowledge.progress import silent\n"
        "execute_run(open_run(Path(sys.argv[1])), silent, lambda *_: None)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(killed.path)]) as started:
        wait_for(lambda: len(losses(killed)) >= 4)
        started.kill()
    wait_for(lambda: is_free(killed))
    execute_run(killed, silent, lambda *_: None)
    assert result(killed)["loss"] == result(whole)["loss"]
    assert len(losses(killed)) < 2 * len(losses(whole))  # it did not begin anew


def wait_for(arrived: Callable[[], bool]) -> None:
    end = monotonic() + 240
    while not arrived():
        assert monotonic() < end, "it never came"
        sleep(0.1)


def is_free(folder: RunFolder) -> bool:
    with locked(folder.path / "launch" / "1" / LOCK) as free:
        return free


def losses(folder: RunFolder) -> list[Any]:
    return [event["step"] for event in read_events(folder.events_file) if event["event"] == "loss"]


def test_a_workers_refusal_is_told_as_one_process_tells_it(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="longer than"):
        run(tmp_path / "two", tiny_model, "batch_size: 2, processes: 2, max_length: 9")


def test_a_broken_worker_fails_the_step_with_its_log(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "accelerate.py").write_text("raise ValueError('a defect')", encoding="utf-8")
    with pytest.raises(RunFailed) as failure:
        run(tmp_path / "two", tiny_model, "batch_size: 2, processes: 2")
    assert "a defect" in str(failure.value.__cause__)


@pytest.mark.parametrize(
    ("method", "layout", "named"),
    [
        ("lora", "sharding: fsdp2", "processes: 1"),
        ("prompt_tuning", SHARED, "method: prompt_tuning"),
        ("qlora", SHARED, "quantisation: nf4"),
        ("lora", f"{SHARED}, loss: chunked", "loss: chunked"),
        ("lora", f"{SHARED}, new_tokens: [florin]", "new_tokens"),
    ],
)
def test_what_cannot_be_shared_is_refused(
    tiny_model: Path, tmp_path: Path, method: str, layout: str, named: str
) -> None:
    with pytest.raises(UserError, match=named) as refusal:
        run(tmp_path / "run", tiny_model, layout, method)
    assert "sharding: none" in (refusal.value.hint or "")


@pytest.mark.parametrize("sharded", [False, True])
def test_accelerate_reads_the_launch_file(sharded: bool, tmp_path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    path = tmp_path / "accelerate.yaml"
    path.write_text(launch_file(4, on_gpus=True, sharded=sharded, half=True), encoding="utf-8")
    found = load_config_from_file(str(path))
    assert found.num_processes == 4
    assert str(found.distributed_type).endswith("FSDP" if sharded else "MULTI_GPU")
    assert YAML(typ="safe").load(path).get("fsdp_config", {}).get("fsdp_version") == (2 if sharded else None)


def test_advice_of_a_worker_reaches_whoever_runs_the_plan(tiny_model: Path, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "two", tiny_model, "batch_size: 2, processes: 2, learning_rate: 500")
    told: list[str] = []
    execute_run(folder, silent, lambda *_: None, notice=told.append)
    assert any("broken down" in text for text in told), told
    kinds = [event["kind"] for event in read_events(folder.events_file) if event["event"] == "advice"]
    assert "collapsed" in kinds
    assert len(kinds) == len({*kinds}) == len(told)


def context(sink: EventSink, progress: Progress) -> StepContext:
    plan: Any = None  # what workers tell does not depend on it
    return StepContext(Path(), Path(), plan, 1, (), progress, sink)


@pytest.mark.parametrize(
    "told", [{"event": "advice", "values": {"text": "a"}}, {"label": "a", "done": 1, "total": None}]
)
def test_an_error_of_whoever_is_told_what_a_worker_tells_is_not_lost(told: dict[str, Any]) -> None:
    def broken(*_: Any, **values: Any) -> None:
        raise ValueError("nobody there")

    with pytest.raises(ValueError, match="nobody there"):
        _pass_on(json.dumps(told), context(broken, broken))


FOREIGN = ("W1130 a warning", "7", "[]", '"event"', '{"event": 1}', '{"event": "a", "values": 3}', '{"label": "a"}')


def test_words_of_libraries_are_not_passed_on() -> None:
    heard: list[Any] = []
    around = context(lambda name, /, **values: heard.append(name), lambda *told: heard.append(told))
    for line in FOREIGN:
        _pass_on(line, around)
    assert heard == []
    _pass_on('{"label": "a", "done": 1, "total": null}', around)
    assert heard == [("a", 1, None)]
