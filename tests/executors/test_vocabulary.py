"""New words get a token each, which begins as the mean of its pieces, is trained and kept with the adapter."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, main
from ftadvisor.executors import train as training_module
from ftadvisor.executors.adapters import adapted_tokenizer, load_adapted
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import Loader
from ftadvisor.executors.tasks.seq2seq import PairRow, Writing
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


def changed(tiny: Path, folder: Path, **sizes: Any) -> Path:
    """Return the folder of a random model like another one but for its config, with the same tokenizer."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(tiny)
    config.update(sizes)
    model = getattr(transformers, config.architectures[0])(config)
    if sizes.get("tie_word_embeddings") is False:  # T5 has a head of its own where its checkpoint has one, only
        model.get_output_embeddings().weight = torch.nn.Parameter(model.get_input_embeddings().weight.flip(0))
    model.save_pretrained(folder)
    load_tokenizer(str(tiny)).save_pretrained(folder)
    return folder


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


@pytest.mark.parametrize("tied", [True, False])
def test_an_encoder_decoder_learns_new_words_with_all_its_weights(
    tied: bool, tiny_of: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = changed(tiny_of("t5"), tmp_path / "model", **({} if tied else {"tie_word_embeddings": False}))
    asked: list[Any] = []
    kept: list[Any] = []
    ask, keep = training_module.request_of, training_module.save_adapter
    monkeypatch.setattr(training_module, "request_of", lambda *given: asked.append(ask(*given)) or asked[-1])
    monkeypatch.setattr(training_module, "save_adapter", lambda *given: kept.append(given[0]) or keep(*given))
    pairs = [PairRow(number + 1, f"what of {WORDS[number % 2]} {number}?", WORDS[number % 2]) for number in range(8)]
    wanted = replace(training(model, "full", tmp_path), task="seq2seq", task_options=Writing())
    result = train(wanted, pairs, pairs, silent, ignore)
    counted = estimate(asked[0].model_copy(update={"device": "cuda"}))
    assert counted.trainable_parameters == result["trainable_parameters"]
    assert result["validation_loss"][-1][1] < result["loss"][0][1]
    loaded: Any = load_adapted(wanted.base, wanted.adapter)
    tables = (loaded.get_input_embeddings().weight, loaded.get_output_embeddings().weight)
    assert {len(table) for table in tables} == {len(adapted_tokenizer(wanted.base, wanted.adapter))}
    assert torch.equal(*tables) == tied
    bare = load_model(wanted.base, loader=Loader("AutoModelForSeq2SeqLM"))
    start = bare.state_dict()["lm_head.weight"]  # the head begins as it was, and grows by two rows
    assert (loaded.state_dict()["lm_head.weight"][: len(start)] - start).abs().max() < 0.2
    for name, weight in kept[0].state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight), name


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_an_adapter_of_an_encoder_decoder_learns_no_new_words(
    kind: str, tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """Encoder and decoder have a module each to look words up in, and an adapter of single rows stands beside one."""
    with pytest.raises(UserError, match=rf"lora .* {kind}") as error:
        train(training(tiny_of(kind), "lora", tmp_path), ROWS, ROWS, silent, ignore)
    assert f"In {kind} these methods can: full" in error.value.hint


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("spare", [0, 1, 8])
def test_rows_that_a_padded_table_has_to_spare_are_no_new_ones(
    spare: int, tied: bool, tiny_of: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer = load_tokenizer(str(tiny_of("llama")))
    sizes = {"vocab_size": len(tokenizer) + spare, "tie_word_embeddings": tied}
    folder = changed(tiny_of("llama"), tmp_path / "model", **sizes)
    model: Any = load_model(ModelSource(source=str(folder)))
    grow_model(model, grow_tokenizer(tokenizer, WORDS))
    asked = ["--model", str(folder), "--method", "full", "--added-tokens", str(len(WORDS)), "--json"]
    assert main(["estimate", *asked]) == DONE
    found = json.loads(capsys.readouterr().out)
    assert found["trainable_parameters"] == sum(weight.numel() for weight in model.parameters())


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
