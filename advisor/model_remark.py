"""Tell when a base model's name is in no catalogue: a slip of the pen must not pass for a model."""

from ..knowledge.find import model_names, plain
from ..knowledge.messages import say
from .facts import CLOSED

CLOSENESS = 0.6
"""From this share of common characters on a name is offered as what may have been meant."""


def model_remark(name: str) -> str | None:
    """Return what people should know about a base model's name, or None if it is known.

    The name is kept all the same: a plan can train models that no catalogue has.
    """
    names = model_names()
    if plain(name) in names or any(family in name.lower() for family in CLOSED):
        return None
    from difflib import get_close_matches

    close = get_close_matches(plain(name), names, 3, CLOSENESS)
    ids = ", ".join(dict.fromkeys(names[match].id for match in close))
    return say("advice.unknown_model", name=name, hint=say("advice.did_you_mean", name=ids) if ids else "")
