import random
from pathlib import Path

import pytest
from ftadvisor.executors.batches import collate
from ftadvisor.executors.losses import answer_loss, should_stop, validation_loss
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import TaskOptions, task_class
from ftadvisor.executors.tokens import TokenRow


def some_rows(count: int) -> list[TokenRow]:
    chance = random.Random(1)
    rows = []
    for _ in range(count):
        length = chance.randint(4, 30)
        rows.append(TokenRow([chance.randrange(10, 300) for _ in range(length)], chance.randint(1, length - 1)))
    return rows


def test_loss_equals_the_models_own_over_all_positions(tiny_model: Path) -> None:
    model = load_model(ModelSource(source=str(tiny_model)))
    rows = some_rows(7)
    batch = collate(rows, padding=2)
    whole = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"]).loss
    loss, count = answer_loss(model, batch)
    assert int(count) == sum(len(row) - row.answer_start for row in rows)
    assert (loss / count).item() == pytest.approx(whole.item(), rel=1e-5)


def test_validation_loss_does_not_depend_on_batches(tiny_model: Path) -> None:
    model = load_model(ModelSource(source=str(tiny_model)))
    rows = some_rows(7)
    losses = [validation_loss(task_class("causal_lm")(TaskOptions(), {}), model, 2, rows, size) for size in (1, 3, 7)]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


@pytest.mark.parametrize(
    ("losses", "patience", "stops"),
    [
        ([], 3, False),
        ([3, 2, 1, 1.5, 1.4, 1.3], 3, True),
        ([3, 2, 1, 1.5, 1.4], 3, False),
        ([1, 1, 1], 2, True),
        ([3, 2, 1, 9, 9, 9, 9], 0, False),
    ],
)
def test_stopping(losses: list[float], patience: int, stops: bool) -> None:
    history = [entry for loss in losses for entry in ({"step": 1, "loss": 0.1}, {"step": 1, "eval_loss": loss})]
    assert should_stop(history, patience) is stops
