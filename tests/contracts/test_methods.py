"""What every fine-tuning method in executors/methods keeps to, on tiny real models."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.adapters import load_adapted, task_of
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.losses import validation_loss
from ftadvisor.executors.method import method_ids, method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.tokens import training_row
from ftadvisor.executors.train import Training, train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from ..executors.all_answers import all_answers

RATES = {"full": 3e-3, "bitfit": 3e-2, "ia3": 1.0, "prompt_tuning": 1e-1, "p_tuning_v2": 1.0, "prefix_tuning": 1e-1}
"""Rates that move a random model within a few steps; soft prompts can steer one only so far."""


def rows(count: int) -> list[Conversation]:
    """Questions of different lengths with one of three answers."""
    return [
        Conversation(
            line=number + 1,
            id=str(number),
            messages=(
                Turn(role="user", content=f"Which colour has thing {number}? " * (1 + number % 3)),
                Turn(role="assistant", content=["It is blue.", "It is red.", "七天"][number % 3]),
            ),
        )
        for number in range(count)
    ]


def ignore(event: str, /, **values: Any) -> None:
    """Take no notice."""


def training(method: str, model: Path, folder: Path, own: dict[str, Any] | None = None, **options: Any) -> Training:
    return Training(
        name=method,
        base=ModelSource(source=str(model)),
        method=method,
        method_options=method_module(method).Options(**own or {}),
        options=TrainOptions(**{"epochs": 3, "batch_size": 4, "learning_rate": RATES.get(method, 1e-2)} | options),
        seed=17,
        max_length=None,
        leave_out_longer=False,
        adapter=folder / "adapter",
        checkpoints=folder / "checkpoints",
    )


@pytest.fixture(scope="session")
def biased_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random Qwen 2, which has biases in attention."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path_factory.mktemp("biased") / "model"
    tokenizer = load_tokenizer(str(tiny_model))
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.2,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(params=method_ids())
def method(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def model(method: str, tiny_model: Path, biased_model: Path) -> Path:
    return biased_model if method == "bitfit" else tiny_model


def test_loss_falls_and_what_was_saved_is_what_was_trained(method: str, model: Path, tmp_path: Path) -> None:
    task = training(method, model, tmp_path)
    result = train(task, rows(16), rows(4), silent, ignore)
    losses = dict(result["validation_loss"])
    assert min(losses.values()) < result["loss"][0][1] - 0.1
    assert losses[result["best_step"]] == min(losses.values())
    loaded = load_adapted(task.base, task.adapter)
    tokenizer = load_tokenizer(str(model))
    examples = [training_row(tokenizer, row.turns) for row in rows(4)]
    again = validation_loss(task_of(task.adapter), loaded, tokenizer.pad_token_id, examples, 8)
    assert again == pytest.approx(min(losses.values()), rel=1e-5)
    assert not [path for path in task.adapter.rglob("*") if path.suffix in {".bin", ".pt", ".pth", ".pkl"}]


def test_gradients_reach_all_trainable_parameters_and_no_others(method: str, model: Path) -> None:
    import torch
    from ftadvisor.executors.batches import collate
    from ftadvisor.executors.losses import answer_loss

    module = method_module(method)
    base = ModelSource(source=str(model), quantisation=module.BASES[0])
    before = {id(parameter) for parameter in load_model(base).parameters()}
    assert before
    torch.manual_seed(0)
    attached = module.attach(load_model(base), module.Options())
    tokenizer = load_tokenizer(str(model))
    batch = collate([training_row(tokenizer, row.turns) for row in rows(4)], tokenizer.pad_token_id)
    attached.train()
    trained = {name: value for name, value in attached.named_parameters() if value.requires_grad}
    frozen = {name: value.detach().clone() for name, value in attached.named_parameters() if not value.requires_grad}
    optimizer = torch.optim.SGD(trained.values(), lr=0.1)
    reached = set()
    for _ in range(3):  # LoRA's first factor gets a gradient once the second is no longer zero
        optimizer.zero_grad()
        answer_loss(attached, batch)[0].backward()
        reached |= {name for name, value in trained.items() if value.grad is not None and value.grad.abs().sum() > 0}
        optimizer.step()
    assert reached == set(trained)
    assert all(torch.equal(frozen[name], value) for name, value in attached.named_parameters() if name in frozen)


def test_answers_do_not_depend_on_the_batch(method: str, model: Path) -> None:
    import torch
    from ftadvisor.executors.generate import LocalModel

    module = method_module(method)
    attached = module.attach(load_model(ModelSource(source=str(model), quantisation=module.BASES[0])), module.Options())
    torch.manual_seed(0)
    for parameter in attached.parameters():
        if parameter.requires_grad:
            parameter.data += 0.3 * torch.randn_like(parameter)
    tokenizer = load_tokenizer(str(model))
    prompts = [row.turns[:-1] for row in rows(6)]
    together = all_answers(LocalModel(attached, tokenizer, 6), prompts, 8)
    assert together == all_answers(LocalModel(attached, tokenizer, 1), prompts, 8)
    assert len(set(together)) > 1


def test_interrupted_training_goes_on_to_the_same_end(method: str, model: Path, tmp_path: Path) -> None:
    check_interruption(method, model, tmp_path, {})


@pytest.mark.parametrize("start", ["pissa", "olora"])
def test_interrupted_training_goes_on_from_a_base_that_lora_took_from(
    tiny_model: Path, tmp_path: Path, start: str
) -> None:
    check_interruption("lora", tiny_model, tmp_path, {"start": start})


def check_interruption(method: str, model: Path, tmp_path: Path, own: dict[str, Any]) -> None:
    undisturbed = training(method, model, tmp_path / "a", own, epochs=2, validate_every=2)
    expected = train(undisturbed, rows(16), rows(4), silent, ignore)

    interrupted = training(method, model, tmp_path / "b", own, epochs=2, validate_every=2)

    def stop(name: str, /, **values: Any) -> None:
        if name == "loss" and values["step"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(interrupted, rows(16), rows(4), silent, stop)
    steps: list[int] = []

    def note(name: str, /, **values: Any) -> None:
        steps.extend([values["step"]] if "step" in values else [])

    found = train(interrupted, rows(16), rows(4), silent, note)
    assert min(steps) == 5  # after the checkpoint at step 4
    assert found["loss"] == expected["loss"]
    assert found["validation_loss"] == expected["validation_loss"]
    assert weights(undisturbed.adapter) == weights(interrupted.adapter)


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def test_recomputed_activations_give_the_same_loss_or_are_refused(method: str, model: Path, tmp_path: Path) -> None:
    recomputing = training(method, model, tmp_path / "a", epochs=1, gradient_checkpointing=True)
    if not method_module(method).CHECKPOINTING:
        with pytest.raises(UserError, match="gradient_checkpointing"):
            train(recomputing, rows(8), [], silent, ignore)
        return
    plain = training(method, model, tmp_path / "b", epochs=1)
    losses = [[loss for _, loss in train(task, rows(8), [], silent, ignore)["loss"]] for task in (recomputing, plain)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_bitfit_refuses_a_model_without_biases(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="llama") as error:
        train(training("bitfit", tiny_model, tmp_path), rows(4), [], silent, ignore)
    assert "ia3" in error.value.hint


def test_adapter_remembers_what_it_was_trained_on(tiny_model: Path, tmp_path: Path) -> None:
    task = training("qlora", tiny_model, tmp_path, epochs=1)
    train(task, rows(4), [], silent, ignore)
    about = json.loads((task.adapter / "ftadvisor.json").read_text())
    assert about["method"] == "qlora"
    assert about["model"]["quantisation"] == "nf4"
