"""A model from a folder answers by its own chat template, piece by piece."""

import shutil
from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.follow_up import Turn
from ftadvisor.rag.generators import Passage, open_generator
from ftadvisor.rag.generators._prompt import Reply, messages, read_draft, read_question, read_reply
from ftadvisor.rag.thoughts import Speech, spoken

PASSAGE = Passage("bridge", "Harbour Bridge", "The bridge was opened in 1932.")
TAUGHT = "The bridge was opened in 1932 [1]."


@pytest.fixture(scope="module")
def taught(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that has learned one answer to one question by heart."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("taught") / "model"
    shutil.copytree(tiny_model, folder)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    model.config.max_position_embeddings = 2048
    opening = tokenizer.apply_chat_template(messages("When?", [PASSAGE]), tokenize=False, add_generation_prompt=True)
    start = tokenizer(opening, add_special_tokens=False).input_ids
    answer = [*tokenizer(TAUGHT, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    ids = torch.tensor([[*start, *answer]])
    labels = torch.tensor([[*[-100] * len(start), *answer]])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.01:
            break
    model.save_pretrained(folder)
    return folder


def test_a_local_model_answers_as_it_has_learned(taught: Path) -> None:
    pieces: list[str] = []
    draft = open_generator(str(taught)).answer("When?", [PASSAGE], [], pieces.append)
    assert "".join(pieces).strip() == TAUGHT
    assert len(pieces) > 1
    assert [(each.text, each.passages) for each in draft.said] == [("The bridge was opened in 1932.", (0,))]


def test_a_local_model_that_is_cut_off_says_so(taught: Path) -> None:
    assert open_generator(str(taught), 3).answer("When?", [PASSAGE], [], lambda _: None).cut
    assert not open_generator(str(taught)).answer("When?", [PASSAGE], [], lambda _: None).cut


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<THINKING>a</thinking> b\n <think>c</think> d", "b\n  d"),
        ("b\n<think>c", "b"),
        ("<think>a</think> <think>b</think> c", "c"),
        ("Use the <think> tag.", "Use the <think> tag."),
        ("Wrap it in <think> and </think>.", "Wrap it in <think> and </think>."),
        ("`<think>` begins it, `</think>` ends it.", "`<think>` begins it, `</think>` ends it."),
        ("<think>I name `</think>` here.</think>b", "b"),
        ("1 < 2 </b>", "1 < 2 </b>"),
        ("<think>" * 5000 + "</think>b", "b"),
    ],
)
def test_what_a_model_says_is_told_from_what_it_thinks(text: str, said: str) -> None:
    assert spoken(text) == said


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_thoughts_are_withheld_however_the_text_is_cut(size: int) -> None:
    text, pieces = "a <b use <think>\n <think>c <d</think> e</i> <thin", list[str]()
    speech = Speech(pieces.append)
    for start in range(0, len(text), size):
        speech.hear(text[start : start + size])
    speech.end()
    assert "".join(pieces) == "a <b use <think>\n  e</i> <thin"


def test_passages_that_a_local_model_has_no_room_for_are_left_out(taught: Path) -> None:
    long = [PASSAGE, *[Passage("b", "", "word " * 400)] * 9]
    draft = open_generator(str(taught)).answer("When?", long, [], lambda _: None)
    assert all(place < len(long) for each in draft.said for place in each.passages)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened"):
        open_generator(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It rained [1][2]. It snowed [3].", [("It rained.", (0, 1)), ("It snowed.", (2,))]),
        ("It rained.[1] It snowed.[1, 3]", [("It rained.", (0,)), ("It snowed.", (0, 2))]),
        ("下雨了[1]。下雪了【2】。", [("下雨了。", (0,)), ("下雪了。", (1,))]),
        ("下雨了。[1]下雪了。（2）", [("下雨了。", (0,)), ("下雪了。", (1,))]),
        ("- It rained [1]\n- It snowed [2]", [("It rained", (0,)), ("It snowed", (1,))]),
        ("It began in [1999] [7].", [("It began in [1999] [7].", ())]),
        ("", []),
        ("...", []),
    ],
)
def test_sentences_are_read_with_the_passages_that_they_name(
    text: str, said: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert [(each.text, each.passages) for each in read_draft(Reply(text), 3).said] == said


@pytest.mark.parametrize("text", ["NOT IN THE DOCUMENTS.", "文档中没有答案。", "<think>hm</think>not in the documents"])
def test_a_model_that_finds_nothing_says_nothing(text: str) -> None:
    assert read_draft(read_reply(text, False, 9), 3).said == []


@pytest.mark.parametrize(
    ("text", "full"), [("Q: Who built it?\nBecause", "Who built it?"), ("", "And?"), ("x" * 500, "And?")]
)
def test_a_rewritten_question_is_one_line(text: str, full: str) -> None:
    assert read_question(text, "And?") == full


def test_the_model_rewrites_in_the_conversation(taught: Path) -> None:
    assert open_generator(str(taught)).in_full("And?", [Turn("Who built it?", "Anna.")])
