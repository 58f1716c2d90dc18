"""A base model that nobody knows is kept, and said to be unknown."""

import pytest
from ftadvisor.advisor.answers import change, profile_from
from ftadvisor.advisor.model_remark import model_remark
from ftadvisor.advisor.profile import Profile


@pytest.mark.parametrize("name", ["qwen3-8b", "Qwen/Qwen3-8B", "7b", "GPT-4o", "claude"])
def test_known_models_and_products_need_no_remark(name: str) -> None:
    assert model_remark(name) is None


def test_a_slip_of_the_pen_is_told_with_what_was_meant() -> None:
    told = model_remark("lama-3.1-8x")
    assert told is not None
    assert "lama-3.1-8x" in told
    assert "llama-3.1-8b" in told


def test_the_name_is_kept_for_models_that_no_catalogue_has() -> None:
    from_file = profile_from({"task_type": "qa", "base_model": "our/own-model"}, lines={"base_model": 2})
    assert from_file.base_model == "our/own-model"
    assert any("our/own-model" in problem and "2" in problem for problem in from_file.problems)
    from_flag = change(Profile(), ["base_model=our/own-model"])
    assert from_flag.base_model == "our/own-model"
    assert len(from_flag.problems) == 1
