"""The wording of a description: it decides where little was said, outlives the file, and overcomes no veto."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.answers import change, profile_from, wording_word
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.describe.wording import read_worded, worded_cues, wording
from ftadvisor.advisor.labels import PATHS, RULE_NAMES
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.profile_file import read_profile, write_profile
from ftadvisor.advisor.prospects import prospects_of
from ftadvisor.advisor.recommend import recommend, trace
from ftadvisor.advisor.record_page import command_for
from ftadvisor.advisor.weighing import MOST
from ftadvisor.advisor.whatif import situation_of
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.load import KNOWLEDGE
from hypothesis import given
from hypothesis import strategies as st

MOST_BYTES = 1_300_000
TOLD = {
    "en": "Head office mails new tariffs nearly every day and our people on the phone must tell callers what is valid "
    "now, with the sheet it stands on.",
    "zh": "总部几乎天天发新的资费通知，接线的同事要当场告诉客户现在哪条有效，还要说得出在哪份通知里。",
}
points = st.dictionaries(st.sampled_from(RULE_NAMES), st.integers(-MOST, MOST))


@pytest.mark.parametrize("language", TOLD)
def test_words_that_other_situations_were_told_in_speak_for_their_way(language: str) -> None:
    found = wording(TOLD[language])
    assert max(PATHS, key=lambda path: found.get(path, 0)) == "rag"
    assert found["rag"] > 0 > found["classifier"]
    assert found.keys() <= set(RULE_NAMES)


@pytest.mark.parametrize("text", ["", "?", "vLLM", "中文", "🙂 ok"])
def test_a_few_words_speak_for_nothing(text: str) -> None:
    assert wording(text) == {}


def test_lexicons_alone_leave_the_wording_out() -> None:
    assert not understand(TOLD["en"], lexicons_only=True).wording
    assert understand(TOLD["en"]).wording


def test_a_saved_profile_gives_the_advice_that_its_description_gave(tmp_path: Path) -> None:
    profile = understand(TOLD["en"]).profile().with_answers("asked", vram_gb=24.0)
    write_profile(profile, tmp_path / "profile.yaml")
    read = read_profile(tmp_path / "profile.yaml")
    assert read.wording == profile.wording != {}
    assert recommend(read, brief=True).label == recommend(profile, brief=True).label


@pytest.mark.parametrize("wrong", [{"nothing": 3}, {"rag": "many"}, {"rag": True}, {"rag": 10}, "rag", "rag:x", 7])
def test_points_that_no_description_gives_are_left_out_and_told(wrong: Any) -> None:
    profile = profile_from({"task_type": "qa", "wording": wrong}, lines={"wording": 3})
    assert profile.wording == {}
    assert "3" in profile.problems[0]
    assert "rag:5" in profile.problems[0]


def test_points_are_read_as_they_are_written() -> None:
    points = {"rag": 5, "finetune:lora": -3}
    assert profile_from({"wording": wording_word(points)}).wording == points
    assert change(Profile(task_type="qa"), [f"wording={wording_word(points)}"]).wording == points
    with pytest.raises(UserError, match="rag:99"):
        change(Profile(), ["wording=rag:99"])


@pytest.mark.parametrize("language", TOLD)
def test_the_next_command_and_that_of_the_record_give_the_same_advice(
    language: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["recommend", "--brief", "--json", "--describe", TOLD[language]]) == 0
    found = json.loads(capsys.readouterr().out)
    command = shlex.split(found["next_step"]["command"])
    given = understand(TOLD[language]).profile()
    assert main([*shlex.split(command_for(given))[1:], "--brief", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == found["label"]
    if command[1] == "plan":
        assert main(command[1:]) == 0
        assert f"label: {found['label']}" in Path("plan.yaml").read_text(encoding="utf-8")
    else:
        assert TOLD[language] in command


def test_a_rule_of_wording_is_silent_without_a_description() -> None:
    fired = {verdict.rule.id: verdict.fires for verdict in trace(Profile(task_type="qa"))}
    assert fired["worded-for"] is fired["worded-against"] is False


def test_the_wording_is_a_reason_where_it_speaks() -> None:
    reasons = recommend(Profile(task_type="qa", wording={"rag": 6}), brief=True).reasons
    assert "worded-for" in {reason.rule for reason in reasons}
    plain = recommend(Profile(task_type="qa", needs_citations=True, knowledge_tokens=10**7), brief=True)
    assert "worded-for" not in {reason.rule for reason in plain.reasons}


@given(points)
def test_no_wording_overcomes_a_veto(found: dict[str, int]) -> None:
    profile = Profile(task_type="classification", training_allowed=False, wording=found)
    path = recommend(profile, brief=True).label.partition(":")[0]
    assert path in ("prompting", "rag")


@given(points)
def test_what_if_and_prospects_hear_the_wording_too(found: dict[str, int]) -> None:
    profile = Profile(task_type="generation", labelled_examples=2000, wording=found)
    label = recommend(profile, brief=True).label
    assert situation_of(profile).label == prospects_of(profile, draws=10).label == label


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_weights_are_of_labels_and_small(language: str) -> None:
    weights = read_worded(language)
    assert set(PATHS) <= set(weights.labels) <= set(RULE_NAMES)
    assert max(place for pairs in weights.cues.values() for place in pairs[::2]) < len(weights.labels)
    assert sum(path.stat().st_size for path in (KNOWLEDGE / "wording").iterdir()) < MOST_BYTES


def test_english_words_are_known_by_their_stems() -> None:
    assert {"~rout", "~ticket"} <= worded_cues("routing tickets") & worded_cues("it routes one ticket")
