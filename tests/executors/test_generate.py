import json
import shutil
from pathlib import Path

import pytest
from ftadvisor.executors.generate import LocalModel
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.knowledge.errors import UserError

from .all_answers import all_answers

PROMPTS = [
    Prompt().messages(question) for question in ("seven days?", "退货期限为七天。退货期限为七天。", "What is blue?")
]


def answers(folder: Path, max_new_tokens: int = 24, batch_size: int = 2) -> list[str]:
    model, tokenizer = load_model(ModelSource(source=str(folder))), load_tokenizer(str(folder))
    return all_answers(LocalModel(model, tokenizer, batch_size), PROMPTS, max_new_tokens)


def test_answers_do_not_depend_on_the_batch(tiny_model: Path) -> None:
    assert answers(tiny_model, batch_size=1) == answers(tiny_model, batch_size=3)


def test_a_models_own_sampling_settings_do_not_count(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    path = folder / "generation_config.json"
    own = {"do_sample": True, "temperature": 2.0, "top_k": 5, "repetition_penalty": 3.0}
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    assert answers(folder) == answers(tiny_model)


def test_prompts_that_the_model_cannot_read_are_refused(tiny_model: Path, english: None) -> None:
    with pytest.raises(UserError, match=r"3 question\(s\).*512"):
        answers(tiny_model, max_new_tokens=512)


def test_answers_that_reach_the_limit_are_known_from_those_that_end(tiny_model: Path) -> None:
    model, tokenizer = load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model))
    (found,) = LocalModel(model, tokenizer, 3).answers(PROMPTS, 24)
    assert all(answer.cut for answer in found.values())
    model.generation_config.eos_token_id = [*range(len(tokenizer) // 2)]  # so that all end before long
    (ended,) = LocalModel(model, tokenizer, 3).answers(PROMPTS, 24)
    assert not any(answer.cut for answer in ended.values())
    assert all(len(ended[place].text) < len(found[place].text) for place in found)
