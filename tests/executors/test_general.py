import json
from pathlib import Path

import pytest
from ftadvisor.executors.general import GENERAL, forgetting, general_loss, read_general, replayed
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.train import train
from ftadvisor.knowledge.builtin import builtin_path
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent
from ftadvisor.knowledge.text import is_chinese

from .test_train import ROWS, ignore, training

pytestmark = pytest.mark.usefixtures("english")


def test_the_bundled_texts_are_in_both_languages() -> None:
    texts = read_general(builtin_path(GENERAL))
    assert sum(map(is_chinese, texts)) == len(texts) / 2 == 12


def test_a_file_without_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "general.jsonl"
    path.write_text('{"question": "a"}\n', encoding="utf-8")
    with pytest.raises(UserError, match="text"):
        read_general(path)


def test_the_loss_is_the_models_own(tiny_model: Path) -> None:
    """It equals what transformers computes for the same text."""
    import torch

    model, tokenizer = load_model(ModelSource(source=str(tiny_model))), load_tokenizer(str(tiny_model))
    text = "Water boils at a lower temperature."
    tokens = torch.tensor([tokenizer(text)["input_ids"]])
    with torch.no_grad():
        expected = model.eval()(input_ids=tokens, labels=tokens).loss.item()
    assert general_loss(model, tokenizer, [text]) == pytest.approx(expected, rel=1e-5)


def test_training_tells_what_it_made_the_model_forget(tiny_model: Path, tmp_path: Path) -> None:
    texts = ("Which colour has thing 3? It is blue.", "Rivers carry sand.")
    gentle = train(training(tiny_model, tmp_path / "a", general=texts, learning_rate=1e-9), ROWS, [], silent, ignore)
    harsh = train(training(tiny_model, tmp_path / "b", general=texts, learning_rate=0.5), ROWS, [], silent, ignore)
    assert gentle["general_loss"]["after"] == pytest.approx(gentle["general_loss"]["before"], abs=1e-4)
    assert harsh["general_loss"]["before"] == gentle["general_loss"]["before"]
    assert "forgetting" in [one["kind"] for one in harsh["advice"]]
    assert "forgetting" not in [one["kind"] for one in gentle["advice"]]
    assert forgetting(1.0, 0.5) == []


def test_rows_to_practise_along_are_drawn_once_each() -> None:
    rows, general = list(range(90)), list(range(100, 150))
    mixed = replayed(rows, general, 0.1, seed=1)
    assert mixed[:90] == rows
    assert len(mixed) == len({*mixed}) == 100
    assert mixed == replayed(rows, general, 0.1, seed=1) != replayed(rows, general, 0.1, seed=2)
    assert len(replayed(rows, general[:3], 0.5, seed=1)) == 93


def test_the_bundled_file_is_what_a_plan_names() -> None:
    lines = builtin_path(GENERAL).read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["language"] for line in lines} == {"zh", "en"}
