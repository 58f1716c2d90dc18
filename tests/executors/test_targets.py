"""Layers that a plan names for a method: what cannot be changed is refused before anything is loaded."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import LANGUAGE
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.refusals import refuse_impossible
from ftadvisor.knowledge.errors import UserError
from pydantic import ValidationError

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.parametrize("method", ["adalora", "adapter", "ia3", "lora"])
def test_a_table_of_embeddings_is_no_target_but_for_lora(method: str, tiny_of: Callable[[str], Path]) -> None:
    module, base = method_module(method), ModelSource(source=str(tiny_of("llama")))
    options = module.Options(targets=("embed_tokens", "q_proj"))
    if method == "lora":
        refuse_impossible(base, LANGUAGE, method, module, options)
        return
    with pytest.raises(UserError, match="embed_tokens") as error:
        refuse_impossible(base, LANGUAGE, method, module, options)
    assert "k_proj" in error.value.hint


def test_inputs_that_ia3_scales_are_those_of_its_targets() -> None:
    options = method_module("ia3").Options
    assert options(targets=("k_proj", "down_proj"), feedforward=("down_proj",)).feedforward == ("down_proj",)
    for targets in ((), ("k_proj",)):
        with pytest.raises(ValidationError, match="feedforward names down_proj"):
            options(targets=targets, feedforward=("down_proj",))


def test_what_the_library_refuses_is_said_before_loading(tmp_path: Path) -> None:
    """Of Mamba's layers some are read past the module that a LoRA would put beside them."""
    from transformers import MambaConfig

    MambaConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, state_size=4).save_pretrained(tmp_path)
    base, module = ModelSource(source=str(tmp_path)), method_module("lora")
    with pytest.raises(UserError, match=r"lora .* mamba: .*out_proj") as error:
        refuse_impossible(base, LANGUAGE, "lora", module, module.Options())
    assert "targets" in error.value.hint
    refuse_impossible(base, LANGUAGE, "lora", module, module.Options(targets=("in_proj",)))
