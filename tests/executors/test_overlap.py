"""Test questions that training already asked are found, however they are spaced and punctuated."""

import tracemalloc
from itertools import product
from random import Random
from typing import Any

import pytest
from ftadvisor.executors.overlap import NEAR_DUPLICATE, Overlap, _Kept, find_overlaps, four_grams, jaccard

TRAINING = ["How long does a repair take?", "洗了一次就掉色了，能退吗？", "Where is my parcel from last Tuesday?"]


def test_the_same_question_is_found_whatever_its_case_and_punctuation() -> None:
    assert find_overlaps(["how long does a REPAIR take", "洗了一次 就掉色了,能退吗?"], TRAINING) == [
        Overlap(0, 0, exact=True),
        Overlap(1, 1, exact=True),
    ]


def test_other_numbers_and_signs_make_another_question() -> None:
    learnt = [
        "What is 1 + 23?",
        "What is 12 - 3?",
        "What is 12 + 3?",
        "Wie lang sind 2,5 km?",
        "How to learn C++?",
    ]
    asked = [
        "what is 12 + 3",
        "What is 123?",
        "Wie lang sind 25 km?",
        "How to learn C?",
        "how to learn c++",
    ]
    assert find_overlaps(asked, learnt) == [
        Overlap(0, 2, exact=True),
        Overlap(1, 0, exact=False),
        Overlap(2, 3, exact=False),
        Overlap(3, 4, exact=False),
        Overlap(4, 4, exact=True),
    ]


def test_a_nearly_same_question_is_found_and_another_is_not() -> None:
    asked = ["Where is my parcel from last Wednesday?", "What does a repair cost in winter?"]
    assert find_overlaps(asked, TRAINING) == [Overlap(0, 2, exact=False)]


def test_nothing_is_asked_twice_where_nothing_was_trained() -> None:
    assert find_overlaps(["Where?"], []) == []
    assert find_overlaps([], TRAINING) == []
    assert find_overlaps(["?"], ["!"]) == []


def test_the_short_way_finds_what_comparing_all_pairs_finds() -> None:
    random = Random(3)
    words = "parcel late jacket colour seam refund week shop help broken".split()  # noqa: SIM905
    drawn = ["".join(random.choices(words, k=random.randint(1, 5))) for _ in range(120)]
    asked, learnt = drawn[:40], drawn[40:]
    likely = [(a, b) for a, b in product(asked, learnt) if jaccard(four_grams(a), four_grams(b)) > NEAR_DUPLICATE]
    assert {asked[each.test] for each in find_overlaps(asked, learnt)} == {one for one, _ in likely}
    assert 5 < len({one for one, _ in likely}) < 40


@pytest.mark.parametrize("kept", [10, 40, 70])
def test_of_several_the_likest_is_named_and_of_these_the_first(kept: int) -> None:
    random = Random(kept)
    words = "parcel late jacket refund week".split()  # noqa: SIM905
    drawn = ["".join(random.choices(words, k=random.randint(1, 5))) for _ in range(80)]
    asked, learnt = drawn[:kept], drawn[kept:]
    expected = []
    for place, one in enumerate(asked):
        likeness, other = max((jaccard(four_grams(one), four_grams(text)), -at) for at, text in enumerate(learnt))
        if likeness > NEAR_DUPLICATE:
            expected.append(Overlap(place, -other, exact=one == learnt[-other]))
    assert find_overlaps(asked, learnt) == expected
    assert expected


def orders(count: int) -> list[str]:
    return [f"What is the status of order {place} of customer {place * 7919 % 10007}?" for place in range(count)]


@pytest.mark.parametrize("held", [60, 540])
def test_questions_that_are_all_alike_are_not_all_compared(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, compared, likeness = Random(1).sample(orders(600), 600), list[int](), _Kept.likeness

    def counted(self: _Kept, one: int, *others: Any) -> float:
        compared.append(one)
        return likeness(self, one, *others)

    monkeypatch.setattr(_Kept, "likeness", counted)
    assert len(find_overlaps(drawn[:held], drawn[held:])) == held
    assert len(compared) < held * (600 - held) / 5


@pytest.mark.parametrize("few_first", [True, False])
def test_memory_grows_with_the_side_of_fewer_questions(few_first: bool) -> None:
    few, many = Random(1).sample(orders(50), 50), orders(3000)
    find_overlaps(few, few)
    tracemalloc.start()
    try:
        find_overlaps(*((few, many) if few_first else (many, few)))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20 * sum(map(len, many))  # the 4-grams of all take a hundred times as much as the questions
