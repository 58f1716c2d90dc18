"""Options of every verb that lets a generator write."""

import argparse

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.endpoint import KEY
from ...rag.generators import Generator, endpoint, local, open_generator


def add_generator_arguments(parser: argparse.ArgumentParser) -> None:
    """Add who writes the answer, and how much of it."""
    generator = say("answers.generator_help", variable=KEY)
    parser.add_argument("--generator", default="extractive", metavar="extractive|PATH|ENDPOINT", help=generator)
    add_max_tokens(parser)


def add_max_tokens(parser: argparse.ArgumentParser) -> None:
    """Add how long what a model writes may be."""
    most = say("answers.max_tokens_help", endpoint=endpoint.MOST_TOKENS, local=local.MOST_TOKENS)
    parser.add_argument("--max-tokens", type=int, metavar="N", help=most)


def chosen_generator(arguments: argparse.Namespace) -> Generator:
    """Return the generator as given.

    Raises:
        UserError: The limit is wrong, or the generator cannot be opened.
    """
    if arguments.max_tokens is not None and arguments.max_tokens < 1:
        hint = f"ftadvisor rag {arguments.verb} --help"
        raise UserError(say("answers.wrong_max_tokens", value=arguments.max_tokens), hint)
    return open_generator(arguments.generator, arguments.max_tokens)
