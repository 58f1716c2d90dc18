import json
from pathlib import Path

import pytest
from ftadvisor.executors.arms import Arm
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.prompt_lengths import check_prompts
from ftadvisor.knowledge.errors import UserError

pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")


def arm(name: str, question: str, adapter: Path | str | None = None) -> Arm:
    return Arm(name, [Prompt().messages(question)], adapter)  # type: ignore[arg-type]


def test_all_arms_that_are_too_long_are_told_at_once_with_what_makes_them_long(tiny_model: Path) -> None:
    base, long = ModelSource(source=str(tiny_model)), "which passage? " * 400
    check_prompts([arm("base", "short")], base, 8)
    with pytest.raises(UserError) as error:
        check_prompts([arm("base", "short"), arm("rag", long), arm("many_shot", long)], base, 8)
    assert [line.partition(":")[0] for line in error.value.message.splitlines()] == ["RAG only", "Many-shot"]
    assert "Reduce top_k, chunk_tokens, prompt.examples, many_shots, max_new_tokens" in error.value.hint


def test_vectors_before_the_prompt_take_room(tiny_model: Path, tmp_path: Path) -> None:
    base, asked = ModelSource(source=str(tiny_model)), [arm("finetuned", "seven days?", tmp_path)]
    (tmp_path / "ftadvisor.json").write_text("{}")
    check_prompts(asked, base, 8)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"num_virtual_tokens": 500}))
    with pytest.raises(UserError, match="more than the 12 "):
        check_prompts(asked, base, 8)


def test_what_an_endpoint_can_read_is_left_to_it(tiny_model: Path) -> None:
    served = ModelSource(source="http://127.0.0.1:9/v1#model")
    check_prompts([arm("base", "long " * 5000)], served, 8)
    check_prompts([arm("finetuned", "long " * 5000, served.source)], ModelSource(source=str(tiny_model)), 8)
