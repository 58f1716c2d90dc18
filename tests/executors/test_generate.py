import json
import shutil
from pathlib import Path
from typing import Any

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


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_where_memory_runs_out_fewer_are_answered_at_a_time(
    error: Exception,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, tokenizer = load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model))
    prompts = [Prompt().messages("blue? " * count) for count in range(1, 10)]
    expected = all_answers(LocalModel(model, tokenizer, 1), prompts, 8)
    sizes: list[int] = []
    whole = model.generate

    def scarce(*words: Any, **named: Any) -> Any:
        sizes.append(len(named["input_ids"]))
        if sizes[-1] > 2:
            raise error
        return whole(*words, **named)

    monkeypatch.setattr(model, "generate", scarce)
    found = LocalModel(model, tokenizer, 8)
    assert all_answers(found, prompts, 8) == expected
    assert sizes == [8, 4, 2, 2, 2, 2, 1]
    assert "with 8 questions answered at a time; going on with 4" in capsys.readouterr().err
    assert all_answers(found, prompts[:4], 8) == expected[:4]
    assert sizes[7:] == [2, 2]  # what ran out once is not tried again


def test_where_memory_runs_out_with_one_prompt_it_is_said_how_long_it_is(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, english: None
) -> None:
    model, tokenizer = load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model))

    def scarce(**named: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(model, "generate", scarce)
    with pytest.raises(UserError, match=r"one prompt of \d+ tokens"):
        all_answers(LocalModel(model, tokenizer, 2), PROMPTS, 8)


def test_other_faults_of_a_model_are_not_taken_for_a_lack_of_memory(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer = load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model))

    def broken(**named: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(model, "generate", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        all_answers(LocalModel(model, tokenizer, 2), PROMPTS, 8)
