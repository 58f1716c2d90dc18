"""A profile survives its file, keeps comments, and reports what it does not understand."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.answers import change, profile_from, read_answer
from ftadvisor.advisor.profile import FIELDS, Profile, choices
from ftadvisor.advisor.profile_file import read_profile, write_profile
from ftadvisor.knowledge.errors import UserError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NUMBERS = {"knowledge_tokens": 0, "labelled_examples": 0, "n_classes": 1, "n_tasks": 1, "n_gpus": 1}
SIZES = ("base_model_params_b", "vram_gb", "adapter_storage_mb")
WORDS = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).map(str.strip)


def profiles() -> st.SearchStrategy[Profile]:
    """Return any answers that people could give, each possibly unknown."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        name: st.sampled_from(choices(name)) for name in FIELDS if choices(name)
    }
    fields |= {name: st.integers(low, 10**12) for name, low in NUMBERS.items()}
    fields |= {name: st.floats(0.01, 1e4, allow_nan=False) for name in SIZES}
    fields["task_type"] = st.sampled_from(["qa", "classification", "dialogue_generation", "asr", "合同问答"])
    fields["language"] = st.sampled_from(["zh", "en", "th", "nqo", "low-resource"])
    known = WORDS.filter(lambda word: read_answer("base_model", word)[0] == word)
    fields["base_model"] = st.one_of(st.sampled_from(["Llama-3.1-8B", "GPT-4"]), known)
    return st.fixed_dictionaries({}, optional=fields).map(lambda answers: Profile().with_answers("asked", **answers))


def as_answered(profile: Profile) -> Profile:
    """Return a profile without the remark that no catalogue has its model: that is told, not answered."""
    return profile.model_copy(update={"problems": ()})


@given(profile=profiles())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_written_profile_reads_as_it_was(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.unlink(missing_ok=True)
    write_profile(profile, path)
    assert as_answered(read_profile(path)) == profile


@given(profile=profiles())
@settings(max_examples=40, deadline=None)
def test_json_reads_as_it_was(profile: Profile) -> None:
    assert as_answered(profile_from(json.loads(json.dumps(profile.model_dump("json"))))) == profile


def test_comments_and_order_stay_when_an_answer_changes(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("# our case\nvram_gb: 24  # the old card\ntask_type: qa\n", encoding="utf-8")
    write_profile(read_profile(path).with_answers("asked", vram_gb=80, budget="low"), path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# our case\nvram_gb: 80")
    assert "# the old card" in text
    assert text.index("task_type") < text.index("budget")
    assert read_profile(path).origins == {"vram_gb": "asked", "task_type": "file", "budget": "asked"}


def test_an_answer_can_become_unknown(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    write_profile(Profile().with_answers("asked", vram_gb=24), path)
    write_profile(read_profile(path).with_answers("asked", vram_gb=None), path)
    assert read_profile(path).answers() == {}


def test_what_is_not_understood_is_told_with_its_line_and_stays_unknown(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("task_type: juggling\nstyle_need: hard\nvram: 24\nbudget: low\nn_classes: -3\n", encoding="utf-8")
    profile = read_profile(path)
    assert profile.answers() == {"budget": "low"}
    told = "\n".join(profile.problems)
    for line, words in ((1, "juggling"), (2, "none, light, strict"), (3, "vram_gb"), (5, "-3")):
        assert any(str(line) in problem and words in problem for problem in profile.problems), told


@pytest.mark.parametrize("content", ["- a list", "task_type: [", "just words", "task_type: qa\ntask_type: ner\n"])
def test_a_file_that_is_no_mapping_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError):
        read_profile(path)


@pytest.mark.parametrize(
    ("field", "word", "value"),
    [
        ("labelled_examples", "5k", 5000),
        ("labelled_examples", "3万", 30000),
        ("knowledge_tokens", "1.5m", 1_500_000),
        ("knowledge_tokens", "1,000", 1000),
        ("vram_gb", "24", 24),
        ("needs_citations", "yes", True),
        ("needs_citations", "否", False),
        ("budget", "LOW", "low"),
        ("budget", "不知道", None),
        ("base_model", "7b", "7b"),
    ],
)
def test_answers_as_people_write_them(field: str, word: str, value: object) -> None:
    assert read_answer(field, word) == (value, None)


def test_answers_on_the_command_line_replace_those_of_the_file() -> None:
    profile = change(Profile().with_answers("file", vram_gb=24, budget="low"), ["vram_gb=80", "budget=?"])
    assert profile.answers() == {"vram_gb": 80}
    assert profile.origins == {"vram_gb": "flag"}


def test_an_unknown_field_on_the_command_line_is_refused() -> None:
    with pytest.raises(UserError, match="colour"):
        change(Profile(), ["colour=red"])


def test_sizes_are_read_with_the_unit_of_their_field() -> None:
    written = {"vram_gb": ["24 GB", "24g", "24GiB"], "base_model_params_b": ["7B", "7"], "adapter_storage_mb": ["5 MB"]}
    read = {name: {read_answer(name, word)[0] for word in words} for name, words in written.items()}
    assert read == {"vram_gb": {24}, "base_model_params_b": {7}, "adapter_storage_mb": {5}}
    assert read_answer("labelled_examples", "3k") == (3000, None)
