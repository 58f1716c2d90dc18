"""See to it that no prompt is too long before the first one is answered, which may have been paid for in hours."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from ..rag.endpoint import is_endpoint
from .adapters import adapted_tokenizer
from .arms import WITH_PASSAGES, Arm
from .generate import check_length
from .models import context_length, load_tokenizer
from .plan import ModelSource
from .report.names import arm_name
from .tokens import prompt_tokens

PASSAGES = ("top_k", "chunk_tokens")
SHOWN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(WITH_PASSAGES, PASSAGES),
    "rag": (*PASSAGES, "prompt.examples"),
    "prompting": ("prompt.examples",),
    "few_shot": ("shots",),
    "many_shot": ("many_shots",),
    "constrained": ("shots",),
    "long_context": ("documents",),
}
"""What makes the prompts of an arm long, beside the questions."""


def check_prompts(arms: Sequence[Arm], base: ModelSource, max_new_tokens: int, progress: Progress = silent) -> None:
    """Verify that the prompts of all arms fit; what an endpoint can read is not known here.

    Args:
        arms: Prompts and adapters.
        base: The model that all arms are built on.
        max_new_tokens: Longest answer, in tokens.
        progress: Is told before anything is fetched.

    Raises:
        UserError: Prompts are too long; names the arms and what can be reduced.
    """
    problems: list[str] = []
    reduced: list[str] = []
    for arm in arms:
        folder = None if arm.adapter is None else Path(arm.adapter)
        if is_endpoint(base.source if arm.adapter is None else str(arm.adapter)):
            continue
        tokenizer = (
            adapted_tokenizer(base, folder, progress)
            if folder
            else load_tokenizer(base.source, base.revision, progress)
        )
        lengths = [len(prompt_tokens(tokenizer, prompt)) for prompt in arm.prompts]
        try:
            check_length(_limit(base, folder), lengths, max_new_tokens)
        except UserError as error:
            problems.append(say("evaluation.too_long_arm", arm=arm_name(arm.name), problem=error.message))
            reduced += SHOWN.get(arm.name, ())
    if problems:
        options = say("advice.comma").join(dict.fromkeys([*reduced, "max_new_tokens"]))
        raise UserError("\n".join(problems), say("evaluation.too_long_hint", options=options))


def _limit(base: ModelSource, folder: Path | None) -> int:
    """Return how many tokens a model reads, less the vectors that its adapter puts before them."""
    if folder is None:
        return context_length(base)
    if (folder / "config.json").is_file():
        return context_length(ModelSource(source=str(folder)))
    settings = folder / "adapter_config.json"
    adapter = json.loads(settings.read_bytes()) if settings.is_file() else {}
    return context_length(base) - (adapter.get("num_virtual_tokens") or 0)
