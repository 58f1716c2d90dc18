"""``recommend --describe`` and the first screen: what is shown, what overrides it, what is asked for next."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.asking import Choice
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.commands._session import hold
from ftadvisor.advisor.describe.first_screen import first_screen
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.session import Session, save, saved
from ftadvisor.knowledge.messages import use_language

TEXT = "We sort support tickets into 12 categories, 3,000 labelled, one RTX 3090. The office has a garden."


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("FTADVISOR_DESCRIBE_ENDPOINT", raising=False)
    yield
    use_language(None)


def answer(*words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["recommend", "--language", "en", "--json", "--brief", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_json_tells_what_was_understood_and_what_was_not(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer("--describe", TEXT, capsys=capsys)
    assert found["label"].startswith("classifier")
    read = {one["field"]: one for one in found["understood"]["answers"]}
    assert read["labelled_examples"] == {
        "field": "labelled_examples",
        "value": 3000,
        "words": "3,000 labelled",
        "exact": True,
    }
    assert found["understood"]["not_understood"] == ["The office has a garden"]
    assert found["understood"]["reader"] == "offline"


def test_people_see_the_words_behind_each_answer_and_the_questions_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--language", "en", "--describe", TEXT]) == 0
    shown = capsys.readouterr().out
    assert "3,000 labelled" in shown
    assert "The office has a garden" in shown
    assert "--set training_allowed=" in shown


def test_examples_that_nobody_counted_stay_unknown_and_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = "We sort letters into 12 categories. Past letters with their labels: labelled data is available."
    found = answer("--describe", text, capsys=capsys)
    assert [one["field"] for one in found["understood"]["uncounted"]] == ["labelled_examples"]
    assert main(["recommend", "--language", "en", "--describe", text]) == 0
    shown = capsys.readouterr().out
    assert "not how many" in shown
    assert "--set labelled_examples=" in shown


def test_set_and_a_file_override_the_description(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text("labelled_examples: 12\nvram_gb: 8\n", encoding="utf-8")
    found = answer("--describe", TEXT, "--profile", str(file), "--set", "vram_gb=0", capsys=capsys)
    command = found["next_step"]["command"]
    assert "labelled_examples=3000" not in command
    assert "vram_gb=24" not in command
    assert answer("--describe", TEXT, "--set", "labelled_examples=?", capsys=capsys)["ask_next"] is not None


def test_an_empty_description_and_a_batch_are_the_users_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--describe", "  "]) == 2
    assert main(["recommend", "--describe", TEXT, "--profiles", "cases.jsonl"]) == 2
    assert "Traceback" not in capsys.readouterr().err


class Script:
    """Answer from a list, then press Ctrl-C."""

    width = 80

    def __init__(self, *answers: str) -> None:
        self.answers, self.shown = list(answers), list[str]()

    def tell(self, text: str = "") -> None:
        self.shown.append(text)

    def choose(self, question: str, choices: Sequence[Choice], preset: str | None = None) -> str:
        self.shown.append(question)
        return self._next()

    def write(self, question: str, check: Callable[[str], str | None], preset: str = "") -> str:
        self.shown.append(question)
        return self._next()

    def _next(self) -> str:
        if not self.answers:
            raise KeyboardInterrupt
        return self.answers.pop(0)


def test_the_first_screen_takes_a_description_and_asks_only_for_the_rest(tmp_path: Path) -> None:
    use_language("en")
    script = Script(TEXT, ".unknown")
    hold(script, tmp_path, True, first_screen)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.labelled_examples == 3000
    assert session.profile.origins["labelled_examples"] == "described"
    assert "task_type" not in session.asked


def test_enter_on_the_first_screen_leads_to_the_questions(tmp_path: Path) -> None:
    script = Script("", "qa")
    hold(script, tmp_path, True, first_screen)
    session = saved(tmp_path)
    assert session is not None
    assert session.asked == ("task_type",)


def test_a_description_does_not_silently_replace_a_saved_session(tmp_path: Path) -> None:
    before = Session().answered("task_type", "qa")
    save(before, tmp_path)
    given = Session(profile=Profile(task_type="dialogue"))
    hold(Script("continue"), tmp_path, True, given=given)
    assert saved(tmp_path) == before
    script = Script("anew", ".unknown")
    hold(script, tmp_path, True, given=given)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.task_type == "dialogue"
