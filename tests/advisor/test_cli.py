"""The command line itself: which word is the command, what is said of words that do not fit, and the exit codes."""

import errno
import subprocess
import sys
from collections.abc import Iterator

import pytest
from ftadvisor.advisor.cli import FAILED, INTERRUPTED, WRONG_INPUT, command_names, main
from ftadvisor.advisor.commands import doctor
from ftadvisor.knowledge.messages import use_language


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(None)


def test_common_options_may_stand_before_and_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--language", "zh", "doctor", "--help"], ["doctor", "--language=zh", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
        assert "用法" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["dcotor"], "There is no command 'dcotor'. There are: doctor", "ftadvisor doctor --help"),
        (["xyz", "--json", "file"], "There is no command 'xyz'", "ftadvisor --help"),
        (["--nope"], "Not understood: --nope", "ftadvisor --help"),
        (["doctor", "--nope"], "Not understood: --nope", "ftadvisor doctor --help"),
        (["run", "--runs"], "--runs needs a value after it", "ftadvisor run --help"),
        (["--language", "xx", "doctor"], "--language cannot be 'xx'", "ftadvisor doctor --help"),
    ],
)
def test_wrong_words_get_a_message_and_a_hint(
    words: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == WRONG_INPUT
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first.startswith("Error: ")
    assert message.split(". ")[0] in first
    assert second == f"Next: {hint}"


def test_wrong_words_are_reported_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--nope", "--language", "zh"]) == WRONG_INPUT
    assert capsys.readouterr().err == "错误：不认识的参数：--nope\n下一步：ftadvisor doctor --help\n"


def test_refusal_of_the_system_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "runs/a")

    monkeypatch.setattr(doctor, "run", full)
    assert main(["doctor"]) == FAILED
    assert "runs/a: No space left on device" in capsys.readouterr().err


def test_interruption_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "run", interrupted)
    assert main(["doctor"]) == INTERRUPTED
    assert "Interrupted" in capsys.readouterr().err


def test_closed_output_is_no_error() -> None:
    """``ftadvisor doctor | head -0``: the reader goes away before anything is written."""
    code = "import sys; from ftadvisor.advisor.cli import main; sys.exit(main(['doctor']))"
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""


def test_commands_are_found_by_their_files() -> None:
    assert {"doctor", "run", "runs"} <= set(command_names())
    assert not [name for name in command_names() if name.startswith("_")]
