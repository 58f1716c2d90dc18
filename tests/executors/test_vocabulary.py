"""New words get a token each, which begins as the mean of its pieces, is trained and kept with the adapter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import train as training_module
from ftadvisor.executors.adapters import adapted_tokenizer, load_adapted
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.tokens import training_row
from ftadvisor.executors.train import Training, train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.executors.vocabulary import grow_model, grow_tokenizer
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("peft", reason="needs the train extra")

WORDS = ("thrombocytopenia", "血小板减少")
ROWS = [
    Conversation(
        line=number + 1,
        id=str(number),
        messages=(
            Turn(role="user", content=f"what of {WORDS[number % 2]} {number}?"),
            Turn(role="assistant", content=WORDS[number % 2]),
        ),
    )
    for number in range(8)
]


def training(model: Path, method: str, folder: Path, **options: Any) -> Training:
    return Training(
        name="grown",
        base=ModelSource(source=str(model)),
        method=method,
        method_options=method_module(method).Options(),
        options=TrainOptions(**{"epochs": 3, "batch_size": 4, "learning_rate": 1e-2} | options),
        seed=17,
        max_length=None,
        leave_out_longer=False,
        adapter=folder / "adapter",
        checkpoints=folder / "checkpoints",
        new_tokens=WORDS,
    )


def ignore(name: str, /, **values: Any) -> None:
    """Take no notice."""


def logits(model: Any, tokenizer: Any) -> Any:
    row = training_row(tokenizer, ROWS[0].turns)
    model.eval()
    with torch.no_grad():
        return model(input_ids=torch.tensor([row.tokens])).logits


def test_a_new_token_begins_as_the_mean_of_its_pieces(tiny_of: Callable[[str], Path]) -> None:
    folder = str(tiny_of("llama"))
    tokenizer, model = load_tokenizer(folder), load_model(ModelSource(source=folder))
    before = [table.weight.clone() for table in (model.get_input_embeddings(), model.get_output_embeddings())]
    pieces = grow_tokenizer(tokenizer, [*WORDS, WORDS[0], "a"])
    assert len(pieces) == 2  # each once; "a" is a token already
    grow_model(model, pieces)
    tables = (model.get_input_embeddings(), model.get_output_embeddings())
    for old, table in zip(before, tables, strict=True):
        assert torch.equal(table.weight[: len(old)], old)
        for token, made in pieces.items():
            torch.testing.assert_close(table.weight[token], old[made].mean(dim=0))
    assert tokenizer(f"of {WORDS[0]}!")["input_ids"].count(next(iter(pieces))) == 1


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
@pytest.mark.parametrize("method", ["lora", "full", "qlora"])
def test_new_tokens_are_trained_saved_and_loaded(
    kind: str, method: str, tiny_of: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = training(tiny_of(kind), method, tmp_path)
    trained, asked = [], []
    keep, ask = training_module.save_adapter, training_module.request_of

    def save(model: Any, tokenizer: Any, *others: Any) -> None:
        trained.append(logits(model, tokenizer))
        keep(model, tokenizer, *others)

    def request_of(*given: Any) -> Any:
        asked.append(ask(*given))
        return asked[-1]

    monkeypatch.setattr(training_module, "save_adapter", save)
    monkeypatch.setattr(training_module, "request_of", request_of)
    result = train(wanted, ROWS, ROWS, silent, ignore)
    counted = estimate(asked[0].model_copy(update={"device": "cuda"}))
    assert counted.trainable_parameters == result["trainable_parameters"]
    assert result["validation_loss"][-1][1] < result["loss"][0][1]
    tokenizer = adapted_tokenizer(wanted.base, wanted.adapter)
    token = tokenizer.convert_tokens_to_ids(WORDS[0])
    model: Any = load_adapted(wanted.base, wanted.adapter)
    said = logits(model, tokenizer)
    torch.testing.assert_close(trained[0], said, rtol=1e-4, atol=1e-5)
    whole = model.merge_and_unload() if method == "lora" else model
    plain = load_tokenizer(wanted.base.source)
    pieces = plain(WORDS[0], add_special_tokens=False)["input_ids"]
    table = whole.get_input_embeddings().weight
    if method != "qlora":
        assert table.shape[0] == len(tokenizer)
        assert not torch.allclose(table[token], table[pieces].mean(dim=0), atol=1e-4)  # it has been trained
    if method == "lora":  # and nothing else of the table has
        base = load_model(wanted.base).get_input_embeddings().weight
        assert torch.equal(table[: len(base)], base)
        size = (wanted.adapter / "adapter_model.safetensors").stat().st_size
        assert size < 200_000
    torch.testing.assert_close(logits(whole, tokenizer), said, rtol=1e-4, atol=1e-5)


def test_a_stopped_training_goes_on_to_the_same_end(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    undisturbed = training(tiny_of("llama"), "lora", tmp_path / "a", validate_every=2)
    expected = train(undisturbed, ROWS, ROWS, silent, ignore)
    stopped = training(tiny_of("llama"), "lora", tmp_path / "b", validate_every=2)

    def stop(name: str, /, **values: Any) -> None:
        if name == "loss" and values["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(stopped, ROWS, ROWS, silent, stop)
    assert train(stopped, ROWS, ROWS, silent, ignore)["loss"] == expected["loss"]


@pytest.mark.usefixtures("english")
def test_methods_that_cannot_train_new_rows_are_refused_by_name(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ia3") as error:
        train(training(tiny_of("llama"), "ia3", tmp_path), ROWS, ROWS, silent, ignore)
    assert "lora" in error.value.hint
