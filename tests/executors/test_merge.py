import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors import merge as merging
from ftadvisor.executors.adapters import adapted
from ftadvisor.executors.merge import _drift, merge
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.quantised import dequantised
from ftadvisor.executors.task import task_class
from ftadvisor.executors.train import train
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from .test_train import ROWS, ignore, training

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")


def trained(model: Path, folder: Path, method: str, **base: Any) -> tuple[Path, ModelSource]:
    """Train a little, so that what is merged is not nothing."""
    source = ModelSource(source=str(model), **base)
    options = method_module(method).Options()
    task = training(model, folder, method=method, method_options=options, base=source, learning_rate=0.05)
    train(task, ROWS, [], silent, ignore)
    return task.adapter, ModelSource.model_validate(json.loads((task.adapter / "ftadvisor.json").read_bytes())["model"])


@pytest.mark.parametrize("method", ["lora", "qlora", "ia3", "adalora", "full"])
def test_a_merged_model_answers_as_the_trained_one(method: str, tiny_model: Path, tmp_path: Path) -> None:
    """A 4-bit base is merged as it was rounded, not rounded anew, which would change answers."""
    adapter, base = trained(tiny_model, tmp_path, method)
    found: Any = merge(adapter, tmp_path / "merged", base, "trained_on", "float32", silent)
    assert found["drift"]["relative"] <= 1e-5
    assert found["drift"]["mean_kl"] <= 1e-6
    assert found["drift"]["same_first"] == 1
    config = json.loads((tmp_path / "merged" / "config.json").read_bytes())
    assert "quantization_config" not in config
    assert not list((tmp_path / "merged").glob("adapter*"))


@pytest.mark.parametrize("method", ["lora", "qlora", "ia3", "adalora"])
def test_merged_weights_are_the_trained_ones_to_1e_5(method: str, tiny_model: Path, tmp_path: Path) -> None:
    """In double precision, as answering in single precision rounds more than merging does."""
    adapter, base = trained(tiny_model, tmp_path, method)
    merge(adapter, tmp_path / "merged", base, "trained_on", "float32", silent)
    merged = load_model(ModelSource(source=str(tmp_path / "merged"), dtype="float32"))
    bare: Any = load_model(base)
    bare = bare.dequantize(dtype=torch.float32) if base.quantisation != "none" else bare
    tokens = torch.arange(3, 60)[None]
    with torch.no_grad():
        right, ours = (
            model.double().eval()(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits
            for model in (adapted(bare.float(), adapter), merged)
        )
    assert float((right - ours).abs().max()) <= 1e-5
    assert float(right.abs().max()) > 1


TEXTS = [{"text": f"{name} {number} " * 20, "label": name} for name in ("red", "blue", "七天") for number in range(3)]
ASKED = [
    {"question": "where?", "context": f"it is {how} in {place}", "answer": place}
    for how in ("hot", "wet")
    for place in ("Rome", "Oslo", "Ulm")
]


@pytest.mark.parametrize(
    ("kind", "task", "method"),
    [
        (
            "t5",
            "sequence_classification",
            "lora",
        ),  # pools the mark behind a text, which is longer than what is compared
        ("bart", "sequence_classification", "lora"),
        ("roberta", "sequence_classification", "ia3"),  # its head is no single layer
        ("bert", "question_answering", "ia3"),
    ],
)
def test_models_with_heads_merge(
    kind: str, task: str, method: str, tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    rows = TEXTS if task == "sequence_classification" else ASKED
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    read = task_class(task).read(path, Prompt())
    own = {"task": task, "task_options": task_class(task).Options(), "known": task_class(task).study(read, path)}
    options = method_module(method).Options()
    learnt = training(
        tiny_of(kind), tmp_path, method=method, method_options=options, learning_rate=0.05, epochs=1, **own
    )
    train(learnt, read, [], silent, ignore)
    found: Any = merge(learnt.adapter, tmp_path / "merged", learnt.base, "trained_on", "float32", silent)
    assert found["drift"]["relative"] <= 1e-5
    assert found["close"]


def test_a_drift_of_where_spans_end_is_seen() -> None:
    """Texts of different lengths, too: a model that finds spans has a vector of each text's."""
    right = [torch.tensor([[4.0, 0, 0], [0, 4, 0]]), torch.tensor([[4.0, 0], [0, 4]])]
    ends_elsewhere = [torch.tensor([[4.0, 0, 0], [0, 0, 4]]), torch.tensor([[4.0, 0], [4, 0]])]
    assert _drift(right, right).close
    found = _drift(right, ends_elsewhere)
    assert (found.largest_logit, found.same_first) == (4, 0.5)
    assert not found.close


def test_other_targets_report_how_far_they_drift(tiny_model: Path, tmp_path: Path) -> None:
    adapter, base = trained(tiny_model, tmp_path, "qlora")
    exact: Any = merge(adapter, tmp_path / "exact", base, "trained_on", "float32", silent)
    half: Any = merge(adapter, tmp_path / "half", base, "trained_on", "bfloat16", silent)
    original: Any = merge(adapter, tmp_path / "original", base, "original", "float32", silent)
    largest = [found["drift"]["relative"] for found in (exact, half, original)]
    assert largest == sorted(largest)
    assert largest[2] > 1000 * largest[0]
    assert half["bytes"] < 0.8 * exact["bytes"]
    assert exact["close"]
    assert not original["close"]


@pytest.mark.parametrize("stored", ["int8", "nf4"])
def test_a_quantised_model_is_widened_as_it_is_rounded_before_it_is_moved(
    stored: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moved first it loses the scales of 8 bits, and bitsandbytes before 0.48 does not let it be moved at all."""
    base = ModelSource(source=str(tiny_model), quantisation=stored)  # type: ignore[arg-type]
    right: Any = load_model(base).dequantize(dtype=torch.float32).float()  # type: ignore[no-untyped-call]
    model: Any = load_model(base)
    monkeypatch.setattr("transformers.modeling_utils.is_bitsandbytes_available", lambda *_: False)
    found = dequantised(model)
    assert {weight.dtype for weight in found.parameters()} == {torch.float32}
    assert not hasattr(found.config, "quantization_config")
    assert found.state_dict().keys() == right.state_dict().keys()
    assert all(torch.equal(weight, right.state_dict()[name]) for name, weight in found.state_dict().items())


@pytest.mark.parametrize(("free", "compared"), [(None, ""), (1, "cpu"), (2**40, "")])
def test_merging_needs_no_room_on_the_device_and_comparing_only_where_there_is(
    free: int | None, compared: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single precision takes twice what training took, and a GPU's memory may just have sufficed for that."""
    adapter, base = trained(tiny_model, tmp_path, "lora")
    places: list[str] = []

    def noted(source: ModelSource, progress: Any, loader: Any, place: str) -> Any:
        places.append(place)
        return load_model(source, progress, loader, place)

    monkeypatch.setattr(merging, "load_model", noted)
    monkeypatch.setattr(merging, "free_bytes", lambda: free)
    merge(adapter, tmp_path / "merged", base, "trained_on", "float32", silent)
    assert places == ["cpu", compared]


def test_what_cannot_be_merged_is_refused_with_what_to_do(tiny_model: Path, tmp_path: Path) -> None:
    adapter, base = trained(tiny_model, tmp_path, "prompt_tuning")
    with pytest.raises(UserError, match="prompt_tuning") as error:
        merge(adapter, tmp_path / "merged", base, "trained_on", "float32", silent)
    assert f"--adapter {adapter}" in error.value.hint
    assert not (tmp_path / "merged").exists()


def test_the_command_merges_and_refuses_what_is_there(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter, _ = trained(tiny_model, tmp_path, "qlora")
    words = ["export", str(adapter), "-o", str(tmp_path / "merged"), "--quiet", "--language", "en"]
    assert main(words) == DONE
    told = capsys.readouterr()
    assert "same first choice 1" in told.out
    assert "!" not in told.err
    assert main(words) == WRONG_INPUT
    assert main(["export", str(tmp_path), "-o", str(tmp_path / "other"), "--language", "en"]) == WRONG_INPUT
    original = ["export", str(adapter), "-o", str(tmp_path / "original"), "--into", "original", "--quiet"]
    capsys.readouterr()
    assert main([*original, "--language", "zh", "--json"]) == DONE
    told = capsys.readouterr()
    assert json.loads(told.out)["close"] is False
    assert "明显不同" in told.err
    assert "--into trained_on --dtype float32" in told.err
