"""Known traps of the libraries with soft prompts, prefixes and heads: each is mended, or refused before loading."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import train as training_module
from ftadvisor.executors.batches import padded
from ftadvisor.executors.heads import fresh_modules, head_modules
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_config, load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.refusals import refuse_impossible, room
from ftadvisor.executors.task import Loader
from ftadvisor.knowledge.errors import UserError

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("peft", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

CLASSES = Loader("AutoModelForSequenceClassification", {"num_labels": 3}, 2)
TAGS = Loader("AutoModelForTokenClassification", {"num_labels": 3}, 2)
SPANS = Loader("AutoModelForQuestionAnswering", {"num_labels": 2}, 2)
ROWS = [[0, 9, 8, 7, 1], [0, 9, 8, 7, 6, 5, 4, 3, 10, 1]]
SOFT, PREFIX = ("prompt_tuning", "p_tuning"), ("prefix_tuning", "p_tuning_v2")
ALL = ("bert", "roberta", "distilbert", "deberta-v2", "modernbert", "llama", "qwen2", "t5")


def attached(kind: Path, loader: Loader, method: str, **options: int) -> Any:
    base = ModelSource(source=str(kind))
    torch.manual_seed(1)
    module = method_module(method)
    model = module.attach(load_model(base, loader=loader), module.Options(**options))
    model.eval()
    for value in model.parameters():
        if value.requires_grad:
            value.data += 0.1 * torch.randn_like(value)
    return model


def said(model: Any, rows: list[list[int]]) -> Any:
    with torch.no_grad():
        output = model(**padded(rows, 2))
    return output.logits if "logits" in output else torch.stack([output.start_logits, output.end_logits], -1)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("loader", [CLASSES, TAGS, SPANS], ids=["classes", "tags", "spans"])
@pytest.mark.parametrize("method", [*SOFT, *PREFIX])
def test_padding_and_virtual_tokens_do_not_move_what_is_said(
    kind: str, loader: Loader, method: str, tiny_of: Callable[[str], Path]
) -> None:
    """A short row says the same beside a long one, as many things as it has tokens, and hears its prompt."""
    folder = tiny_of(kind)
    module = method_module(method)
    keeps = kind not in {"distilbert", "deberta-v2", "modernbert"} and (kind, loader) != ("t5", TAGS)
    if method in PREFIX and not keeps:
        with pytest.raises(UserError) as error:
            refuse_impossible(ModelSource(source=str(folder)), loader, method, module, module.Options())
        assert method in error.value.message
        assert "prompt_tuning" in error.value.hint
        return
    model = attached(folder, loader, method, virtual_tokens=5)
    together, alone = said(model, ROWS), said(model, ROWS[:1])
    if loader is CLASSES:
        assert together.shape == (2, 3)
    else:
        assert together.shape[:2] == (2, len(ROWS[1]))
        together = together[:, : len(ROWS[0])]
    torch.testing.assert_close(together[0], alone[0], rtol=1e-4, atol=1e-5)
    bare = said(load_model(ModelSource(source=str(folder)), loader=loader).eval(), ROWS[:1])
    assert bare.shape == alone.shape
    for value in model.prompt_encoder.parameters():
        value.data = torch.randn_like(value)
    assert not torch.allclose(said(model, ROWS[:1]), alone)


@pytest.mark.parametrize(("loader", "head"), [(TAGS, "classifier"), (SPANS, "qa_outputs")], ids=["tags", "spans"])
def test_all_linear_layers_are_those_of_the_body(loader: Loader, head: str, tiny_of: Callable[[str], Path]) -> None:
    model = attached(tiny_of("bert"), loader, "lora")
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert not [name for name in trained if head in name and "lora" in name]
    assert [name for name in trained if f"{head}.modules_to_save" in name]


@pytest.mark.parametrize("kind", ["llama", "t5", "bert"])
@pytest.mark.parametrize("method", PREFIX)
def test_a_prefix_gets_a_gradient_without_checkpoints_and_is_refused_with_them(
    kind: str, method: str, tiny_of: Callable[[str], Path]
) -> None:
    assert not method_module(method).CHECKPOINTING
    model = attached(tiny_of(kind), CLASSES, method)
    model.train()
    model(**padded(ROWS, 2)).logits.sum().backward()
    assert all(value.grad is not None and value.grad.any() for value in model.prompt_encoder.parameters())


@pytest.mark.parametrize("method", PREFIX)
def test_a_prefix_is_as_wide_as_keys_are_where_these_are_narrower_than_the_model(method: str) -> None:
    import transformers

    sizes = {"d_model": 16, "d_kv": 3, "d_ff": 32, "num_layers": 2, "num_heads": 4, "vocab_size": 40}  # as in FLAN-T5
    model: Any = transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, decoder_start_token_id=0))
    module = method_module(method)
    found = module.attach(model, module.Options())
    batch = padded(ROWS, 2)
    found(**batch, labels=batch["input_ids"]).loss.backward()
    assert all(value.grad is not None and value.grad.any() for value in found.prompt_encoder.parameters())


def test_a_head_whose_body_goes_by_another_name_keeps_the_body(tiny_of: Callable[[str], Path]) -> None:
    base = ModelSource(source=str(tiny_of("llama")))
    body, headed = load_model(base).model, load_model(base, loader=SPANS)
    assert torch.equal(headed.transformer.norm.weight, body.norm.weight)
    assert torch.equal(headed.transformer.layers[1].mlp.up_proj.weight, body.layers[1].mlp.up_proj.weight)
    assert head_modules(headed) == ["qa_outputs"]


def test_a_checkpoint_without_a_body_is_refused(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for path in tiny_of("bert").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "layer.1.output.dense" not in name}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"layer\.1\.output\.dense"):
        load_model(ModelSource(source=str(tmp_path)), loader=CLASSES)


def test_a_random_pooler_is_trained_whole(tiny_of: Callable[[str], Path]) -> None:
    model = load_model(ModelSource(source=str(tiny_of("bert"))), loader=CLASSES)
    assert "bert.pooler.dense" in fresh_modules(model)
    assert head_modules(model) == ["classifier", "bert.pooler.dense"]


def test_bitfit_does_not_take_a_heads_bias_for_a_bodys(tiny_of: Callable[[str], Path]) -> None:
    module = method_module("bitfit")
    with pytest.raises(UserError) as error:
        refuse_impossible(ModelSource(source=str(tiny_of("llama"))), TAGS, "bitfit", module, module.Options())
    assert "ia3" in error.value.hint


def test_rows_leave_room_for_virtual_tokens_and_robertas_offset(tiny_of: Callable[[str], Path]) -> None:
    configs = {kind: load_config(ModelSource(source=str(tiny_of(kind)))) for kind in ("roberta", "bert")}
    options = method_module("prompt_tuning").Options(virtual_tokens=7)
    assert room(configs["bert"], 256, options.virtual_tokens) == 249
    assert room(configs["roberta"], 256, options.virtual_tokens) == 246  # its padding token is number 2
    assert room(configs["roberta"], 256) == 253
    assert training_module.room is room
