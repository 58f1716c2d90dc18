"""Rules hold by their own examples, name only what exists, and do not contradict one another."""

import itertools
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ftadvisor.advisor.answers import profile_from, read_answer
from ftadvisor.advisor.labels import LABELS, PATHS
from ftadvisor.advisor.profile import FIELDS, Profile
from ftadvisor.advisor.rules import all_rules, fires, holds, judge
from ftadvisor.advisor.weighing import weigh
from ftadvisor.advisor.wiring import fact_names, facts_of
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.rule import Case, Condition, Rule
from ftadvisor.knowledge.sources import Evidence

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
        "lora_fits": {"base_size_b", "gpu_gb"},
        "full_fits": {"base_size_b", "gpu_gb"},
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
    any_rule = all_rules()[0]
    rule = any_rule.model_copy(update={"when": tuple(Condition.model_validate(one) for one in when)})
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


def test_ids_do_not_clash_with_labels() -> None:
    assert not set(itertools.chain(load(Rule))) & LABELS
