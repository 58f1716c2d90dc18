from typing import Any

import pytest
from ftadvisor.executors.classification import auc, confusion, differences, f1_scores, measure, per_class

np = pytest.importorskip("numpy", reason="needs the train extra")
sklearn = pytest.importorskip("sklearn.metrics", reason="needs the train extra")


def answers(rows: int, classes: int, seed: int, several: bool = False) -> tuple[Any, Any, Any]:
    """Random rights, and scores that are better than chance and often equal."""
    chance = np.random.default_rng(seed)
    right = (
        chance.random((rows, classes)) < 0.4
        if several
        else np.eye(classes, dtype=bool)[chance.integers(classes, size=rows)]
    )
    scores = np.round(chance.random((rows, classes)) + 0.4 * right, 1).astype(np.float32)
    found = scores > 0.7 if several else np.eye(classes, dtype=bool)[scores.argmax(axis=1)]
    return right, found, scores


@pytest.mark.parametrize("several", [False, True])
def test_figures_are_those_of_scikit_learn(several: bool) -> None:
    right, found, scores = answers(150, 5, 1, several)
    ours = measure(right, found, scores, seed=1)
    for average in ("macro", "weighted"):
        assert ours[f"{average}_f1"]["value"] == pytest.approx(sklearn.f1_score(right, found, average=average))
    assert ours["accuracy"]["value"] == pytest.approx(sklearn.accuracy_score(right, found))
    assert ours["auc"]["value"] == pytest.approx(sklearn.roc_auc_score(right, scores, average="macro"))
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(right, found, zero_division=0)
    for place, one in enumerate(per_class(right, found, tuple("abcde"))):
        told = [one["precision"], one["recall"], one["f1"], one["support"]]
        assert told == pytest.approx([precision[place], recall[place], f1[place], support[place]])
    if not several:
        table = confusion(right, found, tuple("abcde"))
        theirs = sklearn.confusion_matrix(right.argmax(axis=1), found.argmax(axis=1))
        assert [[table[row].get(column, 0) for column in "abcde"] for row in "abcde"] == theirs.tolist()


def test_weights_count_rows_as_often_as_they_were_drawn() -> None:
    right, found, scores = answers(30, 3, 2)
    drawn = np.random.default_rng(5).multinomial(30, np.full(30, 1 / 30), size=4).astype(float)
    for number, counts in enumerate(drawn):
        rows = np.repeat(np.arange(30), counts.astype(int))
        for name, value in f1_scores(right[rows], found[rows]).items():
            assert f1_scores(right, found, drawn)[name][number] == pytest.approx(float(value))
        assert auc(right, scores, drawn)[number] == pytest.approx(float(auc(right[rows], scores[rows])[0]))


def test_intervals_hold_the_value_and_shrink_with_more_rows() -> None:
    few, many = (measure(*answers(rows, 4, 3), seed=1) for rows in (60, 2000))
    for name, found in few.items():
        assert found["low"] < found["value"] < found["high"]
        assert many[name]["high"] - many[name]["low"] < (found["high"] - found["low"]) / 3


def test_a_perfect_result_on_few_rows_is_no_certainty() -> None:
    right = np.eye(2, dtype=bool)[[0, 1] * 10]
    ours = measure(right, right, right.astype(np.float32), seed=1)
    assert ours["macro_f1"]["value"] == 1
    assert ours["macro_f1"]["low"] < 0.9
    assert ours["accuracy"] == ours["macro_f1"]


def test_a_result_without_a_right_answer_is_no_certainty() -> None:
    right = np.eye(2, dtype=bool)[[0, 1] * 10]
    ours = measure(right, ~right, None, seed=1)
    assert ours["macro_f1"] == ours["weighted_f1"] == ours["accuracy"]
    assert ours["macro_f1"]["high"] > 0.1


def test_auc_is_left_out_where_no_class_can_be_told_from_the_rest() -> None:
    right = np.array([[True, False]] * 4)
    assert "auc" not in measure(right, right, right.astype(np.float32), seed=1)


def test_differences_are_paired() -> None:
    right, found, _ = answers(300, 4, 4)
    worse = found.copy()
    worse[:30] = ~worse[:30]
    same, apart = differences(right, found, found, seed=1), differences(right, found, worse, seed=1)
    assert all(part["value"] == part["low"] == part["high"] == 0 for name, part in same.items() if name != "accuracy")
    assert all(part["low"] > 0 for part in apart.values())
