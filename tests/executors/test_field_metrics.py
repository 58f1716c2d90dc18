"""Entity F1 and ROUGE-L are ours, and equal those of the libraries that the field quotes.

The libraries are no dependency (knowledge/decisions/0013-tasks.md): ``pip install seqeval rouge-score`` lets the
tests with random inputs run.
"""

import random

import pytest
from ftadvisor.executors.entities import entities, tag_ratios
from ftadvisor.executors.metrics import judge_text, words
from hypothesis import given
from hypothesis import strategies as st

TAGS = [f"{mark}-{kind}" for mark in "BIES" for kind in ("PER", "LOC")] + ["O"]
PIECES = ["the", "The", "cat", "3.5", "don't", "sat", "a_b", ",", "7", "on."]


def f1(right: list[list[str]], found: list[list[str]]) -> float:
    above, below = tag_ratios(right, found)["entity_f1"]
    return sum(above) / sum(below)


def test_what_the_libraries_said() -> None:
    """Figures of seqeval 1.2.2 and rouge-score 0.1.2."""
    chance = random.Random(5)
    right, found = ([chance.choices(TAGS, k=40)] for _ in range(2))
    assert f1(right, found) == pytest.approx(0.2711864406779661)
    answer, target = (" ".join(chance.choices(PIECES, k=15)) for _ in range(2))
    assert judge_text([answer], [target])["rouge_l"] == [pytest.approx(0.3684210526315789)]


@given(st.lists(st.lists(st.sampled_from(TAGS), min_size=1, max_size=12), min_size=1, max_size=4), st.integers())
def test_entity_f1_is_seqevals(right: list[list[str]], seed: int) -> None:
    metrics = pytest.importorskip("seqeval.metrics", reason="needs seqeval")
    chance = random.Random(seed)
    found = [[tag if chance.random() < 0.6 else chance.choice(TAGS) for tag in row] for row in right]
    for row in (*right, *found):
        named = metrics.sequence_labeling.get_entities(row)
        assert entities(row) == {(kind, first, last + 1) for kind, first, last in named}
    if any(map(entities, right)):
        for name, theirs in (
            ("f1", metrics.f1_score),
            ("precision", metrics.precision_score),
            ("recall", metrics.recall_score),
        ):
            above, below = tag_ratios(right, found)[f"entity_{name}"]
            assert sum(above) / max(1, sum(below)) == pytest.approx(theirs(right, found, zero_division=0))


@given(
    st.lists(st.sampled_from([*PIECES, "七天", "退货"]), max_size=15), st.lists(st.sampled_from(PIECES), max_size=15)
)
def test_rouge_l_is_googles(answer: list[str], target: list[str]) -> None:
    """With our words, as its own drop all but ASCII letters and digits; on texts of those only, with its own too."""
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="needs rouge-score")
    texts = " ".join(answer), " ".join(target)
    ours = judge_text([texts[0]], [texts[1]])["rouge_l"][0]

    class Words:
        def tokenize(self, text: str) -> list[str]:
            return words(text)

    tokenizers = [Words()] if not texts[0].isascii() else [Words(), None]
    for tokenizer in tokenizers:
        theirs = scorer.RougeScorer(["rougeL"], tokenizer=tokenizer).score(texts[1], texts[0])["rougeL"].fmeasure
        assert ours == pytest.approx(theirs)
