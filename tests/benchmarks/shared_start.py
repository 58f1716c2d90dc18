"""Compare answering many-shot prompts on a CPU with their examples read once, and read anew for each question.

Usage: python tests/benchmarks/shared_start.py [EXAMPLE_TOKENS QUESTIONS NEW_TOKENS]; 3,000, 20 and 16 without words.
A random Llama with grouped-query attention, no download; needs the extra [train]. Processor time is told, which others
on the machine do not change. Decision 18 has the figures.
"""

import sys
from time import process_time
from typing import Any

from ftadvisor.executors import shared_start
from ftadvisor.executors.generate import LocalModel
from ftadvisor.executors.models import load_tokenizer
from ftadvisor.executors.prompt import Example, Message, Prompt
from ftadvisor.executors.tokens import prompt_tokens

SIZES: dict[str, Any] = {
    "hidden_size": 256,
    "intermediate_size": 768,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32_768,
}
NEVER = 2**40


def main(example_tokens: int = 3000, questions: int = 20, new_tokens: int = 16) -> None:
    """Print how long both ways take, and whether they give the same answers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(17)
    torch.set_num_threads(1)
    tokenizer: Any = load_tokenizer("builtin:tiny")
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), initializer_range=0.1, **SIZES, **ends))
    asked = _prompts(tokenizer, example_tokens, questions)
    lengths = [len(prompt_tokens(tokenizer, each)) for each in asked]
    print(f"{questions} questions of {min(lengths):,} to {max(lengths):,} tokens, answers of {new_tokens}")
    seconds, answers = [], []
    for least in (shared_start.LEAST, NEVER):
        shared_start.LEAST = least
        started = process_time()
        found = [part for some in LocalModel(model, tokenizer).answers(asked, new_tokens) for part in some.items()]
        seconds.append(process_time() - started)
        answers.append(dict(found))
    same = sum(answers[0][place] == answers[1][place] for place in range(questions))
    print(f"read once: {seconds[0]:.1f} s of processor time; anew for each question: {seconds[1]:.1f} s")
    print(f"{seconds[1] / seconds[0]:.1f} times faster; {same} of {questions} answers are the same")


def _prompts(tokenizer: Any, example_tokens: int, questions: int) -> list[list[Message]]:
    examples: list[Example] = []
    while len(prompt_tokens(tokenizer, Prompt(examples=tuple(examples)).messages("?", few_shot=True))) < example_tokens:
        number = len(examples)
        examples.append(
            Example(question=f"My order number {number} has not come yet.", answer=f"delay, order {number}")
        )
    prompt = Prompt(instruction="Name the kind of request and the order.", examples=tuple(examples))
    return [
        prompt.messages(f"Where is order {number}{', please' * (number % 4)}?", few_shot=True)
        for number in range(questions)
    ]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
