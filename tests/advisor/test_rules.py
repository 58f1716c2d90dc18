"""Rules hold by their own examples, name only what exists, and do not contradict one another."""

import itertools
import json
import shutil
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor import rules
from ftadvisor.advisor.answers import profile_from, read_answer
from ftadvisor.advisor.labels import LABELS, PATHS, VARIANTS, variants_of
from ftadvisor.advisor.profile import FIELDS, Profile
from ftadvisor.advisor.rule_checks import problems_of
from ftadvisor.advisor.rules import all_rules, fires, holds, judge
from ftadvisor.advisor.weighing import weigh
from ftadvisor.advisor.wiring import fact_names, facts_of
from ftadvisor.knowledge.load import KNOWLEDGE, KnowledgeError, load, read_entries
from ftadvisor.knowledge.rule import Case, Condition, Rule
from ftadvisor.knowledge.sources import Evidence
from pydantic import ValidationError

CASES = [pytest.param(rule, case, id=f"{rule.id}: {case.why}") for rule in all_rules() for case in rule.case]
Draw = Callable[[int], Iterator[Profile]]
FIRES = {"yes": True, "no": False, "unknown": None}


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_examples(rule: Rule, case: Case) -> None:
    profile = profile_from(case.answers)
    assert not profile.problems
    verdict = next(verdict for verdict in judge(facts_of(profile)) if verdict.rule is rule)
    assert verdict.fires is FIRES[case.fires]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_sources_exist(rule: Rule) -> None:
    assert set(rule.evidence) <= set(load(Evidence))


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_reasons_speak_only_of_facts_that_the_conditions_make_known(rule: Rule) -> None:
    known = {condition.fact for condition in rule.when}
    needed = {"n_tasks", "labelled_examples"} if "examples_per_class" in known else set()
    for text in (rule.because.zh, rule.because.en):
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= known | needed | _implied(known), rule.id


def _implied(known: set[str]) -> set[str]:
    """Return the answers that must be known for these facts to be."""
    implied = {
        "fits_prompt": {"knowledge_tokens"},
        "corpus_to_learn": {"knowledge_tokens"},
        "lora_fits": {"base_size_b", "vram_gb"},
        "full_fits": {"base_size_b", "vram_gb"},
    }
    return set().union(*(implied.get(name, set()) for name in known))


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_reasons_name_the_same_facts_in_both_languages(rule: Rule) -> None:
    chinese, english = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in (rule.because.zh, rule.because.en)
    )
    assert chinese == english


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_values_are_among_the_answers_of_their_field(rule: Rule) -> None:
    """A condition on a field with a value that nobody can answer would make the rule unreachable."""
    for condition in rule.when:
        if condition.fact in FIELDS:
            for value in condition.value if isinstance(condition.value, tuple) else (condition.value,):
                assert read_answer(condition.fact, value)[1] is None, (condition.fact, value)


def test_every_fact_is_used() -> None:
    """A fact is used by a rule, by another fact, or by the choice of the base model."""
    by_rules = {condition.fact for rule in all_rules() for condition in rule.when}
    by_others = {"uses_knowledge", "base_architecture", "qlora_fits", "family", "failure"}
    assert {name for name in fact_names() if name not in FIELDS} <= by_rules | by_others


@pytest.mark.parametrize(
    ("truths", "all_true"),
    [
        ([], True),
        ([True, True], True),
        ([True, None], None),
        ([None, False], False),
        ([False, None], False),
        ([True, False], False),
        ([None, None], None),
    ],
)
def test_three_valued_and(truths: list[bool | None], all_true: bool | None) -> None:
    names = [f"fact_{place}" for place in range(len(truths))]
    when = [{"fact": name, "op": "is", "value": True} for name in names]
    rule = Rule.model_validate(_rule(when=when))
    assert fires(rule, dict(zip(names, truths, strict=True))) is all_true


@pytest.mark.parametrize(
    ("op", "value", "fact", "true"),
    [
        ("is", "qa", "qa", True),
        ("is_not", "qa", "qa", False),
        ("one_of", ["a", "b"], "b", True),
        ("none_of", ["a", "b"], "b", False),
        ("at_least", 50, 50, True),
        ("below", 50, 50, False),
        ("below", 50, None, None),
        ("is", False, None, None),
    ],
)
def test_conditions(op: Any, value: Any, fact: object, true: bool | None) -> None:
    condition = Condition.model_validate({"fact": "x", "op": op, "value": value})
    assert holds(condition, {"x": fact}) is true


def test_no_two_rules_contradict_without_a_priority(drawn_profiles: Draw) -> None:
    """Contradict: a rule would leave no path because of others of the same priority."""
    contradicting = set()
    for profile in drawn_profiles(1000):
        weighed = weigh(judge(facts_of(profile)))
        for rule in weighed.overridden:
            left = {label for effect in rule.effect for label in effect.labels if effect.kind == "require"}
            left = left or set(PATHS) - {label for effect in rule.effect for label in effect.labels}
            excluding = [weighed.standings[path].excluded for path in left & set(PATHS)]
            contradicting |= {(rule.id, other.id) for other in excluding if other and other.priority == rule.priority}
    assert not contradicting


def test_every_profile_gets_a_label(drawn_profiles: Draw) -> None:
    for profile in drawn_profiles(500):
        assert weigh(judge(facts_of(profile))).label() in LABELS


def test_every_path_can_win(drawn_profiles: Draw) -> None:
    won = {weigh(judge(facts_of(profile))).paths()[0] for profile in drawn_profiles(1500)}
    assert won == set(PATHS)


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


#: A plausible profile for every label that a path and one of its variants make.
REACHED: dict[str, dict[str, object]] = {
    "prompting:zero_shot": {"task_type": "translation", "labelled_examples": 0},
    "prompting:few_shot": {"task_type": "ner", "labelled_examples": 30},
    "prompting:many_shot": {"task_type": "classification", "n_classes": 77, "labelled_examples": 300},
    "prompting:long_context": {"task_type": "qa", "knowledge_tokens": 50_000, "knowledge_volatility": "static"},
    "prompting:constrained": {"task_type": "extraction", "failure_mode": "format", "format_need": "json"},
    "rag": {"task_type": "qa", "knowledge_volatility": "weekly", "needs_citations": True},
    "classifier:setfit": {"task_type": "classification", "n_classes": 5, "labelled_examples": 60},
    "classifier:encoder": {"task_type": "classification", "labelled_examples": 5000},
    "classifier:embeddings_linear": {
        "task_type": "image_classification",
        "modality": "image",
        "labelled_examples": 300,
    },
    "classifier:tfidf": {
        "task_type": "classification",
        "n_classes": 2,
        "labelled_examples": 100_000,
        "latency": "realtime",
        "vram_gb": 0,
        "budget": "low",
        "volume": "high",
    },
    "finetune:lora": {"task_type": "dialogue", "style_need": "strict", "labelled_examples": 3000, "vram_gb": 24},
    "finetune:qlora": {
        "task_type": "dialogue",
        "style_need": "strict",
        "labelled_examples": 3000,
        "vram_gb": 24,
        "base_model_params_b": 14,
    },
    "finetune:ia3": {"task_type": "style_transfer", "n_tasks": 5000, "labelled_examples": 1000},
    "finetune:adapter": {
        "task_type": "classification",
        "base_model": "BERT-large",
        "n_tasks": 26,
        "labelled_examples": 3000,
        "forgetting_sensitive": True,
    },
    "finetune:prefix_tuning": {
        "task_type": "data_to_text",
        "base_model_params_b": 0.8,
        "n_tasks": 12,
        "labelled_examples": 300,
    },
    "finetune:p_tuning_v2": {"task_type": "ner", "n_tasks": 10, "labelled_examples": 5000, "base_model_params_b": 0.3},
    "finetune:bitfit": {
        "task_type": "classification",
        "base_model": "BERT-large",
        "n_tasks": 20,
        "labelled_examples": 2000,
        "adapter_storage_mb": 3,
    },
    "finetune:adalora": {
        "task_type": "extractive_qa",
        "base_model": "roberta-base",
        "n_tasks": 10,
        "labelled_examples": 5000,
    },
    "finetune:prompt_tuning": {
        "task_type": "style_transfer",
        "base_model_params_b": 70,
        "n_tasks": 500,
        "labelled_examples": 600,
        "adapter_storage_mb": 0.5,
        "vram_gb": 320,
    },
    "finetune:p_tuning": {
        "task_type": "classification",
        "base_model": "llama-3-70b",
        "n_tasks": 500,
        "labelled_examples": 900,
        "adapter_storage_mb": 0.5,
        "vram_gb": 320,
    },
    "finetune:full": {
        "task_type": "code_generation",
        "failure_mode": "inconsistent_behaviour",
        "labelled_examples": 200_000,
        "base_model_params_b": 7,
        "vram_gb": 640,
    },
    "finetune:api": {
        "task_type": "dialogue",
        "style_need": "strict",
        "labelled_examples": 800,
        "base_model": "gpt-4o-mini",
        "privacy": "api_ok",
    },
    "continued_pretraining": {
        "task_type": "code_generation",
        "knowledge_tokens": 20_000_000_000,
        "knowledge_volatility": "static",
        "budget": "high",
    },
} | {
    f"rag+finetune:{method}": {
        "task_type": "qa",
        "needs_citations": True,
        "style_need": "strict",
        "labelled_examples": 3000,
        "knowledge_tokens": 5_000_000,
        **more,
    }
    for method, more in {
        "lora": {"base_model_params_b": 8, "vram_gb": 48},
        "qlora": {"base_model_params_b": 14, "vram_gb": 24},
        "full": {"base_model_params_b": 7, "vram_gb": 640, "labelled_examples": 200_000},
        "ia3": {"base_model_params_b": 8, "n_tasks": 5000},
        "prompt_tuning": {"base_model_params_b": 70, "n_tasks": 500, "adapter_storage_mb": 0.5, "vram_gb": 320},
        "api": {"base_model": "gpt-4o-mini", "privacy": "api_ok"},
    }.items()
}

#: Chosen for labelling or for many little sets of examples, where nothing is read from documents.
NOT_WITH_DOCUMENTS = {
    f"rag+finetune:{method}" for method in ("adapter", "prefix_tuning", "p_tuning_v2", "bitfit", "adalora", "p_tuning")
}


@pytest.mark.parametrize(("label", "answers"), REACHED.items(), ids=REACHED)
def test_a_plausible_profile_reaches_the_label(label: str, answers: dict[str, object]) -> None:
    profile = profile_from(answers)
    assert not profile.problems
    assert weigh(judge(facts_of(profile))).label() == label


def test_every_label_is_reached() -> None:
    """A path that has variants is recommended with one of them, never alone."""
    alone = {path for path in PATHS if variants_of(path) in PATHS and VARIANTS[variants_of(path)]}
    assert set(REACHED) == LABELS - alone - NOT_WITH_DOCUMENTS


def test_ids_do_not_clash_with_labels() -> None:
    assert not set(itertools.chain(load(Rule))) & LABELS
