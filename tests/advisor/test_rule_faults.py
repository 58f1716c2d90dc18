"""Faults put into rules and their sources are told when the files are read."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor import rules
from ftadvisor.advisor.rule_checks import problems_of
from ftadvisor.advisor.rules import all_rules
from ftadvisor.knowledge.load import KNOWLEDGE, KnowledgeError, load, read_entries
from ftadvisor.knowledge.rule import Rule
from ftadvisor.knowledge.sources import Evidence
from pydantic import ValidationError


def _rule(**changes: Any) -> dict[str, Any]:
    text = {"zh": "甲", "en": "a"}
    rule = {
        "id": "toy",
        "title": text,
        "because": text,
        "evidence": ["article"],
        "when": [{"fact": "budget", "op": "is", "value": "low"}],
        "effect": [{"kind": "prefer", "labels": ["rag"], "weight": 1}],
        "case": [
            {"why": "low", "fires": "yes", "answers": {"budget": "low"}},
            {"why": "high", "fires": "no", "answers": {"budget": "high"}},
        ],
    }
    return rule | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"case": [{"why": "low", "fires": "yes", "answers": {}}]},
        {"effect": [{"kind": "prefer", "labels": ["rag"]}]},
        {"effect": [{"kind": "exclude", "labels": ["rag"], "weight": 3}]},
        {"effect": []},
        {"evidence": []},
        {"when": [{"fact": "budget", "op": "one_of", "value": "low"}]},
        {"when": [{"fact": "budget", "op": "is", "value": ["low"]}]},
        {"colour": "red"},
    ],
)
def test_a_broken_rule_is_refused_when_it_is_read(changes: dict[str, Any]) -> None:
    Rule.model_validate(_rule())
    with pytest.raises(ValidationError):
        Rule.model_validate(json.loads(json.dumps(_rule(**changes))))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"when": [{"fact": "weather", "op": "is", "value": "fine"}]}, "there is no fact 'weather'"),
        ({"effect": [{"kind": "exclude", "labels": ["finetune:magic"]}]}, "there is no label 'finetune:magic'"),
        ({"when": [{"fact": "budget", "op": "is", "value": "enormous"}]}, "can never fire"),
        ({"when": [{"fact": "family", "op": "is", "value": "cooking"}]}, "can never fire"),
        (
            {
                "when": [
                    {"fact": "labelled_examples", "op": "at_least", "value": 500},
                    {"fact": "labelled_examples", "op": "below", "value": 50},
                ]
            },
            "can never fire",
        ),
        (
            {
                "when": [
                    {"fact": "budget", "op": "is", "value": "low"},
                    {"fact": "budget", "op": "none_of", "value": ["low"]},
                ]
            },
            "can never fire",
        ),
        (
            {
                "effect": [
                    {"kind": "prefer", "labels": ["rag"], "weight": 1},
                    {"kind": "avoid", "labels": ["rag"], "weight": 1},
                ]
            },
            "speaks for and against 'rag'",
        ),
    ],
)
def test_a_rule_that_cannot_be_right_is_refused_when_all_are_read(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Rule.model_validate(_rule(**changes))
    monkeypatch.setattr(rules, "load", lambda kind: {"toy": toy})
    with pytest.raises(KnowledgeError, match=f"toy.*{said}"):
        all_rules.__wrapped__()


def test_two_rules_that_leave_no_path_need_a_priority() -> None:
    only_rag = Rule.model_validate(_rule(id="only-rag", effect=[{"kind": "require", "labels": ["rag"]}]))
    no_rag = Rule.model_validate(_rule(id="no-rag", effect=[{"kind": "exclude", "labels": ["rag"]}]))
    assert [problem for problem in problems_of([only_rag, no_rag]) if "only-rag" in problem and "no-rag" in problem]
    assert not problems_of([only_rag, no_rag.model_copy(update={"priority": 1})])
    elsewhere = [{"fact": "budget", "op": "is", "value": "high"}]
    other_profiles = Rule.model_validate(_rule(id="no-rag", effect=no_rag.model_dump()["effect"], when=elsewhere))
    assert not problems_of([only_rag, other_profiles])


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of all knowledge files, to put faults into."""
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge", ignore=shutil.ignore_patterns("*.py", "examples")))


def test_a_copy_of_the_knowledge_is_read_like_the_original(copied: Path) -> None:
    assert read_entries(Rule, copied / "rules") == dict(load(Rule))
    assert read_entries(Evidence, copied / "evidence") == dict(load(Evidence))


def test_a_source_that_does_not_exist_is_told_when_the_rules_are_read(copied: Path) -> None:
    (copied / "evidence" / "lima.toml").unlink()
    with pytest.raises(KnowledgeError, match=r"rules/skill-is-learned\.toml: there is no source 'lima'"):
        read_entries(Rule, copied / "rules")


def test_a_source_that_nothing_names_is_told_when_the_sources_are_read(copied: Path) -> None:
    shutil.copy(copied / "evidence" / "lima.toml", copied / "evidence" / "idle.toml")
    with pytest.raises(KnowledgeError, match=r"evidence/idle\.toml: no entry names this source"):
        read_entries(Evidence, copied / "evidence")


def test_a_rule_without_a_silent_example_is_told_when_the_rules_are_read(copied: Path) -> None:
    path = copied / "rules" / "closed-weights.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('fires = "no"', 'fires = "yes"'), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"closed-weights.*no example that answers no"):
        read_entries(Rule, copied / "rules")
