"""Losses for classes of very different size."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ftadvisor.executors.imbalance import ClassLossOptions, class_loss, class_weights
from ftadvisor.executors.labelled import LabelledRow
from ftadvisor.executors.losses import validation_loss
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import task_class

torch = pytest.importorskip("torch", reason="needs the train extra")

COUNTS = [90, 9, 1]
LABELS = torch.tensor([0] * 90 + [1] * 9 + [2])


def loss(kind: str, logits: object, labels: object = LABELS, **options: float) -> float:
    return float(class_loss(logits, labels, ClassLossOptions(loss=kind, **options), COUNTS, 100))  # type: ignore[arg-type]


def test_weights_make_all_classes_count_the_same_and_the_mean_row_as_before() -> None:
    weights = class_weights(COUNTS, 100, several=False)
    shares = [weight * count for weight, count in zip(weights, COUNTS, strict=True)]
    assert shares == pytest.approx([100 / 3] * 3)
    assert class_weights([1, 50], 100, several=True) == [99.0, 1.0]
    assert max(class_weights([1, 100_000], 100_001, several=False)) == 100


def test_the_plain_loss_is_cross_entropy() -> None:
    logits = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.cross_entropy(logits, LABELS, reduction="sum")
    assert loss("plain", logits) == pytest.approx(float(expected))
    assert loss("focal", logits, focus=0) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("kind", ["weighted", "soft_f1"])
def test_a_model_that_neglects_rare_classes_costs_more(kind: str) -> None:
    frequent = torch.tensor([4.0, 0.0, 0.0]).repeat(100, 1)
    careful = frequent.clone()
    careful[:30] = torch.tensor([0.0, 1.0, 1.0])  # wrong on a third of the frequent ones ...
    careful[90:99] = torch.tensor([0.0, 4.0, 0.0])  # ... and right on the rare ones
    careful[99] = torch.tensor([0.0, 0.0, 4.0])
    assert loss("plain", careful) > loss("plain", frequent)
    assert loss(kind, careful) < loss(kind, frequent)


def test_the_focal_loss_turns_to_hard_rows() -> None:
    easy, hard = torch.tensor([[4.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    right = torch.tensor([0])
    ratio = loss("plain", hard, right) / loss("plain", easy, right)
    assert loss("focal", hard, right) / loss("focal", easy, right) > 100 * ratio


@pytest.mark.parametrize("focus", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("labels", [torch.tensor([0, 1]), torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])])
def test_the_focal_loss_has_a_gradient_where_the_model_is_sure(focus: float, labels: torch.Tensor) -> None:
    logits = torch.tensor([[40.0, -40.0, -40.0], [1.0, 2.0, 3.0]], requires_grad=True)
    class_loss(logits, labels, ClassLossOptions(loss="focal", focus=focus), COUNTS, 100).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[1].any()


@pytest.mark.parametrize("kind", ["plain", "weighted", "focal", "soft_f1"])
@pytest.mark.parametrize("several", [False, True])
def test_every_loss_has_a_finite_gradient_that_lowers_it(kind: str, several: bool) -> None:
    chance = torch.Generator().manual_seed(1)
    logits = torch.randn(8, 3, generator=chance, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 0, 0, -100, 1, 0])
    if several:
        labels = torch.randint(0, 2, (8, 3), generator=chance).float()
    options = ClassLossOptions(loss=kind)  # type: ignore[arg-type]
    first = class_loss(logits, labels, options, COUNTS, 100)
    first.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    lower = class_loss(logits.detach() - 1e-3 * logits.grad, labels, options, COUNTS, 100)
    assert float(lower) < float(first.detach())
    if not several:
        assert not logits.grad[5].any()


def test_a_batch_without_any_class_still_teaches_the_smooth_f1() -> None:
    logits = torch.zeros(4, 3, requires_grad=True)
    found = class_loss(logits, torch.zeros(4, 3), ClassLossOptions(loss="soft_f1"), COUNTS, 100)
    found.backward()
    assert logits.grad is not None
    assert (logits.grad > 0).all()


@pytest.mark.parametrize("kind", ["plain", "soft_f1"])
@pytest.mark.parametrize("several", [False, True])
def test_a_validation_says_the_same_in_batches_of_any_size(
    kind: str, several: bool, tiny_of: Callable[[str], Path]
) -> None:
    module = task_class("sequence_classification")
    rows = [
        LabelledRow(line=number + 1, text="word " * (1 + number % 5), labels=("abc"[number % 3],), several=several)
        for number in range(8)
    ]
    task = module(module.Options(loss=kind), module.study(rows, Path("rows")))  # type: ignore[arg-type]
    tokenizer = load_tokenizer(str(tiny_of("bert")))
    torch.manual_seed(0)
    model = load_model(ModelSource(source=str(tiny_of("bert"))), loader=task.loader(tokenizer))
    examples = [example for _, example in task.examples(tokenizer, rows, 64)]
    found = [validation_loss(task, model, tokenizer.pad_token_id, examples, size) for size in (8, 3, 1)]
    assert found == pytest.approx([found[0]] * 3, rel=1e-5)
    assert task.divisible == (kind == "plain")
