"""Take a description on the command line: the options that give one, and the profile that is read in it."""

import argparse
from typing import TYPE_CHECKING

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .answers import change
from .output import print_note
from .profile import Profile
from .profile_file import overridden

if TYPE_CHECKING:
    from .describe.understand import Understood


def add_description(parser: argparse.ArgumentParser) -> None:
    """Add the options that give a description and say who reads it."""
    parser.add_argument("--describe", metavar="TEXT", help=say("describe.help.describe"))
    parser.add_argument("--describe-endpoint", metavar="URL", help=say("describe.help.endpoint"))
    parser.add_argument("--describe-model", metavar="NAME", help=say("describe.help.model"))


def read_described(arguments: argparse.Namespace) -> "tuple[Understood, Profile]":
    """Return what was understood of ``--describe``, and the profile with what ``--profile`` and ``--set`` say instead.

    Raises:
        UserError: The description is empty, the endpoint cannot be asked, or an answer cannot be read.
    """
    # compiling its patterns takes longer than a recommendation
    from .describe.endpoint import configured
    from .describe.reader import read_description

    if not arguments.describe.strip():
        raise UserError(say("describe.empty"), say("describe.empty_hint"))
    endpoint = configured(arguments.describe_endpoint, arguments.describe_model)
    understood = read_description(arguments.describe, endpoint, print_note)
    return understood, change(overridden(understood.profile(), arguments.profile), arguments.set)
