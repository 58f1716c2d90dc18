"""What an encoder-decoder forgets: its loss on tokens that are taken out of general texts, as in its pretraining."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.gap_filling import MARKING, Gapped, gapped, marks_of
from ftadvisor.executors.general import GENERAL, general_loss, read_general
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import Loader
from ftadvisor.executors.tasks.seq2seq import PairRow, Writing
from ftadvisor.executors.train import Training, train
from ftadvisor.knowledge.builtin import builtin_path
from ftadvisor.knowledge.progress import silent

from .test_train import ignore, training

torch = pytest.importorskip("torch", reason="needs the train extra")
transformers = pytest.importorskip("transformers", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

AUTO = "AutoModelForSeq2SeqLM"
TEXTS = tuple(read_general(builtin_path(GENERAL))[:4])
PAIRS = [PairRow(line, f"thing {line} is", "blue blue blue") for line in range(1, 9)]


@pytest.fixture(scope="module")
def marking(tiny_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the folder of a tiny model with the tokens that mark gaps."""

    def made(kind: str) -> Path:
        folder = tmp_path_factory.mktemp("marking") / kind
        tokenizer = load_tokenizer(str(tiny_of(kind)))
        model = load_model(ModelSource(source=str(tiny_of(kind))), loader=Loader(AUTO))
        if kind == "t5":
            tokenizer.add_tokens([f"<extra_id_{number}>" for number in range(100)], special_tokens=True)
            model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return made


def opened(folder: Path) -> tuple[Any, Any]:
    return load_model(ModelSource(source=str(folder)), loader=Loader(AUTO)).eval(), load_tokenizer(str(folder))


def learning(folder: Path, result: Path, method: str = "full", **options: Any) -> Training:
    wanted = training(folder, result, general=TEXTS, **options)
    own = method_module(method).Options()
    return replace(wanted, task="seq2seq", task_options=Writing(), method=method, method_options=own)


def parts(gaps: Gapped) -> list[int]:
    return [token for token, counts in zip(gaps.target, gaps.counted, strict=True) if counts]


@pytest.mark.parametrize("text", TEXTS)
def test_t5_reads_marks_and_writes_what_stood_there(marking: Callable[[str], Path], text: str) -> None:
    tokenizer = load_tokenizer(str(marking("t5")))
    gaps = gapped("t5", tokenizer, text, 512)
    assert gaps is not None
    marks, found, mark = marks_of("t5", tokenizer), dict[int, list[int]](), -1
    for token in gaps.target[:-1]:
        mark = token if token in marks else mark
        found.setdefault(mark, []).extend([token] if token != mark else [])
    used = [token for token in gaps.source if token in marks]
    assert [*found] == marks[: len(used) + 1]  # in their order, and one more at the end
    assert found.pop(marks[len(used)]) == []
    filled = [part for token in gaps.source for part in found.get(token, [token])]
    assert filled == tokenizer(text)["input_ids"]
    assert gaps.target[-1] == tokenizer.eos_token_id
    assert parts(gaps) == [token for part in found.values() for token in part]
    assert len(parts(gaps)) == round(MARKING["t5"] * (len(filled) - 1))


@pytest.mark.parametrize("text", TEXTS)
def test_bart_reads_masks_and_writes_the_whole_text(marking: Callable[[str], Path], text: str) -> None:
    tokenizer = load_tokenizer(str(marking("bart")))
    gaps = gapped("bart", tokenizer, text, 512)
    assert gaps is not None
    whole = tokenizer(text)["input_ids"]
    assert gaps.target == whole
    rest = [token for token, counts in zip(whole, gaps.counted, strict=True) if not counts]
    assert [token for token in gaps.source if token != tokenizer.mask_token_id] == rest
    starts = sum(counts and not before for counts, before in zip(gaps.counted[1:], gaps.counted, strict=False))
    assert gaps.source.count(tokenizer.mask_token_id) == starts  # one for each gap, however long
    assert not gaps.counted[0]
    assert not gaps.counted[-1]
    assert sum(gaps.counted) == round(0.3 * (len(whole) - 2))
    assert gapped("bart", tokenizer, text, 512) == gaps


@pytest.mark.parametrize(("kind", "share"), [("t5", 0.15), ("bart", 0.3)])
def test_a_text_of_the_most_tokens_has_gaps_up_to_its_end(
    kind: str, share: float, marking: Callable[[str], Path]
) -> None:
    tokenizer = load_tokenizer(str(marking(kind)))
    gaps = gapped(kind, tokenizer, " ".join(TEXTS * 5), 512)
    assert gaps is not None
    assert sum(gaps.counted) > 0.9 * share * 512


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_the_loss_is_the_models_own(kind: str, marking: Callable[[str], Path]) -> None:
    """It equals what transformers computes where only the tokens in gaps are labels."""
    model, tokenizer = opened(marking(kind))
    gaps = gapped(kind, tokenizer, TEXTS[0], 256)
    assert gaps is not None
    target = torch.tensor([gaps.target])
    labels = target.masked_fill(~torch.tensor([gaps.counted]), -100)
    shifted = model.prepare_decoder_input_ids_from_labels(target)
    with torch.no_grad():
        expected = model(input_ids=torch.tensor([gaps.source]), decoder_input_ids=shifted, labels=labels).loss.item()
    assert general_loss(model, tokenizer, TEXTS[:1]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_training_tells_what_it_made_the_model_forget(
    kind: str, marking: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = marking(kind)
    gentle = train(learning(folder, tmp_path / "a", learning_rate=1e-9), PAIRS, [], silent, ignore)
    harsh = train(learning(folder, tmp_path / "b", learning_rate=0.5), PAIRS, [], silent, ignore)
    assert gentle["general_loss"]["after"] == pytest.approx(gentle["general_loss"]["before"], abs=1e-4)
    assert harsh["general_loss"]["before"] == gentle["general_loss"]["before"] > 0
    assert "forgetting" in [one["kind"] for one in harsh["advice"]]
    assert not {"forgetting", "unseen"} & {one["kind"] for one in gentle["advice"]}


@pytest.mark.parametrize("method", ["lora", "prompt_tuning", "prefix_tuning"])
@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_what_is_put_before_the_text_is_no_part_of_the_loss(
    kind: str, method: str, marking: Callable[[str], Path], tmp_path: Path
) -> None:
    """The loss with an adapter is one over the same tokens: near the model's own where almost nothing was learnt."""
    found = train(learning(marking(kind), tmp_path, method, learning_rate=1e-9), PAIRS[:4], [], silent, ignore)
    before, after = found["general_loss"]["before"], found["general_loss"]["after"]
    assert after == pytest.approx(before, abs=1e-4 if method == "lora" else 1)


def test_a_model_that_has_no_gaps_to_fill_is_told_and_why(
    marking: Callable[[str], Path], tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    config = transformers.MarianConfig(
        vocab_size=400, d_model=16, encoder_layers=1, decoder_layers=1, pad_token_id=2, decoder_start_token_id=2
    )
    marian = tmp_path / "marian"
    transformers.MarianMTModel(config).save_pretrained(marian)
    load_tokenizer(str(tiny_of("bart"))).save_pretrained(marian)
    for folder, reason in ((marian, "marian models were not pretrained"), (tiny_of("t5"), "lacks the tokens")):
        found = train(learning(folder, tmp_path / f"{folder.name}-result"), PAIRS, [], silent, ignore)
        assert "general_loss" not in found
        (told,) = [one for one in found["advice"] if one["kind"] == "unseen"]
        assert reason in told["text"]


def test_texts_of_unknown_tokens_tell_nothing(marking: Callable[[str], Path]) -> None:
    model, tokenizer = opened(marking("bart"))
    tokenizer.unk_token = "e"  # as if it read no such letter
    assert general_loss(model, tokenizer, ["eee eee", "?"]) is None
