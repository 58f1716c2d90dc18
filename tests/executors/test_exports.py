import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.executors.export_run import export_run, refuse_export
from ftadvisor.executors.exports import TOOLS
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.recipe import Recipe, recipe_of
from ftadvisor.knowledge.errors import UserError
from ruamel.yaml import YAML

pytestmark = pytest.mark.usefixtures("english")

TOOLS_FOLDER = "FTADVISOR_TOOLS"
"""Names folders, as PYTHONPATH does, in which the other tools are installed; without it their parsers are not asked."""

PLAN = """\
version: 1
title: an export
language: en
label: finetune:lora
seed: 17
knowledge: 0.1.0
model: {{source: '{model}', quantisation: {quantisation}}}
prompt: {{instruction: Answer shortly.}}
steps:
  - {{kind: train, name: a, method: {method}, train: rows.jsonl, validation: held.jsonl, output: a, epochs: 1,
     batch_size: 2, accumulation: 2, precision: float32, max_length: 256}}
"""

ASK = {
    "llamafactory": """
import json, sys, types
from llamafactory.hparams import get_train_args, read_args
sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))  # for sounds, which no text needs
from llamafactory.data.parser import get_dataset_list
model, data, training, finetuning, _ = get_train_args(read_args())
assert [found.dataset_name for found in get_dataset_list(data.dataset, data.dataset_dir)] == ["train.jsonl"]
assert [found.messages for found in get_dataset_list(data.eval_dataset, data.dataset_dir)] == ["messages"]
print(json.dumps({"rank": finetuning.lora_rank, "rate": training.learning_rate,
                  "rows": training.per_device_train_batch_size * training.gradient_accumulation_steps}))
""",
    "axolotl": """
import json, sys
from ruamel.yaml import YAML
from axolotl.utils.schemas.config import AxolotlInputConfig
values = YAML(typ="safe").load(open(sys.argv[1]))
assert not set(values) - set(AxolotlInputConfig.model_fields), set(values) - set(AxolotlInputConfig.model_fields)
found = AxolotlInputConfig.model_validate(values)
print(json.dumps({"rank": found.lora_r, "rate": float(found.learning_rate),
                  "rows": found.micro_batch_size * found.gradient_accumulation_steps}))
""",
    "trl": """
import json, sys
from trl import ModelConfig, SFTConfig, TrlParser
import train
_, settings, model = TrlParser((train.Rows, SFTConfig, ModelConfig)).parse_args_and_config(["--config", sys.argv[1]])
print(json.dumps({"rank": model.lora_r, "rate": settings.learning_rate,
                  "rows": settings.per_device_train_batch_size * settings.gradient_accumulation_steps}))
""",
}


@pytest.fixture
def plan(tiny_model: Path, tmp_path: Path) -> Path:
    return written(tmp_path, tiny_model)


def written(folder: Path, model: Path, method: str = "lora", quantisation: str = "none") -> Path:
    for name, count in (("rows", 8), ("held", 3)):
        rows = [{"question": f"Which colour has {name} {number}?", "answer": "Blue."} for number in range(count)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(model=model, method=method, quantisation=quantisation), encoding="utf-8")
    return path


def recipe(plan: Path) -> Recipe:
    return recipe_of(read_plan(plan), plan)


def settings(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(folder / "config.yaml")
    return found


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_gets_the_plans_model_rows_and_settings(tool: str, plan: Path, tiny_model: Path) -> None:
    folder = plan.parent / tool
    assert "config.yaml" in export_run(recipe(plan), tool, folder)
    said = settings(folder)
    assert str(tiny_model) in said.values()
    assert 2e-4 in said.values()
    first = json.loads((folder / "train.jsonl").read_text(encoding="utf-8").splitlines()[0])
    turns = first.get("messages") or [*first["prompt"], *first["completion"]]
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant"]
    assert len((folder / "validation.jsonl").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("tool", TOOLS)
def test_a_quantised_base_and_a_whole_model_are_said_as_the_tool_says_them(
    tool: str, tiny_model: Path, tmp_path: Path
) -> None:
    four_bits = {"quantization_bit": 4} if tool == "llamafactory" else {"load_in_4bit": True}
    for method, quantisation in (("qlora", "nf4"), ("full", "none")):
        (tmp_path / method).mkdir()
        plan = written(tmp_path / method, tiny_model, method, quantisation)
        export_run(recipe(plan), tool, tmp_path / method / tool)
        said = settings(tmp_path / method / tool)
        assert (four_bits.items() <= said.items()) == (method == "qlora")
        assert bool({"lora_rank", "lora_r"} & {*said}) == (method == "qlora")


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_trained_is_kept_in_float32(tool: str, tiny_model: Path, tmp_path: Path) -> None:
    """With bf16, LLaMA-Factory widens what it trains, Axolotl loads all weights so, and TRL as ``dtype`` says."""
    for method in ("lora", "full"):
        (tmp_path / method).mkdir()
        plan = written(tmp_path / method, tiny_model, method)
        plan.write_text(plan.read_text(encoding="utf-8").replace("float32", "auto"), encoding="utf-8")
        export_run(recipe(plan), tool, tmp_path / method / tool)
        said = settings(tmp_path / method / tool)
        assert said["bf16"] == (tool != "axolotl" or method == "lora")
        if tool == "trl":
            assert said["dtype"] == {"lora": "bfloat16", "full": "float32"}[method]


def test_only_the_last_message_is_learnt_everywhere(plan: Path) -> None:
    """LLaMA-Factory masks the history, Axolotl reads a mark on each turn, TRL learns completions."""
    for tool in TOOLS:
        export_run(recipe(plan), tool, plan.parent / tool)
    assert settings(plan.parent / "llamafactory")["mask_history"]
    row = json.loads((plan.parent / "axolotl" / "train.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert [turn["training"] for turn in row["messages"]] == [False, False, True]
    assert settings(plan.parent / "trl")["completion_only_loss"]


def test_what_a_tool_does_not_have_is_refused_with_what_it_has(tiny_model: Path, tmp_path: Path) -> None:
    plan = written(tmp_path, tiny_model, "ia3")
    with pytest.raises(UserError, match="trl does not have ia3; it has lora, qlora, full"):
        export_run(recipe(plan), "trl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_processes_get_launch_files(plan: Path) -> None:
    text = plan.read_text(encoding="utf-8").replace("batch_size: 2", "batch_size: 2, processes: 4")
    plan.write_text(text, encoding="utf-8")
    assert export_run(recipe(plan), "trl", plan.parent / "trl").startswith(
        "accelerate launch --config_file accelerate.ddp"
    )
    said = YAML(typ="safe").load(plan.parent / "trl" / "accelerate.fsdp2.yaml")
    assert (said["num_processes"], said["fsdp_config"]["fsdp_version"]) == (4, 2)


def test_rows_that_a_step_makes_cannot_be_exported_yet(plan: Path) -> None:
    text = plan.read_text(encoding="utf-8").replace("train: rows.jsonl", "train: made/rows.jsonl")
    step = "steps:\n  - {kind: build_examples, index: i, train: rows.jsonl, output: made}\n"
    plan.write_text(text.replace("steps:\n", step), encoding="utf-8")
    with pytest.raises(UserError, match="earlier step"):
        recipe(plan)


@pytest.mark.parametrize(
    "option", ["held_out: 0.5", "validation_share: 0.5", "new_tokens: [sepsis]", "too_long: leave_out"]
)
def test_what_only_our_trainer_does_is_not_left_out_in_silence(option: str, plan: Path) -> None:
    text = plan.read_text(encoding="utf-8").replace("validation: held.jsonl", option)
    plan.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=option.split(":")[0]):
        recipe_of(read_plan(plan), plan)


def test_rows_that_a_tool_would_skip_are_refused_with_their_lines(plan: Path, tmp_path: Path) -> None:
    turns = [{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "q"}]
    row = {"messages": [{"role": "system", "content": "s"}, *turns, {"role": "assistant", "content": "a"}]}
    with (tmp_path / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    with pytest.raises(UserError, match="lines 9"):
        refuse_export(recipe(plan), "llamafactory", tmp_path / "out")
    for tool in {*TOOLS} - {"llamafactory"}:
        export_run(recipe(plan), tool, tmp_path / tool)
        assert "Hello!" in (tmp_path / tool / "train.jsonl").read_text(encoding="utf-8")


def test_the_command_writes_plan_and_export(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, tiny_model)
    (tmp_path / "plan.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    rows = ["--train", "rows.jsonl", "--validation", "held.jsonl", "--model", str(tiny_model)]
    profile = ["--set", "task_type=dialogue_generation", "--label", "finetune:lora"]
    assert main(["plan", *profile, *rows, "--export", "trl", "--language", "en"]) == 0
    assert "python train.py --config config.yaml" in capsys.readouterr().out
    assert (tmp_path / "plan.trl" / "train.py").is_file()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_model_in_a_folder_beside_is_named_so_that_the_tool_finds_it(
    tool: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("models", "plans"):
        (tmp_path / name).mkdir()
    (tmp_path / "models" / "mine").symlink_to(tiny_model, target_is_directory=True)
    written(tmp_path, tiny_model)
    monkeypatch.chdir(tmp_path)
    profile = ["--set", "task_type=dialogue_generation", "--label", "finetune:lora", "--language", "en"]
    files = ["--train", "rows.jsonl", "--model", "models/mine", "-o", "plans/p.yaml", "--export", tool]
    assert main(["plan", *profile, *files]) == 0
    assert str(tiny_model.resolve()) in settings(Path("plans") / f"p.{tool}").values()
    assert read_plan(Path("plans/p.yaml")).model.source == "../models/mine"  # type: ignore[union-attr]
    monkeypatch.chdir(tmp_path.parent)  # a plan's names start at its folder, wherever it is run
    assert recipe(tmp_path / "plans" / "p.yaml").model == str(tiny_model.resolve())


def test_what_cannot_be_exported_is_refused_before_the_plan_is_written(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, tiny_model)
    (tmp_path / "plan.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    profile = ["--set", "task_type=dialogue_generation", "--label", "finetune:adalora", "--language", "en"]
    assert main(["plan", *profile, "--train", "rows.jsonl", "--model", str(tiny_model), "--export", "axolotl"]) == 2
    out, error = capsys.readouterr()
    assert "axolotl does not have adalora" in error
    assert "ftadvisor run" not in out
    assert not (tmp_path / "plan.yaml").exists()


def tools() -> dict[str, str]:
    """Return the environment in which other tools are found, or skip."""
    if TOOLS_FOLDER not in os.environ:
        pytest.skip(f"{TOOLS_FOLDER} names no folder with the other tools")
    return {**os.environ, "PYTHONPATH": os.environ[TOOLS_FOLDER], "DISABLE_VERSION_CHECK": "1", "HF_HUB_OFFLINE": "1"}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_tools_own_parser_accepts_it(tool: str, method: str, tiny_model: Path, tmp_path: Path) -> None:
    environment = tools()
    plan = written(tmp_path, tiny_model, method)
    export_run(recipe(plan), tool, tmp_path / tool)
    asked = [sys.executable, "-c", ASK[tool], "config.yaml"]
    done = subprocess.run(asked, cwd=tmp_path / tool, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rows"] == 4
    assert said["rate"] == pytest.approx(recipe(plan).options.learning_rate)
    assert method == "full" or said["rank"] == 16


def test_the_script_for_trl_trains(plan: Path) -> None:
    environment = tools()
    export_run(recipe(plan), "trl", plan.parent / "trl")
    asked = [sys.executable, "train.py", "--config", "config.yaml", "--use_cpu", "True"]
    done = subprocess.run(asked, cwd=plan.parent / "trl", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (plan.parent / "trl" / "output" / "adapter_model.safetensors").is_file()
