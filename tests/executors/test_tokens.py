from pathlib import Path

import pytest
from ftadvisor.executors.models import PLAIN_TEMPLATE, load_tokenizer
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.tokens import prompt_tokens, training_row

PROMPT = Prompt(instruction="Answer.")
CONVERSATION = PROMPT.messages("几天?", ["退货期限为七天。"], "七天。")
ODD_TEMPLATES = {
    "own end token": (
        "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}"
        "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
    ),
    "thinks before answers": (
        "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}</s>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|><think></think>{% endif %}"
    ),
    "thinks unless told not to": (
        "{% for m in messages %}<|{{ m['role'] }}|>{% if m['role'] == 'assistant' %}<think></think>{% endif %}"
        "{{ m['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<|assistant|>"
        "{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}{% endif %}"
    ),
    "never ends": (
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant] {% endif %}"
    ),
    "for base models": PLAIN_TEMPLATE,
}


@pytest.mark.parametrize("template", [None, *ODD_TEMPLATES])
def test_training_continues_the_prompt_that_is_answered_and_ends(tiny_model: Path, template: str | None) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    if template:
        tokenizer.chat_template = ODD_TEMPLATES[template]
    row = training_row(tokenizer, CONVERSATION)
    assert [*row.tokens[: row.answer_start]] == prompt_tokens(tokenizer, CONVERSATION[:-1])
    answer = [*row.tokens[row.answer_start :]]
    assert tokenizer.decode(answer, skip_special_tokens=True).strip() == "七天。"
    assert answer[-1] == tokenizer.eos_token_id
    assert answer.count(tokenizer.eos_token_id) == 1


def test_special_tokens_stand_once(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    tokenizer.chat_template = "{{ bos_token }}" + ODD_TEMPLATES["never ends"]
    tokens = training_row(tokenizer, CONVERSATION).tokens
    assert tokens.count(tokenizer.bos_token_id) == 1
