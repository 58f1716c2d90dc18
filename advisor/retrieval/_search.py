"""Options of every verb that searches."""

import argparse

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.filters import parse_where
from ...rag.rerankers import open_reranker
from ...rag.search import POOL, SearchOptions

TOP_K = 5


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many hits are wanted, from which documents, and how they are ordered."""
    parser.add_argument("--top-k", default=TOP_K, type=int, metavar="K", help=say("rag.top_k_help", default=TOP_K))
    parser.add_argument("--where", action="append", default=[], metavar="KEY=VALUE", help=say("rag.where_help"))
    parser.add_argument("--rerank", metavar="FOLDER", help=say("rag.rerank_help", pool=POOL))
    parser.add_argument("--diverse", action="store_true", help=say("rag.diverse_help"))


def search_options(arguments: argparse.Namespace) -> SearchOptions:
    """Return the options as given.

    Raises:
        UserError: A value is wrong, or the reranker cannot be opened.
    """
    if arguments.top_k < 1:
        hint = f"ftadvisor rag {arguments.verb} --help"
        raise UserError(say("rag.wrong_top_k", value=arguments.top_k), hint)
    where = parse_where(arguments.where)
    reranker = None if arguments.rerank is None else open_reranker(arguments.rerank)
    return SearchOptions(arguments.top_k, where, reranker, arguments.diverse)
