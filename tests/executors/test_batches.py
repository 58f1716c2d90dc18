from ftadvisor.executors.batches import LengthGrouped, collate
from ftadvisor.executors.tokens import TokenRow
from hypothesis import given
from hypothesis import strategies as some

LENGTHS = some.lists(some.integers(1, 500), min_size=1, max_size=200)


def order(lengths: list[int], batch_size: int, seed: int, epoch: int) -> list[int]:
    grouped = LengthGrouped(lengths, batch_size, seed)
    grouped.set_epoch(epoch)
    return list(grouped)


@given(LENGTHS, some.integers(1, 16), some.integers(0, 9), some.integers(0, 3))
def test_every_row_once_and_the_same_again(lengths: list[int], batch_size: int, seed: int, epoch: int) -> None:
    found = order(lengths, batch_size, seed, epoch)
    assert sorted(found) == list(range(len(lengths)))
    assert found == order(lengths, batch_size, seed, epoch)


def test_epochs_and_seeds_differ() -> None:
    lengths = list(range(1, 101))
    assert len({tuple(order(lengths, 4, seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


@given(LENGTHS, some.integers(1, 4), some.sampled_from([2, 4, 8]))
def test_updates_hold_the_same_rows_in_whatever_batches(lengths: list[int], batch_size: int, accumulation: int) -> None:
    update = batch_size * accumulation
    found = order(lengths, batch_size, 1, 0)
    other = list(LengthGrouped(lengths, batch_size, 1, together=update))
    for start in range(0, len(lengths), update):
        rows = other[start : start + update]
        assert {*rows} == {*found[start : start + update]}
        assert [lengths[row] for row in rows] == sorted((lengths[row] for row in rows), reverse=True)


def test_batches_hold_rows_of_similar_length() -> None:
    lengths = [1 + number * 7 % 300 for number in range(640)]
    found = order(lengths, 8, 1, 0)
    batches = [[lengths[row] for row in found[start : start + 8]] for start in range(0, len(found), 8)]
    padded = sum(8 * max(batch) for batch in batches)
    assert padded < 1.08 * sum(lengths)


def test_padding_is_masked_and_only_answers_are_labelled() -> None:
    batch = collate([TokenRow([5, 6, 7, 8], 2), TokenRow([9, 4], 1)], padding=0)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8], [9, 4, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch["labels"].tolist() == [[-100, -100, 7, 8], [-100, 4, -100, -100]]
    assert batch["first_answer"] == 1
