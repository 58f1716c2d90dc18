"""What many prompts begin with is read once, and the answers are those of reading it anew for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import shared_start
from ftadvisor.executors.constraint import Labels
from ftadvisor.executors.generate import LocalModel
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Example, Message, Prompt
from ftadvisor.executors.shared_start import groups_of, keeps_every_token

from .all_answers import all_answers

torch = pytest.importorskip("torch", reason="needs the train extra")

QUESTIONS = ["blue?", "Which passage says so? A-12", "seven days", "seven days", "refund within seven days, accept?"]
MANY = Prompt(
    examples=tuple(Example(question=f"What is blue? {place}", answer=f"clause A-{place}") for place in range(9))
)
SHOWN = [MANY.messages(question, few_shot=True) for question in QUESTIONS]
BARE = [Prompt().messages(question) for question in QUESTIONS]


def read_by(model: Any, work: Callable[[], list[str]]) -> tuple[list[str], int]:
    """Return the answers of some work, and how many tokens a model read for them."""
    read: list[int] = []

    def note(module: Any, words: tuple[Any, ...], given: Any) -> None:
        read.append(words[0].numel())

    hook = model.get_input_embeddings().register_forward_hook(note)
    found = work()
    hook.remove()
    return found, sum(read)


def both_ways(
    model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[tuple[list[str], int], tuple[list[str], int]]:
    """Return answers and tokens read, with and without reading what is shared once."""
    conversations: list[list[Message]] = [SHOWN[0], *BARE, *SHOWN[1:]]
    once = read_by(model, lambda: all_answers(LocalModel(model, tokenizer, 3), conversations, 24, **more))
    monkeypatch.setattr(shared_start, "LEAST", 10**9)
    anew = read_by(model, lambda: all_answers(LocalModel(model, tokenizer, 3), conversations, 24, **more))
    return once, anew


def lively(model: Any) -> Any:
    """Return a random model whose answers depend on what it reads."""
    with torch.no_grad():
        torch.manual_seed(1)
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(std=0.3)
    return model


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "adapter", "constrained"])
def test_answers_are_those_of_reading_everything(
    kind: str, tiny_model: Path, tiny_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tiny_of(kind) if kind.startswith("qwen") else tiny_model)
    model, tokenizer = lively(load_model(ModelSource(source=folder, dtype="float32"))), load_tokenizer(folder)
    model.config.max_position_embeddings = 512
    if kind == "adapter":
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(model, LoraConfig(r=4, init_lora_weights=False, target_modules=["q_proj", "v_proj"]))
    form = {"constraint": Labels(("accept", "refuse", "退款"))} if kind == "constrained" else {}
    if form:
        pytest.importorskip("llguidance", reason="needs llguidance, of the train extra")
    (once, few), (anew, many) = both_ways(model, tokenizer, monkeypatch, **form)
    assert once == anew
    assert len({*once}) > 2 or form
    assert few < many / 2


def _config(kind: str, **own: Any) -> Any:
    from transformers import AutoConfig

    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    return AutoConfig.for_model(kind, **sizes, num_key_value_heads=2, max_position_embeddings=512, **own)


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("mistral", {"sliding_window": 64}),
        ("mamba", {}),
        ("mpt", {}),
        ("gemma2", {"sliding_window": 64, "head_dim": 4}),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}}),
    ],
)
def test_models_that_forget_or_turn_otherwise_read_everything(
    kind: str, own: dict[str, Any], tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    tokenizer = load_tokenizer(str(tiny_model))
    model = AutoModelForCausalLM.from_config(_config(kind, vocab_size=len(tokenizer), **own))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    assert not keeps_every_token(model)
    (once, as_many), (anew, many) = both_ways(lively(model), tokenizer, monkeypatch)
    assert (once, as_many) == (anew, many)


def test_prompts_that_begin_alike_are_one_group(tiny_model: Path) -> None:
    from ftadvisor.executors.tokens import prompt_tokens

    tokenizer = load_tokenizer(str(tiny_model))
    other = MANY.model_copy(update={"instruction": "只答条款编号。" * 30})
    chinese = [other.messages(question, few_shot=True) for question in "好坏"]
    conversations = [BARE[0], *SHOWN, *chinese, BARE[1]]
    tokens = [prompt_tokens(tokenizer, conversation) for conversation in conversations]
    first, second, rest = groups_of(conversations, tokens)
    assert (first.places, second.places, rest.places) == ([1, 2, 3, 4, 5], [6, 7], [0, 8])
    assert rest.shared == 0
    for group in (first, second):
        [start] = {tuple(tokens[place][: group.shared]) for place in group.places}
        assert len(start) < min(len(tokens[place]) for place in group.places)
    assert len({tokens[place][first.shared] for place in first.places}) > 1
    same = groups_of([SHOWN[2], SHOWN[3]], [tokens[3], tokens[4]])  # one question asked twice
    assert [group.shared for group in same] == [len(tokens[3]) - 1]


def test_one_long_prompt_is_no_group_of_its_own(tiny_model: Path) -> None:
    from ftadvisor.executors.tokens import prompt_tokens

    tokens = [prompt_tokens(load_tokenizer(str(tiny_model)), SHOWN[0])]
    assert [group.shared for group in groups_of(SHOWN[:1], tokens)] == [0]
