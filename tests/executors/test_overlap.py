"""Test questions that training already asked are found, however they are spaced and punctuated."""

from itertools import product
from random import Random

from ftadvisor.executors.overlap import NEAR_DUPLICATE, Overlap, find_overlaps, four_grams, jaccard

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
