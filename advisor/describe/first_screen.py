"""The first screen of a session: a description in the user's own words, or Enter to be asked."""

from ...knowledge.messages import say
from ..asking import Asker
from ..profile import Profile
from .endpoint import configured
from .reader import read_description
from .view import understood_lines


def first_screen(asker: Asker) -> Profile:
    """Return what the user's own words say; nothing where they prefer questions.

    Raises:
        UserError: Variables of the environment name an endpoint that is none.
    """
    endpoint = configured(None, None)
    text = asker.write(say("describe.first"), lambda _: None).strip()
    if not text:
        return Profile()
    understood = read_description(text, endpoint, asker.tell)
    asker.tell("\n".join(understood_lines(understood, asker.width, in_session=True)))
    return understood.profile()
