"""What people are told when a run stops and when it goes on."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.executors.events import read_events
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.run import RunFailed, execute_run
from ftadvisor.executors.run_folder import all_runs, create_run
from ftadvisor.knowledge.progress import silent

from .test_run import set_option

pytestmark = pytest.mark.usefixtures("toy_steps", "english")


def test_advice_is_told_once_however_often_a_run_is_continued(toy_plan: Path, tmp_path: Path) -> None:
    """And again where its step was begun anew: other options may be the answer to it."""
    set_option(toy_plan, "epochs: 2", "epochs: 2, fail: broken, advice: [flat]")
    folder = create_run(read_plan(toy_plan), toy_plan, tmp_path / "runs")
    told: list[str] = []

    def attempt() -> list[str]:
        told.clear()
        with suppress(RunFailed):
            execute_run(folder, silent, lambda number, total, title: None, notice=told.append)
        return told

    assert attempt() == ["! it is flat. mend it."]
    assert attempt() == []
    set_option(folder.plan_file, "[flat]", "[flat, torn]")
    folder.step_file(2, "train", ".begun.json").unlink()
    assert attempt() == ["! it is flat. mend it.", "! it is torn. mend it."]
    assert attempt() == []
    given = [event["kind"] for event in read_events(folder.events_file) if event["event"] == "advice"]
    assert given == ["flat", "flat", "torn"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_option_is_mended_and_the_run_continued_as_it_says(
    toy_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    """The way on comes before the remedy, and nobody is sent to a new run, which would do all steps again."""
    set_option(toy_plan, "epochs: 2", "epochs: 2, fail: wrong")
    words = ["run", str(toy_plan), "--runs", str(tmp_path / "runs"), "--quiet", "--language", language]
    assert main(words) == 2
    told = capsys.readouterr().err
    [folder] = all_runs(tmp_path / "runs")
    index = folder.step_file(1, "build_index").read_bytes()
    assert told.index(f"ftadvisor run --resume {folder.path}") < told.index("mend the data")
    files = re.search(r"\S+2-\*", told)
    assert str(folder.plan_file) in told
    assert files is not None
    set_option(folder.plan_file, "epochs: 2, fail: wrong", "epochs: 2")
    assert main(["run", "--resume", str(folder.path), "--language", language]) == 2  # begun with other options
    for begun in Path(files[0]).parent.glob(Path(files[0]).name):
        begun.unlink()
    assert main(["run", "--resume", str(folder.path), "--language", language]) == 0
    assert folder.step_file(1, "build_index").read_bytes() == index
