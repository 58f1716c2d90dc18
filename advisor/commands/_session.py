"""Bare ``ftadvisor``: ask, recommend, plan and run in one sitting; goes on where it was left."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..asking import Asker, Choice
from ..cli import INTERRUPTED
from ..describe.first_screen import first_screen
from ..interview import interview
from ..machine_line import machine_line
from ..outcome import decide
from ..profile import Profile
from ..profile_file import PROFILE, read_profile
from ..session import SESSION_FILE, Session, save, saved
from ..terminal import Terminal


def run(arguments: argparse.Namespace) -> int:
    """Hold the session at this terminal and return the exit code.

    Raises:
        UserError: There is no terminal; names the commands to use instead.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(say("session.no_terminal"), say("session.no_terminal_hint"))
    return hold(Terminal(), Path.cwd(), arguments.quiet, first_screen)


def go_on_with(profile: Profile, quiet: bool) -> int:
    """Hold a session at this terminal that begins with some answers, and return the exit code."""
    return hold(Terminal(), Path.cwd(), quiet, given=Session(profile=profile))


def hold(
    asker: Asker,
    folder: Path,
    quiet: bool,
    first: Callable[[Asker], Profile] = lambda _: Profile(),
    given: Session | None = None,
) -> int:
    """Hold a session in a folder; Ctrl-C keeps it.

    Args:
        asker: Who asks.
        folder: Where the session is saved.
        quiet: Show no progress when the plan is run.
        first: Finds the first answers of a new session.
        given: What to begin with; a session that was saved here is offered first.
    """
    try:
        session = _begin(asker, folder, first, given)
        session = interview(session, asker, folder)
        save(session, folder)
        return decide(session, asker, folder, quiet)
    except KeyboardInterrupt:
        asker.tell(say("session.interrupted", file=SESSION_FILE))
        return INTERRUPTED


def _begin(asker: Asker, folder: Path, first: Callable[[Asker], Profile], given: Session | None) -> Session:
    """Go on with the session that was saved here, or from the profile that is here, if the user wants to."""
    session = saved(folder)
    if session is not None and session.asked:
        found, go_on = say("session.found", count=len(session.asked)), say("session.continue")
    elif given is not None:
        return given
    elif (folder / PROFILE).exists():
        session = Session(profile=read_profile(folder / PROFILE))
        count = len(session.profile.answers())
        found, go_on = say("session.profile_found", file=PROFILE, count=count), say("session.from_profile")
    else:
        asker.tell(say("session.welcome"))
        asker.tell(machine_line())
        return Session(profile=first(asker))
    choices = [Choice("continue", go_on), Choice("anew", say("session.anew"))]
    return session if asker.choose(found, choices) == "continue" else given or Session()
