"""What a plan says about itself agrees with the advice that it carries out, and with what is known."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.base_model import describe
from ftadvisor.advisor.device import Device
from ftadvisor.advisor.draft import PlanDraft
from ftadvisor.advisor.estimate_request import request_of
from ftadvisor.advisor.files import Files
from ftadvisor.advisor.fitting import GIBIBYTE
from ftadvisor.advisor.plan_training import set_up, wish_for
from ftadvisor.advisor.planning import make_plan
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.executors.estimate.compare import for_method
from ftadvisor.knowledge.messages import use_language

SMALL = "qwen2.5-0.5b"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def planned(label: str, folder: Path, **answers: object) -> PlanDraft:
    """Return the plan of a label for some answers, without files."""
    profile = Profile.model_validate({"task_type": "dialogue", "vram_gb": 24} | answers)
    recommendation = recommend(profile).model_copy(update={"label": label, "base": "llm<=8b"})
    return make_plan(profile, recommendation, files=Files(), folder=folder, model=SMALL)


def test_several_gpus_together_hold_no_more_than_one_of_them(tmp_path: Path) -> None:
    answers = {"base_model_params_b": 13, "style_need": "strict", "labelled_examples": 5000, "vram_gb": 48}
    one, two = (Profile.model_validate({"task_type": "style_transfer", "n_gpus": count} | answers) for count in (1, 2))
    assert recommend(one).label == "finetune:lora"
    assert recommend(two).label == "finetune:qlora"
    draft = make_plan(two, recommend(two), files=Files(), folder=tmp_path)
    assert "24.0 GiB available" in draft.memory
    assert "2 GPUs train together" in draft.memory


@pytest.mark.parametrize(("label", "passages"), [("prompting", False), ("finetune:lora", False), ("rag", True)])
def test_the_instruction_speaks_of_passages_only_where_there_is_an_index(
    label: str, passages: bool, tmp_path: Path
) -> None:
    plan = planned(label, tmp_path, task_type="translation").plan
    assert plan is not None
    [system, _] = plan.prompt.messages("Hello?")
    assert ("passages" in system["content"]) == passages
    assert ("Translate" in system["content"]) != passages


def test_full_fine_tuning_that_fits_in_pure_bf16_only_is_said_to(tmp_path: Path) -> None:
    training = set_up("lora", describe("qwen3-8b", ""), Device(has_gpu=True, memory_bytes=80 * GIBIBYTE), 3000, 300)
    [full] = [text for text in training.lost if "pure bf16" in text]
    assert "16 bytes per parameter" in full
    assert "most updates are lost" in full


@pytest.mark.parametrize(("method", "weights"), [("full", "fp32"), ("bitfit", "fp32"), ("lora", "bf16")])
def test_plan_and_estimate_keep_weights_that_are_trained_in_float32(method: str, weights: str, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(describe("qwen2.5-7b", "").config), encoding="utf-8")
    wish = wish_for(method, describe("qwen2.5-7b", ""), Device(has_gpu=True, memory_bytes=None), 3000, 300)
    assert wish.dtype == request_of({"model": str(config), "method": method}).dtype == weights
    compared = for_method(request_of({"model": str(config), "method": "ia3"}), method)
    assert compared.dtype == weights


def test_reasons_say_what_is_known_where_there_are_no_files_yet(tmp_path: Path) -> None:
    few, many = (planned("finetune:lora", tmp_path, labelled_examples=rows) for rows in (300, 30_000))
    assert few.plan is not None
    assert many.plan is not None
    ranks = [plan.steps[0].model_dump()["method_options"]["rank"] for plan in (few.plan, many.plan)]
    assert ranks[0] < ranks[1]
    assert "idle without validation rows" in few.comments["steps.0.patience"]
    assert "no answer is known yet" in few.comments["steps.1.max_new_tokens"]
    assert "; Full fine-tuning" in few.comments["steps.0.method"]


def test_a_size_without_a_language_means_a_model_that_reads_chinese_and_english() -> None:
    found = recommend(Profile(task_type="dialogue", style_need="strict", labelled_examples=3000, base_model_params_b=7))
    assert found.model == "qwen2.5-7b"


def test_a_local_model_that_stands_in_for_an_interface_is_said_to(tmp_path: Path) -> None:
    profile = Profile(task_type="translation", vram_gb=24)
    found = recommend(profile)
    assert found.base == "llm_api"
    draft = make_plan(profile, found, files=Files(), folder=tmp_path)
    assert "stands in" in draft.notice
    assert "--model https://HOST/v1#MODEL" in draft.notice
    assert draft.notice in draft.comments["model.source"]
    assert not make_plan(profile, found, files=Files(), folder=tmp_path, model=SMALL).notice


def test_as_many_rows_are_to_be_written_as_the_advised_experiment_measures_on(tmp_path: Path) -> None:
    profile = Profile(task_type="dialogue", vram_gb=24)
    found = recommend(profile)
    draft = make_plan(profile, found, files=Files(), folder=tmp_path, model=SMALL)
    assert any(f"write {found.next_step.rows} rows that are not trained on" in text for text in draft.remaining)


@pytest.mark.parametrize(
    ("model_type", "method", "rate"),
    [("bert", "lora", 1e-3), ("bert", "full", 5e-5), ("bert", "ia3", 1e-2), ("llama", "lora", 1e-2)],
)
def test_small_models_learn_at_the_rate_of_their_family(
    model_type: str, method: str, rate: float, tmp_path: Path
) -> None:
    shape = {"vocab_size": 30522, "hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6}
    heads = {"num_attention_heads": 12, "num_key_value_heads": 12, "max_position_embeddings": 512}
    config = {"model_type": model_type, "hidden_act": "gelu", **shape, **heads}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    base = describe(str(tmp_path), "")
    training = set_up(method, base, Device(has_gpu=False, memory_bytes=8 * GIBIBYTE), 3000, 30)
    assert training.options["learning_rate"].value == rate
