"""A sentence of an answer holds only if what it cites says so."""

import pytest
from ftadvisor.rag.contradictions import contradicts, denial_differs, opposed
from ftadvisor.rag.evidence import Sentence
from ftadvisor.rag.quantities import quantities_differ
from ftadvisor.rag.support import LEAST_SUPPORT, best_support

FACTS = (
    "The bridge was opened in 1932, and it carries eight lanes of traffic.",
    "Its builders did not use steel from abroad.",
    "故宫始建于1406年，1420年建成。",
    "参观者不得携带宠物入内。",
)


def sentences() -> list[Sentence]:
    found, start = [], 0
    for text in FACTS:
        found.append(Sentence(0, "d", start, start + len(text), text, 1.0, 1.0))
        start += len(text) + 1
    return found


def holds(text: str) -> bool:
    return best_support(text, sentences(), lambda _: 1.0).score >= LEAST_SUPPORT


@pytest.mark.parametrize(
    "text",
    [
        "The bridge was opened in 1932.",
        "The bridge carries 8 lanes of traffic.",
        "Builders did not use steel from abroad.",
        "故宫建成于1420年。",
        "参观者不得携带宠物。",
    ],
)
def test_what_the_evidence_says_is_supported(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "The bridge was opened in 1933.",
        "The bridge was not opened in 1932.",
        "The builders did use steel from abroad.",
        "The tower was painted by a famous artist.",
        "故宫始建于1407年。",
        "参观者可携带宠物入内。",
        "颐和园位于北京西郊。",
        "",
    ],
)
def test_what_it_does_not_say_is_not(text: str) -> None:
    assert not holds(text)


def test_two_neighbouring_sentences_may_bear_one_together() -> None:
    text = "The bridge was opened in 1932 with eight lanes, and its builders did not use steel from abroad."
    found = best_support(text, sentences(), lambda _: 1.0)
    assert found.score >= LEAST_SUPPORT
    assert [each.text for each in found.sources] == list(FACTS[:2])


def test_numbers_may_be_written_in_words_or_with_marks() -> None:
    assert not quantities_differ("It has 4 gates and 1,200 rooms.", "Four gates lead to 1200 rooms.")
    assert quantities_differ("It has 5 gates.", "Four gates.")


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("签收后支持无理由退货。", "签收后支持退货。"),
        ("无锡位于江苏。", "该市位于江苏。"),
        ("年假不超过10天。", "年假最多10天。"),
        ("报销不足500元。", "报销低于500元。"),
        ("Use form No. 5 for travel.", "Use form 5 for travel."),
        ("Claims take no more than 5 days.", "Claims take at most 5 days."),
        ("The company is debt-free.", "The company has no debt."),
    ],
)
def test_limits_and_numbers_deny_nothing(text: str, evidence: str) -> None:
    assert not contradicts(text, evidence)
    assert not contradicts(evidence, text)


def test_what_goes_beyond_a_limit_contradicts_it() -> None:
    assert contradicts("年假超过10天。", "年假不超过10天。")
    assert contradicts("年假不超过10天。", "年假超过10天。")
    assert denial_differs("他找不到钥匙。", "他找到钥匙。")


def test_words_that_only_look_like_denial_deny_nothing() -> None:
    assert not denial_differs("两国的货币不同，非常稳定。", "两国的货币各异，十分稳定。")
    assert denial_differs("两国的货币不稳定。", "两国的货币十分稳定。")


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("The arch spans 503 kilometres.", "Its arch spans 503 metres."),
        ("Sales were 30 million.", "Sales were 30%."),
        ("It cost $5 million.", "It cost 5 billion dollars."),
        ("故宫占地72亿平方米。", "故宫占地约72万平方米。"),
        ("全程共30公里。", "全程共30米。"),
        ("The ticket costs 1932 euros.", "The bridge was opened in 1932, and a ticket costs 8 euros."),
        ("门票价格1932元。", "大桥建成于1932年，现在的门票价格50元。"),
    ],
)
def test_numbers_belong_to_a_unit_and_to_a_place(text: str, evidence: str) -> None:
    assert quantities_differ(text, evidence)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("It cost 1.5 million dollars.", "It cost $1,500,000."),
        ("故宫占地720000平方米。", "故宫占地约72万平方米。"),
        ("The bridge was opened in 1932.", "Opened in 1932, the bridge of 503 metres carries 8 lanes."),
        ("故宫建成于1420年。", "故宫始建于1406年，1420年建成。"),
        ("It rained for three days.", "It rained for 3 days in 1999."),
    ],
)
def test_the_same_number_may_be_written_otherwise(text: str, evidence: str) -> None:
    assert not quantities_differ(text, evidence)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("Sales increased in May.", "Sales decreased in May."),
        ("The drug inhibits growth.", "The drug promotes growth."),
        ("该市人口增加。", "该市人口減少了。"),
        ("北部人口最多。", "北部人口最少。"),
        ("Parliament accepted the treaty.", "Parliament rejected the treaty."),
    ],
)
def test_the_opposite_of_a_word_is_told(text: str, evidence: str) -> None:
    assert contradicts(text, evidence)
    assert contradicts(evidence, text)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("Sales increased after May.", "Sales increased after May, and fell before."),
        ("Costs decreased.", "Costs were reduced."),
        ("该市人口减少。", "该市人口下降，收入增加。"),
    ],
)
def test_what_only_sounds_like_an_opposite_is_let_be(text: str, evidence: str) -> None:
    assert not opposed(text, evidence)
