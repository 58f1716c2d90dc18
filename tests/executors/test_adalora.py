"""AdaLoRA: rank is really shared out while training, saved as it is, and found again."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.adapters import load_adapted
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.methods.adalora import Options, Schedule, attach
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.train import Training, train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent


def conversations(count: int) -> list[Conversation]:
    """Return questions with one of two answers."""
    return [
        Conversation(
            line=number + 1,
            id=str(number),
            messages=(
                Turn(role="user", content=f"Which colour has thing {number}?"),
                Turn(role="assistant", content=["It is blue.", "It is red."][number % 2]),
            ),
        )
        for number in range(count)
    ]


def training(model: Path, folder: Path, **options: Any) -> Training:
    return Training(
        name="adalora",
        base=ModelSource(source=str(model)),
        method="adalora",
        method_options=Options(rank=4, target_rank=2),
        options=TrainOptions(**{"epochs": 5, "batch_size": 4, "learning_rate": 1e-2} | options),
        seed=17,
        max_length=None,
        leave_out_longer=False,
        adapter=folder / "adapter",
        checkpoints=folder / "checkpoints",
    )


def ranks(model: Any) -> list[int]:
    """Return how many singular values of each layer are not zero."""
    return [int((one != 0).sum()) for name, one in model.named_parameters() if ".lora_E." in name]


def test_the_ranks_left_in_the_end_are_the_target_in_the_mean(tiny_model: Path, tmp_path: Path) -> None:
    task = training(tiny_model, tmp_path)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*invalid shape")  # some layers are left without rank, not torn
        warnings.filterwarnings("error", message=".*rank_pattern")
        train(task, conversations(16), [], silent, lambda _, /, **values: None)
        left = ranks(load_adapted(task.base, task.adapter))
    assert sum(left) / len(left) == pytest.approx(2, abs=0.1)
    assert 0 in left
    assert len(set(left)) > 1, "rank should have moved to the layers that matter"


def test_the_orthogonality_term_is_trained_on_but_not_shown(tiny_model: Path, tmp_path: Path) -> None:
    losses = {}
    for weight in (0.0, 50.0):
        task = training(tiny_model, tmp_path / str(weight), epochs=1)
        task = Training(**{**vars(task), "method_options": Options(rank=4, target_rank=2, orthogonality=weight)})
        found = train(task, conversations(16), conversations(4), silent, lambda _, /, **values: None)
        losses[weight] = [loss for _, loss in found["loss"]]
    assert losses[0.0][0] == losses[50.0][0]
    assert losses[0.0][-1] != losses[50.0][-1]


def test_the_penalty_is_zero_for_orthogonal_factors(tiny_model: Path) -> None:
    import torch

    model = attach(load_model(ModelSource(source=str(tiny_model))), Options(rank=4, target_rank=2))
    schedule = Schedule(model, Options(rank=4, target_rank=2), 10)
    assert float(schedule.penalty().detach()) > 0.1
    for name, value in model.named_parameters():
        if ".lora_A." in name or ".lora_B." in name:
            torch.nn.init.orthogonal_(value)
    assert float(schedule.penalty().detach()) == pytest.approx(0, abs=1e-5)


def test_a_start_without_rank_to_share_out_is_refused(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="target_rank=8") as error:
        attach(load_model(ModelSource(source=str(tiny_model))), Options(rank=8, target_rank=8))
    assert "12" in error.value.hint
