"""Let a model answer prompts, greedily and in batches of similar length."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .prompt import Message
from .tokens import prompt_tokens

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


def generate(
    model: Any,  # noqa: ANN401 - a model with or without an adapter
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Sequence[Message]],
    max_new_tokens: int,
    batch_size: int = 16,
    progress: Progress = silent,
    label: str | None = None,
) -> list[str]:
    """Return the model's answer to each conversation, in their order.

    Args:
        model: A decoder language model.
        tokenizer: The model's own.
        prompts: Conversations up to the question.
        max_new_tokens: Longest answer, in tokens.
        batch_size: Conversations answered at a time; answers do not depend on it, up to rounding.
        progress: Receives how many are answered.
        label: What to call the work in progress.
    """
    import torch

    tokens = [prompt_tokens(tokenizer, prompt) for prompt in prompts]
    order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]), reverse=True)
    answers = [""] * len(tokens)
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            places = order[start : start + batch_size]
            texts = _answer(model, tokenizer, [tokens[place] for place in places], max_new_tokens)
            for place, text in zip(places, texts, strict=True):
                answers[place] = text
            progress(label or say("evaluation.answering"), start + len(places), len(order))
    return answers


def _answer(model: Any, tokenizer: Any, prompts: list[list[int]], max_new_tokens: int) -> list[str]:  # noqa: ANN401
    ids, mask = _padded(prompts, tokenizer.pad_token_id)
    output = model.generate(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        use_cache=True,
        temperature=None,  # a model's own sampling settings would only cause warnings
        top_p=None,
        top_k=None,
        pad_token_id=tokenizer.pad_token_id,
    )
    texts: list[str] = tokenizer.batch_decode(output[:, ids.shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]


def _padded(prompts: list[list[int]], padding: int) -> "tuple[Tensor, Tensor]":
    """Return tokens and mask, padded on the left so that all answers begin at the same position."""
    import torch

    longest = max(map(len, prompts))
    ids = [[padding] * (longest - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)
