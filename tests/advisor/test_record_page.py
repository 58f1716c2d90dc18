"""The decision record: one page with all of the advice, for browsers and paper, that needs nothing else."""

import re
import shlex
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.record_page import command_for, record_page, write_record
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import speaking
from ftadvisor.knowledge.sources import Evidence

DAY = date(2026, 3, 1)
ANSWERS: dict[str, Any] = {
    "id": "returns",
    "task_type": "dialogue_generation",
    "knowledge_volatility": "monthly",
    "knowledge_tokens": 30_000,
    "labelled_examples": 5000,
    "style_need": "strict",
    "failure_mode": "inconsistent_behaviour",
    "base_model_params_b": 7,
    "vram_gb": 24,
    "origins": {"vram_gb": "detected", "task_type": "described", "style_need": "asked"},
}
LANGUAGES = ("zh", "en")


class Outline(HTMLParser):
    """Collect a page's tags, addresses and text, and check that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "rect", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(profile: Profile, language: str) -> Outline:
    """Return what a record's page has."""
    found = Outline()
    with speaking(language):  # type: ignore[arg-type]
        found.feed(record_page(profile, recommend(profile), DAY))
    assert not found.open
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_record_has_all_of_the_advice(language: str) -> None:
    profile = profile_from(ANSWERS)
    found = outline(profile, language)
    with speaking(language):  # type: ignore[arg-type]
        advice = recommend(profile)
    told = [reason.text for reason in advice.reasons]
    told += [other.text for other in advice.rejected] + [item.text for item in advice.assumed]
    told += [*advice.next_step.results, advice.next_step.measure, advice.next_step.command, advice.certain_because]
    told += [one.now for one in advice.article]
    told += [review.text for review in advice.review] + [case.title for case in advice.cases]
    assert [text for text in told if text not in found.text] == []
    assert advice.label in found.text
    assert "2026-03-01" in found.text
    assert "2026-08-30" in found.text
    assert "svg" in found.tags
    cited = [load(Evidence)[source] for reason in advice.reasons for source in reason.evidence]
    assert all(entry.title in found.text for entry in cited)
    assert {entry.url for entry in cited if entry.url.startswith("https://")} <= set(found.links)


@pytest.mark.parametrize(
    ("language", "origins"), [("zh", ("自动检测", "描述", "问答")), ("en", ("detected", "described", "asked"))]
)
def test_each_answer_stands_with_where_it_came_from(language: str, origins: tuple[str, ...]) -> None:
    text = outline(profile_from(ANSWERS), language).text
    assert all(origin in text for origin in origins)
    assert "5,000" in text


def test_the_page_needs_nothing_else() -> None:
    found = outline(profile_from(ANSWERS), "en")
    assert not found.tags & {"script", "link", "img", "iframe", "object", "base"}
    with speaking("en"):
        page = record_page(profile_from(ANSWERS), recommend(profile_from(ANSWERS)), DAY)
    assert "@import" not in page
    assert not re.search(r"url\(", page)
    assert "@media print" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_user_wrote_cannot_become_markup(language: str) -> None:
    evil = '<script>alert("x")</script>'
    profile = profile_from({"id": evil, "task_type": "qa", "base_model": f"{evil}'&", "budget": evil, evil: 1})
    found = outline(profile, language)
    assert "script" not in found.tags
    assert evil in found.text


def test_the_command_reproduces_the_advice(capsys: pytest.CaptureFixture[str]) -> None:
    profile = profile_from(ANSWERS | {"base_model": "our model's name; rm -rf /", "needs_citations": False})
    words = shlex.split(command_for(profile))
    assert words[0] == "ftadvisor"
    assert main([*words[1:], "--json"]) == 0
    said = capsys.readouterr().out
    with speaking("en"):
        assert f'"label": "{recommend(profile).label}"' in said
    again = profile_from(dict(word.split("=", 1) for word in words if "=" in word))
    assert again.answers() == profile.answers()


def test_a_case_without_answers_has_a_record_too() -> None:
    assert "prompting:zero_shot" in outline(Profile(), "en").text


def test_a_record_that_is_there_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record.html"
    path.write_text("old", encoding="utf-8")
    profile = profile_from(ANSWERS)
    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", _full_disk)
        with pytest.raises(OSError, match="full"):
            write_record(path, profile, recommend(profile, brief=True), DAY)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
    write_record(path, profile, recommend(profile, brief=True), DAY)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def _full_disk(_: int) -> None:
    raise OSError("full")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_writes_the_record(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "record.html"
    words = ["recommend", "--set", "task_type=qa", "--set", "needs_citations=yes", "--json", "--language", language]
    assert main([*words, "--html", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("{")
    assert str(path) in captured.err
    page = path.read_text(encoding="utf-8")
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in page
    assert main([*words, "--html", str(tmp_path / "nowhere" / "record.html")]) != 0
    assert str(tmp_path / "nowhere") in capsys.readouterr().err


def test_a_batch_has_no_one_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "profiles.jsonl"
    path.write_text("{}\n", encoding="utf-8")
    assert (
        main(["recommend", "--profiles", str(path), "--html", str(tmp_path / "record.html"), "--language", "en"]) == 2
    )
    assert "--profiles" in capsys.readouterr().err
