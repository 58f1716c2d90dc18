"""Say what a plan sends to endpoints before anything is sent, and ask whether it may leave the machine."""

import sys
from pathlib import Path

from ..executors.embedder_use import Embedding, embeddings
from ..executors.endpoint_use import Sending, sendings
from ..executors.plan import Plan
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .output import print_note

AGREED = {"y", "yes", "是", "好", "同意"}


def agree_to_send(plan: Plan, folder: Path, agreed: bool) -> None:
    """Tell what goes to endpoints; of one on another machine, ask whether it may.

    Args:
        plan: The plan; all that it names is there.
        folder: Where its relative names start.
        agreed: Whether the user has said so already.

    Raises:
        UserError: Nobody agreed.
    """
    asked, embedded = sendings(plan, folder), embeddings(plan, folder)
    for line in [*map(_asked_line, asked), *map(_embedded_line, embedded)]:
        print_note(line)
    endpoints = [*(one.endpoint for one in asked), *(one.endpoint for one in embedded)]
    if agreed or all(endpoint.local for endpoint in endpoints):
        return
    if not (sys.stdin.isatty() and _agreed(say("served.leaves"))):
        raise UserError(say("served.no_consent"), say("served.no_consent_hint"))


def _asked_line(sending: Sending) -> str:
    kinds = {"rows": sending.rows, "examples": sending.examples, "documents": sending.documents}
    told = [say(f"served.kind.{kind}", count=count) for kind, count in kinds.items() if count]
    told += [say("served.kind.passages")] if sending.passages else []
    amount = {"requests": sending.requests, "tokens": sending.tokens, "answers": sending.answers}
    endpoint = sending.endpoint
    return say("served.sends", url=endpoint.url, model=endpoint.model, what=say("advice.comma").join(told), **amount)


def _embedded_line(embedding: Embedding) -> str:
    told = [say("served.kind.all_documents")] if embedding.documents else []
    told += [say("served.kind.questions", count=embedding.questions)] if embedding.questions else []
    endpoint = embedding.endpoint
    return say("served.embeds", url=endpoint.url, model=endpoint.model, what=say("advice.comma").join(told))


def _agreed(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    try:
        return input().strip().lower() in AGREED
    except EOFError:
        return False
