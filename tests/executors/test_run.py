import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.executors import run_folder
from ftadvisor.executors.events import append_event, drop_torn_line, read_events
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.run import RunFailed, execute_run
from ftadvisor.executors.run_folder import RunFolder, all_runs, create_run, open_run
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.lock import locked
from ftadvisor.knowledge.progress import silent

pytestmark = pytest.mark.usefixtures("toy_steps", "english")

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="crashes are injected in forked processes")


def start(plan: Path, runs: Path) -> RunFolder:
    folder = create_run(read_plan(plan), plan, runs)
    go_on(folder)
    return folder


def go_on(folder: RunFolder, plan: Path | None = None) -> None:
    execute_run(folder, silent, lambda number, total, title: None, plan)


def outcome(folder: RunFolder) -> dict[str, Any]:
    """What must be the same, however often the run was interrupted."""
    outputs = {str(path.relative_to(folder.path)): path.read_bytes() for path in folder.path.glob("outputs/**/*.txt")}
    results = [(record["number"], record["kind"], record["result"]) for record in folder.finished_steps()]
    left = [path.name for path in folder.path.rglob("*") if path.name.startswith("state.json")]
    return {"outputs": outputs, "results": results, "state": folder.status().state, "left": left}


def set_option(plan: Path, old: str, new: str) -> None:
    text = plan.read_text(encoding="utf-8")
    assert old in text
    plan.write_text(text.replace(old, new), encoding="utf-8")


def test_a_run_does_every_step_once_and_hands_results_on(toy_plan: Path, tmp_path: Path) -> None:
    folder = start(toy_plan, tmp_path / "runs")
    first, second = (record["result"] for record in folder.finished_steps())
    assert second["earlier"] == [first]
    assert folder.status().state == "finished"
    assert folder.plan_file.read_bytes() == toy_plan.read_bytes()
    environment = json.loads(folder.environment_file.read_bytes())
    assert environment["seed"] == 17
    assert environment["packages"]["ftadvisor"]
    assert [event["event"] for event in read_events(folder.events_file)].count("step_finished") == 2
    go_on(folder)
    assert [event["event"] for event in read_events(folder.events_file)].count("step_finished") == 2


class Crash:
    """Kill this process just before, or in the middle of, its n-th change to a folder."""

    def __init__(self, folder: Path, at: int) -> None:
        self.folder, self.left = str(folder), at
        sys.addaudithook(self._audit)
        self._write = os.write
        os.write, os.fsync = self._torn_write, self._counted_fsync  # neither is audited

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        changes = event in {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (changes or opens) and str(arguments[0]).startswith(self.folder):
            self._count()

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            os._exit(9)

    def _torn_write(self, handle: int, content: bytes) -> int:
        if self.left == 1:
            self._write(handle, content[: len(content) // 2])
        self._count()
        return self._write(handle, content)

    def _counted_fsync(self, handle: int) -> None:
        self._count()


def crashes(work: Callable[[], object], folder: Path, at: int) -> bool:
    """Do work in a process that dies at its n-th change to a folder; tell whether it came to that."""
    child = os.fork()
    if child == 0:
        Crash(folder, at)
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child must never return into pytest
            os._exit(3)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the time of looking for versions, and of flushing: a process that dies loses nothing it has written."""
    monkeypatch.setattr(run_folder, "describe_environment", lambda seed, path: {"plan_file": str(path)})
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@needs_fork
@pytest.mark.usefixtures("quick")
def test_a_run_killed_at_any_change_ends_like_an_undisturbed_one(toy_plan: Path, tmp_path: Path) -> None:
    expected = outcome(start(toy_plan, tmp_path / "undisturbed"))
    at, resumed = 1, 0
    while crashes(partial(start, toy_plan, runs := tmp_path / f"{at}"), runs, at):
        found = all_runs(runs)
        if found:
            go_on(found[0])
            assert outcome(found[0]) == expected, f"killed at change {at}"
            resumed += 1
        at += 1
    assert resumed > 60


@needs_fork
@pytest.mark.usefixtures("quick")
def test_a_run_killed_again_and_again_ends_like_an_undisturbed_one(toy_plan: Path, tmp_path: Path) -> None:
    expected = outcome(start(toy_plan, tmp_path / "undisturbed"))
    folder = create_run(read_plan(toy_plan), toy_plan, tmp_path / "runs")
    times = 0
    while crashes(lambda: go_on(folder), tmp_path / "runs", at=35):
        times += 1
    assert times > 1
    assert outcome(folder) == expected


@pytest.mark.usefixtures("quick")
def test_a_disk_that_fills_up_at_any_write_loses_nothing(
    toy_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outcome(start(toy_plan, tmp_path / "undisturbed"))
    for room in range(1000):
        left = iter(range(room))

        def flush(handle: int, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", flush)
        with suppress(RunFailed, OSError):
            start(toy_plan, tmp_path / f"{room}")
            break
        monkeypatch.setattr(os, "fsync", lambda handle: None)
        for folder in all_runs(tmp_path / f"{room}"):
            go_on(folder)
            assert outcome(folder) == expected, f"full after {room} writes"
    assert room > 25


@needs_fork
def test_the_lock_of_a_living_process_is_respected_and_of_a_killed_one_is_gone(toy_plan: Path, tmp_path: Path) -> None:
    folder = create_run(read_plan(toy_plan), toy_plan, tmp_path / "runs")
    folder.write_status("running", 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with locked(folder.lock_file):
            os.write(writer, b"x")
            signal.pause()
    os.read(reader, 1)
    assert folder.status().state == "running"
    with pytest.raises(UserError, match="Another process"):
        go_on(folder)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert folder.status().state == "interrupted"
    go_on(folder)
    assert folder.status().state == "finished"


def test_events_survive_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append_event(path, "one", {"text": "甲"})
    with path.open("ab") as file:
        file.write(b'{"event": "tw')
    assert [event["event"] for event in read_events(path)] == ["one"]
    drop_torn_line(path)
    append_event(path, "three", {})
    assert [event["event"] for event in read_events(path)] == ["one", "three"]
    assert read_events(path)[0]["text"] == "甲"


def test_no_events_are_no_problem(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == []
    drop_torn_line(tmp_path / "events.jsonl")


@pytest.mark.parametrize(
    ("how", "error", "state"),
    [
        ("wrong", UserError, "failed"),
        ("broken", RunFailed, "failed"),
        ("full", RunFailed, "failed"),
        ("interrupt", KeyboardInterrupt, "interrupted"),
    ],
)
def test_a_stopped_run_keeps_what_is_finished_and_goes_on_after_the_mending(
    toy_plan: Path, tmp_path: Path, how: str, error: type[BaseException], state: str
) -> None:
    set_option(toy_plan, "epochs: 2", f"epochs: 2, fail: {how}")
    folder = create_run(read_plan(toy_plan), toy_plan, tmp_path / "runs")
    with pytest.raises(error):
        go_on(folder)
    assert folder.status().state == state
    assert folder.status().step == 2
    assert [record["number"] for record in folder.finished_steps()] == [1]
    set_option(folder.plan_file, f"fail: {how}", "fail: 'no'")
    with pytest.raises(UserError, match=r"Step 2 \(train\)") as caught:
        go_on(folder)
    assert "2-*" in caught.value.hint
    for path in folder.path.glob("steps/2-*"):  # as the hint says
        path.unlink()
    go_on(folder)
    assert folder.status().state == "finished"


def test_steps_that_have_not_begun_may_be_changed(toy_plan: Path, tmp_path: Path) -> None:
    set_option(toy_plan, "words: [x, y]", "words: [x, y], fail_after: 1")
    with pytest.raises(UserError, match="fail_after"):
        read_plan(toy_plan)
    set_option(toy_plan, ", fail_after: 1", "")
    folder = start(toy_plan, tmp_path / "runs")
    for path in folder.path.glob("steps/2-*"):
        path.unlink()
    set_option(toy_plan, "epochs: 2", "epochs: 1")
    go_on(folder, toy_plan)
    assert folder.plan_file.read_bytes() == toy_plan.read_bytes()
    assert [record["options"].get("epochs") for record in folder.finished_steps()] == [None, 1]


def test_a_plan_that_does_not_fit_a_run_is_the_one_to_be_changed_back(toy_plan: Path, tmp_path: Path) -> None:
    folder = start(toy_plan, tmp_path / "runs")
    set_option(toy_plan, "epochs: 2", "epochs: 1")
    with pytest.raises(UserError) as caught:
        go_on(folder, toy_plan)
    assert f"Undo the change in {toy_plan};" in caught.value.hint


def test_steps_after_one_that_is_done_anew_are_done_anew_too(toy_plan: Path, tmp_path: Path) -> None:
    folder = start(toy_plan, tmp_path / "runs")
    before = folder.finished_steps()[1]["result"]
    for path in folder.path.glob("steps/1-*"):
        path.unlink()
    set_option(toy_plan, "words: [x, y]", "words: [x, y, z]")
    go_on(folder, toy_plan)
    assert folder.finished_steps()[1]["result"] == start(toy_plan, tmp_path / "fresh").finished_steps()[1]["result"]
    assert folder.finished_steps()[1]["result"] != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 17", "seed: 18"),
        ("builtin:tiny", "other"),
        ("instruction: Answer.", "instruction: Sing."),
        ("[x, y]", "[x]"),
        ("  - {kind: build_index, words: [x, y]}\n", ""),
    ],
)
def test_a_change_of_what_has_begun_is_refused(toy_plan: Path, tmp_path: Path, old: str, new: str) -> None:
    folder = start(toy_plan, tmp_path / "runs")
    set_option(folder.plan_file, old, new)
    with pytest.raises(UserError, match="Step 1"):
        go_on(folder)


def test_words_that_change_no_result_may_be_changed(toy_plan: Path, tmp_path: Path) -> None:
    folder = start(toy_plan, tmp_path / "runs")
    set_option(folder.plan_file, "title: a toy", "title: another name")
    go_on(folder)


def test_only_a_run_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not the folder of a run"):
        open_run(tmp_path)


def test_runs_of_one_second_get_names_of_their_own(toy_plan: Path, tmp_path: Path) -> None:
    set_option(toy_plan, "title: a toy", "title: '退货/.. 助手'")
    plan = read_plan(toy_plan)
    made = [create_run(plan, toy_plan, tmp_path / "runs").path for _ in range(3)]
    assert len(set(made)) == 3
    assert all(path.parent == tmp_path / "runs" and "退货" in path.name for path in made)


INTERRUPTED = """
import sys
from ftadvisor.executors import steps
steps.__path__.insert(0, sys.argv[1])
from ftadvisor.advisor.cli import main
sys.exit(main(["run", *sys.argv[2:], "--language", "en"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows delivers Ctrl-C to a whole console")
def test_ctrl_c_saves_the_state_and_prints_the_command_to_go_on(toy_plan: Path, tmp_path: Path) -> None:
    set_option(toy_plan, "epochs: 2", "epochs: 2, fail: wait")
    command = [sys.executable, "-c", INTERRUPTED, str(Path(__file__).parent / "toy_steps"), str(toy_plan), "--runs"]
    process = subprocess.Popen([*command, str(tmp_path / "runs")], stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stderr is not None
    while "waiting" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    folder = all_runs(tmp_path / "runs")[0]
    assert process.returncode == 130
    assert f"ftadvisor run --resume {folder.path}" in said
    assert "Traceback" not in said
    assert (folder.status().state, folder.status().step) == ("interrupted", 2)


def cli(*words: str | Path) -> int:
    return main([*map(str, words), "--language", "en"])


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("wrong", 2, "the data is wrong"),
        ("broken", 1, "the bearings are worn"),
        ("full", 1, "The disk is full"),
        ("interrupt", 130, "Interrupted"),
    ],
)
def test_the_command_says_what_happened_and_how_to_go_on(
    toy_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, code: int, said: str
) -> None:
    set_option(toy_plan, "epochs: 2", f"epochs: 2, fail: {how}")
    assert cli("run", toy_plan, "--runs", tmp_path / "runs") == code
    stderr = capsys.readouterr().err
    assert said in stderr
    assert f"ftadvisor run --resume {all_runs(tmp_path / 'runs')[0].path}" in stderr
    assert "Step 2/2 Fine-tune" in stderr


def test_the_commands_print_one_document_as_json(
    toy_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("run", toy_plan, "--runs", tmp_path / "runs", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["status"]["state"] == "finished"
    assert [step["kind"] for step in document["steps"]] == ["build_index", "train"]
    assert cli("runs", "--runs", tmp_path / "runs", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(entry["run"], entry["state"], entry["resume"]) for entry in listed] == [
        (document["run"], "finished", None)
    ]


def test_the_list_of_runs_says_how_to_go_on(toy_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("runs", "--runs", tmp_path / "runs") == 0
    assert "no runs" in capsys.readouterr().out
    folder = create_run(read_plan(toy_plan), toy_plan, tmp_path / "runs")
    assert cli("runs", "--runs", tmp_path / "runs") == 0
    shown = capsys.readouterr().out
    assert "interrupted" in shown
    assert "0/2" in shown
    assert f"ftadvisor run --resume {folder.path}\n" in shown


@pytest.mark.parametrize("words", [["run"], ["run", "absent.yaml"], ["run", "--resume", "absent"]])
def test_wrong_input_ends_with_2_and_a_hint(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(*words) == 2
    assert capsys.readouterr().err.startswith("Error:")


def test_a_folder_that_cannot_be_made_ends_with_2(
    toy_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("taken").touch()
    assert cli("run", toy_plan, "--runs", tmp_path / "taken") == 2
    assert "--runs" in capsys.readouterr().err
