import json
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import context_length, load_model, load_tokenizer, resolve_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import Loader
from ftadvisor.knowledge.errors import UserError


def test_local_folder(tiny_model: Path) -> None:
    assert resolve_model(str(tiny_model)) == tiny_model
    assert context_length(ModelSource(source=str(tiny_model))) == 512
    assert load_model(ModelSource(source=str(tiny_model), dtype="bfloat16")).dtype.itemsize == 2


def test_a_decoders_head_knows_the_padding_of_its_tokenizer(tiny_model: Path, tmp_path: Path) -> None:
    """The configs of the first Llamas name one token to pad with, and their tokenizers none."""
    import torch

    folder = shutil.copytree(tiny_model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps(config | {"pad_token_id": 0}), encoding="utf-8")
    padding = load_tokenizer(str(folder)).pad_token_id
    assert padding != 0
    loader = Loader("AutoModelForSequenceClassification", {"num_labels": 3}, padding)
    model = load_model(ModelSource(source=str(folder)), loader=loader).eval()
    row = torch.tensor([[5, 6, 7]])
    among = torch.tensor([[5, 6, 7, padding, padding], [5, 6, 7, 8, 9]])
    with torch.no_grad():
        alone, [padded, _] = model(row).logits[0], model(among, attention_mask=(among != padding).long()).logits
    torch.testing.assert_close(alone, padded)


@pytest.mark.parametrize("kind", ["bert", "roberta", "sentence", "llama"])
def test_a_head_is_float32_on_a_narrow_body_and_reads_what_the_body_says(
    kind: str, tiny_of: Callable[[str], Path]
) -> None:
    """As on a GPU, where bodies are bfloat16: an update of a head's weight would round away."""
    import torch

    loader = Loader("AutoModelForSequenceClassification", {"num_labels": 3}, 2, pools=True)
    model = load_model(ModelSource(source=str(tiny_of(kind)), dtype="bfloat16"), loader=loader).eval()
    adapted = method_module("lora").attach(model, method_module("lora").Options())
    trained = {name: value.dtype for name, value in adapted.named_parameters() if value.requires_grad}
    assert set(trained.values()) == {torch.float32}
    assert any(name.rpartition("modules_to_save")[1] for name in trained)
    assert adapted.get_input_embeddings().weight.dtype == torch.bfloat16
    row = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert adapted(input_ids=row, attention_mask=torch.ones_like(row)).logits.dtype == torch.float32


@pytest.mark.parametrize("source", ["./nothing/here", "/nothing/here", "builtin:nothing", "a/b/c"])
def test_missing_model_is_named_with_what_is_allowed(source: str, english: None) -> None:
    with pytest.raises(UserError) as error:
        resolve_model(source)
    assert source in error.value.message
    assert "builtin:tiny" in error.value.hint


def test_hub_is_announced_before_it_is_asked_and_its_failure_is_one_message(
    monkeypatch: pytest.MonkeyPatch, english: None
) -> None:
    import huggingface_hub

    told: list[str] = []

    def snapshot_download(source: str, local_files_only: bool, **_: object) -> str:
        if local_files_only:
            raise FileNotFoundError("not cached")
        assert told == [f"downloading the model {source} from {huggingface_hub.constants.ENDPOINT}"]
        raise ConnectionError("no route\nmore lines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(UserError, match=r"some/model.*no route") as error:
        resolve_model("some/model", progress=lambda label, *_: told.append(label))
    assert "\n" not in error.value.message
    assert str(Path("some/model").absolute()) in error.value.message  # it may have been meant for a folder
    assert "HF_ENDPOINT" in error.value.hint


def test_cached_hub_model_needs_no_network(monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> None:
    import huggingface_hub

    def snapshot_download(source: str, local_files_only: bool, revision: str, **_: object) -> str:
        assert local_files_only
        assert (source, revision) == ("some/model", "abc")
        return str(tiny_model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert resolve_model("some/model", "abc") == tiny_model


def test_modelscope(monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> None:
    asked: list[str] = []
    fake = SimpleNamespace(snapshot_download=lambda name, **_: asked.append(name) or str(tiny_model))
    monkeypatch.setitem(sys.modules, "modelscope", fake)
    assert resolve_model("modelscope:Qwen/Qwen3-0.6B") == tiny_model
    assert asked == ["Qwen/Qwen3-0.6B"]


def test_modelscope_without_its_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(UserError) as error:
        resolve_model("modelscope:Qwen/Qwen3-0.6B")
    assert error.value.hint == "pip install modelscope"


def test_pickled_weights_are_refused(tiny_model: Path, tmp_path: Path, english: None) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"pytorch_model\.bin"):
        load_model(ModelSource(source=str(folder)))


def test_broken_config_is_one_message(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / "config.json").write_text('{"model_type": "no such architecture"}')
    for load in (load_model, context_length):
        with pytest.raises(UserError, match=str(folder)):
            load(ModelSource(source=str(folder)))


def test_torn_weights_are_one_message(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UserError, match=str(folder)):
        load_model(ModelSource(source=str(folder)))


@pytest.mark.parametrize(("name", "load"), [("tokenizer_config", load_tokenizer), ("config", context_length)])
def test_code_beside_a_model_is_never_run_nor_asked_for(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, load: Callable[[Any], object]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    own = {"auto_map": {"AutoConfig": "own.Config", "AutoTokenizer": [None, "own.Tokenizer"]}, "model_type": "own"}
    own |= {"tokenizer_class": "OwnTokenizer"}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    (folder / "own.py").write_text("raise SystemExit('ran')")
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asked"))
    with suppress(UserError):  # some can be loaded without their code
        load(str(folder) if load is load_tokenizer else ModelSource(source=str(folder)))


def test_base_models_get_a_template_and_a_padding_token(tiny_model: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    tokenizer.chat_template = tokenizer.pad_token = None
    shutil.copy(tiny_model / "config.json", tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = load_tokenizer(str(tmp_path))
    assert loaded.pad_token == loaded.eos_token
    text = loaded.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True)
    assert text == "### user\nhi\n\n### assistant\n"
