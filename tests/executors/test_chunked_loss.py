from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ftadvisor.executors import chunked_loss
from ftadvisor.executors.batches import collate
from ftadvisor.executors.chunked_loss import agrees, chunked_answer_loss, has_plain_head
from ftadvisor.executors.losses import answer_loss
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.tokens import TokenRow
from ftadvisor.executors.train import train
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from .test_train import ROWS, ignore, training

pytestmark = pytest.mark.usefixtures("english")

BATCH = [TokenRow([5, 6, 7, 8, 9, 10, 11], 3), TokenRow([5, 12, 13], 1), TokenRow([7, 7, 8, 9, 6], 2)]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make chunks so small that a batch of a test has several."""
    monkeypatch.setattr(chunked_loss, "LABELS", 3)


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
@pytest.mark.parametrize("method", ["lora", "prompt_tuning"])
def test_chunks_give_the_same_loss_and_gradients(kind: str, method: str, tiny_of: Callable[[str], Path]) -> None:
    import torch

    own = method_module(method)
    found = []
    for loss in (answer_loss, chunked_answer_loss):
        bare = load_model(ModelSource(source=str(tiny_of(kind))))
        torch.manual_seed(0)
        model: Any = own.attach(bare, own.Options()).eval()
        total, count = loss(model, collate(BATCH, 0))
        total.backward()
        gradients = [value.grad for value in model.parameters() if value.requires_grad]
        found.append((total.detach(), count, torch.cat([one.flatten() for one in gradients if one is not None])))
    assert found[0][1] == found[1][1] == 9
    torch.testing.assert_close(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][2], found[1][2], rtol=1e-4, atol=1e-6)


def test_not_all_logits_are_there_at_a_time(tiny_model: Path) -> None:
    import torch

    model = load_model(ModelSource(source=str(tiny_model)))
    words = model.config.vocab_size
    seen: list[int] = []
    head = model.get_output_embeddings()
    head.register_forward_hook(lambda _, __, made: seen.append(made.numel() // words))
    chunked_answer_loss(model, collate(BATCH, 0))[0].backward()
    assert max(seen) <= 3
    assert isinstance(head, torch.nn.Linear)


def test_training_with_chunks_learns_the_same(tiny_model: Path, tmp_path: Path) -> None:
    own = method_module("lora").Options(rank=4)
    found = [
        train(training(tiny_model, tmp_path / loss, loss=loss, method_options=own), ROWS, ROWS[:4], silent, ignore)
        for loss in ("standard", "chunked")
    ]
    for (_, one), (_, other) in zip(found[0]["loss"], found[1]["loss"], strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_chunks_compute_as_the_model_does_where_all_is_bfloat16(tiny_model: Path, tmp_path: Path) -> None:
    """As on a GPU, where weights are bfloat16 and a head called outside of the model would meet float32 states."""
    half = {"base": ModelSource(source=str(tiny_model), dtype="bfloat16"), "precision": "bfloat16"}
    found = [
        train(training(tiny_model, tmp_path / loss, loss=loss, **half), ROWS, ROWS[:4], silent, ignore)
        for loss in ("standard", "chunked")
    ]
    for (_, one), (_, other) in zip(found[0]["loss"], found[1]["loss"], strict=True):
        assert one == pytest.approx(other, rel=1e-2)


def test_models_that_change_logits_behind_the_head_are_refused(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_plain_head(SimpleNamespace(final_logit_softcapping=None, logits_scaling=1.0))
    assert not has_plain_head(SimpleNamespace(final_logit_softcapping=30.0))
    model = load_model(ModelSource(source=str(tiny_model)))
    assert agrees(model, collate(BATCH, 0))
    model.register_forward_hook(lambda _, __, output: setattr(output, "logits", output.logits * 0.5))
    assert not agrees(model, collate(BATCH, 0))
    monkeypatch.setattr(chunked_loss, "agrees", lambda *_: False)
    with pytest.raises(UserError, match="chunks"):
        train(training(tiny_model, tmp_path, loss="chunked"), ROWS, [], silent, ignore)
