"""Scores of whole files of texts: what the field's library says of them, and how sure they are."""

import pytest
from ftadvisor.executors.corpus_scores import (
    corpus_difference,
    corpus_interval,
    corpus_scores,
    signatures,
)

sacrebleu = pytest.importorskip("sacrebleu", reason="needs the train extra")

RIGHT = ["the cat sat on the mat today", "a dog ran over the old bridge", "no one was at home last night"] * 8
NEAR = ["the cat sat on a mat today", "a dog ran over the bridge", "no one is at home tonight"] * 8
FAR = ["the dog was at home", "night over the mat", "a cat ran today on it"] * 8


def test_scores_are_those_of_the_library() -> None:
    found = corpus_scores(NEAR, RIGHT, seed=17)
    assert found["bleu"].value == pytest.approx(sacrebleu.corpus_bleu(NEAR, [RIGHT]).score / 100)
    assert found["chrf"].value == pytest.approx(sacrebleu.corpus_chrf(NEAR, [RIGHT]).score / 100)


def test_chinese_is_divided_into_characters() -> None:
    right, said = ["退货期限为七天，逾期不受理。"] * 4, ["退货期限是七天，逾期不予受理。"] * 4
    found = corpus_scores(said, right, seed=17)["bleu"].value
    assert found == pytest.approx(sacrebleu.corpus_bleu(said, [right], tokenize="zh").score / 100)
    assert found > 2 * sacrebleu.corpus_bleu(said, [right]).score / 100  # a sentence is no single word
    assert "tok:zh" in signatures(right)["bleu"]
    assert "tok:13a" in signatures(RIGHT)["bleu"]


def test_intervals_hold_the_score_and_grow_where_rows_belong_together() -> None:
    mixed = [near if place < 12 else far for place, (near, far) in enumerate(zip(NEAR, FAR, strict=True))]
    apart = corpus_interval(corpus_scores(mixed, RIGHT, 17)["bleu"])
    together = corpus_interval(corpus_scores(mixed, RIGHT, 17, groups=["a"] * 12 + ["b"] * 12)["bleu"])
    assert apart["low"] < apart["value"] < apart["high"]
    assert together["high"] - together["low"] > apart["high"] - apart["low"]


def test_differences_are_of_the_same_rows() -> None:
    near, far = (corpus_scores(said, RIGHT, 17)["chrf"] for said in (NEAR, FAR))
    assert corpus_difference(near, far)["low"] > 0
    same = corpus_difference(near, near)
    assert (same["low"], same["value"], same["high"]) == (0, 0, 0)


def test_perfect_texts_are_not_said_to_be_surely_perfect() -> None:
    found = corpus_interval(corpus_scores(RIGHT[:6], RIGHT[:6], 17)["bleu"])
    assert found["value"] == found["high"] == pytest.approx(1)
    assert found["low"] < 0.7


def test_short_answers_have_no_such_score() -> None:
    assert corpus_scores(["yes"], ["no"], 17) == {}
