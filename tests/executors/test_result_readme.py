"""The README beside a result is true: its code, run as it stands, gives the model that ftadvisor loads."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.adapters import load_adapted, save_adapter
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.result_readme import readme
from ftadvisor.executors.task import task_class, task_ids
from ftadvisor.executors.train import Training, train
from ftadvisor.knowledge.messages import Language, speaking
from ftadvisor.knowledge.progress import silent
from ftadvisor.knowledge.text import is_chinese

from .test_train import ROWS, ignore, training

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

CLASSED = [{"text": f"{name} {number}", "label": name} for name in ("red", "blue", "七天") for number in range(3)]


def classifying(model: Path, folder: Path, method: str) -> tuple[Training, Any]:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, CLASSED)), encoding="utf-8")
    of = task_class("sequence_classification")
    rows = of.read(path, Prompt())
    own: dict[str, Any] = {
        "task": "sequence_classification",
        "task_options": of.Options(),
        "known": of.study(rows, path),
    }
    options = method_module(method).Options()
    return training(model, folder, method=method, method_options=options, learning_rate=0.05, epochs=1, **own), rows


def loaded_as_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the code of a README in its folder, and return the model that it makes."""
    code = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    assert code
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec("".join(code), names)
    return names["model"].eval()


def apart(one: Any, other: Any) -> float:
    """Return the largest difference of a logit as a share of the largest logit."""
    tokens = torch.arange(3, 30)[None]
    with torch.no_grad():
        first, second = (
            each.eval()(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits.float()
            for each in (one, other)
        )
    return float((first - second).abs().max() / first.abs().max())


@pytest.mark.parametrize("method", ["lora", "qlora", "prompt_tuning", "full"])
def test_a_language_model_loads_as_its_readme_says(
    method: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("newsletter", "血小板减少") if method in {"lora", "full"} else ()
    options = method_module(method).Options()
    task = training(tiny_model, tmp_path, method=method, method_options=options, new_tokens=words, epochs=1)
    found: Any = train(task, ROWS, ROWS[:4], silent, ignore)
    text = (task.adapter / "README.md").read_text("utf-8")
    told = [f"(`{method}`)", "Task: Writing answers (`causal_lm`)", "Rows learnt: 12", str(tiny_model), *words]
    lowest = min(loss for _, loss in found["validation_loss"])
    assert [one for one in [*told, f"{lowest:.4f}"] if one not in text] == []
    assert "More Information Needed" not in text
    base = ModelSource.model_validate(json.loads((task.adapter / "ftadvisor.json").read_bytes())["model"])
    # left alone, bitsandbytes packs four-bit weights anew on a CPU and multiplies in bfloat16
    assert apart(load_adapted(base, task.adapter), loaded_as_told(task.adapter, monkeypatch)) < (
        0.05 if method == "qlora" else 1e-5
    )
    if words:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(task.adapter)
        assert [len(tokenizer(word, add_special_tokens=False)["input_ids"]) for word in words] == [1, 1]


@pytest.mark.parametrize("method", ["ia3", "bitfit"])
def test_a_classifier_loads_and_is_asked_as_its_readme_says(
    method: str,
    tiny_of: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    task, rows = classifying(tiny_of("bert"), tmp_path, method)
    train(task, rows, [], silent, ignore)
    text = (task.adapter / "README.md").read_text("utf-8")
    assert "Classes, in the model's order: blue, red, 七天" in text
    assert apart(load_adapted(task.base, task.adapter), loaded_as_told(task.adapter, monkeypatch)) < 1e-5
    assert capsys.readouterr().out.splitlines()[-1] in {"blue", "red", "七天"}


def test_what_other_tools_would_load_wrongly_is_loaded_with_ftadvisor_alone(
    tiny_of: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    task, rows = classifying(tiny_of("bert"), tmp_path, "prompt_tuning")
    train(task, rows, [], silent, ignore)
    text = (task.adapter / "README.md").read_text("utf-8")
    assert "Only ftadvisor reads this result" in text
    assert "PeftModel" not in text
    assert apart(load_adapted(task.base, task.adapter), loaded_as_told(task.adapter, monkeypatch)) < 1e-5
    assert capsys.readouterr().out.splitlines()[-1] in {"blue", "red", "七天"}


@pytest.mark.parametrize("task", task_ids())
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_readme_names_method_and_task_in_its_language(language: Language, task: str, tiny_model: Path) -> None:
    """And by the names that a plan has for them."""
    model, base = load_model(ModelSource(source=str(tiny_model))), ModelSource(source="someone/something")
    with speaking(language):
        text = readme(model, base, "full", {"task": task}, whole=True, own_tokenizer=True)
    method = {"zh": "全参数微调（`full`）", "en": "Full fine-tuning (`full`)"}[language]
    told = next(line for line in text.splitlines() if f"`{task}`" in line)
    assert method in text
    assert is_chinese(told) == (language == "zh")


def test_an_adapter_names_its_base_as_the_hub_does(tiny_model: Path, tmp_path: Path) -> None:
    """Not the folder of this machine that the hub's files lie in."""
    method = method_module("lora")
    model = method.attach(load_model(ModelSource(source=str(tiny_model))), method.Options())
    base = ModelSource(source="someone/something", revision="main")
    save_adapter(model, load_tokenizer(str(tiny_model)), tmp_path / "adapter", base, "lora")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_bytes())
    assert (config["base_model_name_or_path"], config["revision"]) == ("someone/something", "main")
    text = (tmp_path / "adapter" / "README.md").read_text("utf-8")
    assert text.startswith("---\nbase_model: someone/something\nlibrary_name: peft\n")
    assert 'BASE = "someone/something"' in text
    assert str(tiny_model) not in text
