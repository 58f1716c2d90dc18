"""Say what a plan sends to endpoints before anything is sent, and ask whether it may leave the machine."""

import sys
from pathlib import Path

from ..executors.endpoint_use import sendings
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
    found = sendings(plan, folder)
    for sending in found:
        url, model = sending.endpoint.url, sending.endpoint.model
        counts = {"rows": sending.rows, "requests": sending.requests}
        amount = {"tokens": sending.tokens, "answers": sending.answers}
        print_note(say("served.sends", url=url, model=model, **counts, **amount))
    if agreed or all(sending.endpoint.local for sending in found):
        return
    if not (sys.stdin.isatty() and _asked(say("served.leaves"))):
        raise UserError(say("served.no_consent"), say("served.no_consent_hint"))


def _asked(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    try:
        return input().strip().lower() in AGREED
    except EOFError:
        return False
