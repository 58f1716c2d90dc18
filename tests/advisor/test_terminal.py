"""The session in a real pseudo-terminal: keys, Ctrl-C, narrow windows, no colour, Chinese."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.asking import Choice
from ftadvisor.advisor.session import Session as Kept
from ftadvisor.advisor.session import save, saved, statements
from ftadvisor.advisor.terminal import keys_of
from rich.cells import cell_len

pexpect = pytest.importorskip("pexpect", reason="needs pexpect (the dev extra)")
if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

MOVE = re.compile(r"\x1b\[[0-9;?]*[A-HJKf]")
SWITCH = re.compile(r"\x1b\[[0-9;?]*[hlm]")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)(?:;[0-9]+)*m")
READY = "\x1b[?2004h"  # what the terminal is told when a line can be written
SECONDS = 30  # how long the slowest machine may take to answer; never reached otherwise

Start = Callable[..., "Session"]


class Session:
    """Drive ``ftadvisor`` as a person does: read, press keys."""

    def __init__(self, folder: Path, language: str, columns: int) -> None:
        environment = os.environ | {"NO_COLOR": "1", "TERM": "xterm", "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
        command = [sys.executable, "-c", "from ftadvisor.advisor.cli import main; raise SystemExit(main())"]
        self.screen = ""
        self.process = pexpect.spawn(
            command[0],
            [*command[1:], "--language", language],
            cwd=str(folder),
            env=environment,
            encoding="utf-8",
            timeout=SECONDS,
            dimensions=(50, columns),
        )

    def see(self, text: str) -> None:
        """Wait until a text has been shown."""
        self.process.expect_exact(text)
        self.screen += self.process.before + self.process.after

    def press(self, key: str) -> None:
        """Point at an entry by its key and take it."""
        self.process.send(key)
        self.process.send("\r")

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.sendintr()
        return self.end()

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        self.process.expect(pexpect.EOF)
        self.screen += self.process.before
        self.process.close()
        return int(self.process.exitstatus)

    @property
    def lines(self) -> list[str]:
        """What was shown, without control sequences; where the cursor moves, a line ends."""
        return MOVE.sub("\n", SWITCH.sub("", self.screen)).replace("\r", "").split("\n")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start sessions in one folder, and end them with the test."""
    started: list[Session] = []

    def begin(language: str = "en", columns: int = 80) -> Session:
        new = not any(tmp_path.iterdir())
        started.append(Session(tmp_path, language, columns))
        if new:  # the first screen takes a description; these tests prefer to be asked
            started[-1].see(READY)
            started[-1].press("")
        return started[-1]

    yield begin
    for session in started:
        session.process.close(force=True)


WORDS = {
    "en": ("What is the task?", "How to find out", "Leave it open", "There is a session here", "all answers are saved"),
    "zh": ("要做的是什么任务？", "怎样弄清楚", "先空着", "没做完的会话", "回答都保存在"),
}

FILE_QUESTIONS = {"en": ("documents?", "test examples?"), "zh": ("资料在", "测试样例")}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answer_back_dont_know_stop_and_resume(start: Start, language: str) -> None:
    task, find_out, leave_open, found, kept = WORDS[language]
    first = start(language)
    first.see(f"1. {task}")
    first.see("u) ")
    first.press("2")
    first.see("\n2. ")
    first.see("r) ")
    first.press("b")
    first.see(f"1. {task}")
    first.see("u) ")
    first.press("1")
    first.see("\n2. ")
    first.see("r) ")
    first.press("d")
    first.see("\n3. ")
    first.see("r) ")
    first.press("u")
    first.see(find_out)
    first.see(leave_open)
    first.see("2) ")
    first.press("1")
    first.see("\n4. ")
    first.see("r) ")
    assert first.stop() == 130
    assert kept in first.screen
    second = start(language)
    second.see(found)
    second.see("2) ")
    second.press("1")
    second.see("\n4. ")
    assert second.stop() == 130


TASK_NAME = {"en": "the task: question answering", "zh": "任务：问答"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_exceptions_are_marked_and_an_earlier_answer_is_changed(start: Start, tmp_path: Path, language: str) -> None:
    session = start(language, columns=60)
    session.see("u) ")
    session.press("1")
    session.see("\n2. ")
    session.see("1) [ ]")
    session.see("r) ")
    session.press("1")
    session.see("1) [x]")
    session.see("r) ")
    session.press("d")
    session.see("\n3. ")
    session.see("r) ")
    session.press("c")
    session.see(f"1) {TASK_NAME[language]}")
    session.process.send("1\r")
    session.see("u) ")
    session.see("r) ")
    session.press("3")
    session.see("r) ")
    assert session.stop() == 130
    found = saved(tmp_path)
    assert found is not None
    assert found.profile.task_type == "classification"
    field, value = statements(Kept().answered("task_type", "qa"))[0]
    assert getattr(found.profile, field) == value


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_advice_is_shown_and_the_plan_is_written(start: Start, tmp_path: Path, language: str) -> None:
    save(Kept().answered("task_type", "qa").answered("knowledge_volatility", "weekly"), tmp_path)
    session = start(language)
    session.see("2) ")
    session.press("1")
    session.see("r) ")
    session.press("r")
    session.see("ftadvisor plan")
    session.see("q) ")
    session.press("p")
    for question in FILE_QUESTIONS[language]:  # left empty: to be prepared later
        session.see(question)
        session.see(">")
        session.process.send("\r")
    session.see("ftadvisor run plan.yaml")
    session.see("q) ")
    session.press("q")
    assert session.end() == 0
    assert (tmp_path / "profile.yaml").exists()
    assert (tmp_path / "plan.yaml").exists()


def test_after_the_plan_enter_leaves(start: Start, tmp_path: Path) -> None:
    save(Kept().answered("task_type", "qa").answered("knowledge_volatility", "weekly"), tmp_path)
    session = start()
    session.see("2) ")
    session.press("1")
    session.see("r) ")
    session.press("r")
    session.see("q) ")
    session.press("p")
    for question in FILE_QUESTIONS["en"]:
        session.see(question)
        session.see(">")
        session.process.send("\r")
    session.see("> q) ")
    session.process.send("\r")
    assert session.end() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_question_mark_tells_what_the_keys_do(start: Start, language: str) -> None:
    session = start(language)
    session.see("u) ")
    session.process.send("?")
    session.see({"en": "moves the cursor", "zh": "数字和字母把光标移到"}[language])
    session.see("u) ")
    session.press("1")
    session.see("\n2. ")
    assert session.stop() == 130


def test_a_key_that_is_a_command_never_points_at_an_answer() -> None:
    many = [Choice(str(number), str(number)) for number in range(40)]
    keys = keys_of([*many, Choice(".back", "back", "b"), Choice("leave", "leave", "q")])
    assert keys[:11] == [*"1234567890", "a"]
    assert not set("bucfreq") & set(keys[:40])
    assert keys[40:] == ["b", "q"]
    assert keys[39] is None  # the arrows reach it


@pytest.mark.parametrize(("language", "columns"), [("en", 40), ("zh", 40), ("en", 60), ("zh", 80)])
def test_no_line_is_wider_than_the_window(start: Start, language: str, columns: int) -> None:
    session = start(language, columns)
    session.see("1. ")
    session.see("u) ")
    session.press("1")
    session.see("\n2. ")
    session.see("r) ")
    session.press("d")
    session.see("\n3. ")
    session.see("r) ")
    session.stop()
    too_wide = [line for line in session.lines if cell_len(line) > columns]
    assert not too_wide
    assert {"en": "to return)", "zh": "留空返回）"}[language] in " ".join(
        line.strip() for line in session.lines
    )  # uncut


def test_no_colour_is_used(start: Start) -> None:
    session = start()
    session.see("u) ")
    session.press("1")
    session.see("r) ")
    session.press("r")
    session.see("q) ")
    session.stop()
    assert not COLOUR.search(session.screen)
