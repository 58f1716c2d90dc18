"""``ftadvisor rag``: build an index of documents, ask it, and measure it."""

import argparse
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

from pydantic import ValidationError

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.problems import problems_of
from ...rag.address import place_of
from ...rag.build import build_index, update_index
from ...rag.chunkers import chunker_names
from ...rag.fit import check_enough, fit_weight
from ...rag.inspect import inspect_index
from ...rag.limits import Limits
from ...rag.questions import read_questions
from ...rag.records import IndexOptions
from ...rag.retrievers import retriever_names
from ...rag.tuned import read_tuned
from .. import retrieval
from ..cli import DONE
from ..output import print_json, progress_shown
from ..retrieved import fitted_lines, inspection_lines, summary_lines

DEFAULTS = IndexOptions()
LIMITS = Limits()
LIMIT_OPTIONS = {"unpacked_megabytes": "--max-unpacked-mb", "files": "--max-files", "depth": "--max-depth"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    others = sorted(module.name for module in iter_modules(retrieval.__path__) if module.name[0] != "_")
    names = "|".join(["build", "update", "inspect", *others])
    verbs = parser.add_subparsers(dest="verb", required=True, metavar=names)
    _add_build(verbs.add_parser("build", help=say("rag.build_help"), description=say("rag.build_help")))
    _add_update(verbs.add_parser("update", help=say("rag.update_help"), description=say("rag.update_help")))
    _add_inspect(verbs.add_parser("inspect", help=say("rag.inspect_help"), description=say("rag.inspect_help")))
    for name in others:
        module = import_module(f"{retrieval.__name__}.{name}")
        verb = verbs.add_parser(name, help=say(module.HELP), description=say(module.HELP))
        module.add_arguments(verb)
        verb.set_defaults(work=module.run)


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help=say("rag.sources_help"))
    parser.add_argument("-o", "--output", required=True, type=place_of, metavar="INDEX", help=say("rag.output_help"))
    parser.add_argument(
        "--embedder", default=DEFAULTS.embedder, metavar="PATH|ID|builtin", help=say("rag.embedder_help")
    )
    parser.add_argument("--chunker", default=DEFAULTS.chunker, choices=chunker_names(), help=say("rag.chunker_help"))
    tokens = say("rag.chunk_tokens_help", default=DEFAULTS.chunk_tokens)
    parser.add_argument("--chunk-tokens", default=DEFAULTS.chunk_tokens, type=int, metavar="N", help=tokens)
    overlap = say("rag.overlap_help", default=DEFAULTS.overlap)
    parser.add_argument("--overlap", default=DEFAULTS.overlap, type=int, metavar="N", help=overlap)
    headers = get_args(IndexOptions.model_fields["headers"].annotation)
    parser.add_argument("--headers", default=DEFAULTS.headers, choices=headers, help=say("rag.headers_help"))
    parser.add_argument("--options", type=Path, metavar="FILE.json", help=say("rag.options_help"))
    _add_limits(parser)
    retrievers = ["auto", *retriever_names()]
    parser.add_argument("--retriever", default=DEFAULTS.retriever, choices=retrievers, help=say("rag.retriever_help"))
    weight = say("rag.dense_weight_help")
    parser.add_argument("--dense-weight", default=DEFAULTS.dense_weight, type=float, metavar="W", help=weight)
    parser.add_argument("--questions", type=Path, metavar="FILE.jsonl", help=say("tune.fit_help"))
    structures = get_args(IndexOptions.model_fields["structure"].annotation)
    parser.add_argument("--structure", default=DEFAULTS.structure, choices=structures, help=say("rag.structure_help"))
    recall = say("rag.recall_help", default=DEFAULTS.recall)
    parser.add_argument("--recall", default=DEFAULTS.recall, type=float, metavar="SHARE", help=recall)
    _add_json(parser)
    parser.set_defaults(work=_build)


def _add_update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="*", type=Path, metavar="SOURCE", help=say("rag.update_sources_help"))
    parser.add_argument("-o", "--output", required=True, type=place_of, metavar="INDEX", help=say("rag.index_help"))
    _add_limits(parser)
    _add_json(parser)
    parser.set_defaults(work=_update)


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", type=place_of, metavar="INDEX", help=say("rag.index_help"))
    parser.add_argument("--verify", action="store_true", help=say("rag.verify_help"))
    _add_json(parser)
    parser.set_defaults(work=_inspect)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    said = {
        "unpacked_megabytes": say("rag.max_unpacked_help", default=LIMITS.unpacked_megabytes),
        "files": say("rag.max_files_help", default=LIMITS.files),
        "depth": say("rag.max_depth_help", default=LIMITS.depth),
    }
    for name, option in LIMIT_OPTIONS.items():
        parser.add_argument(option, dest=name, default=getattr(LIMITS, name), type=int, metavar="N", help=said[name])


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Build or query; wrong input is raised as ``UserError``."""
    return int(arguments.work(arguments))


def _build(arguments: argparse.Namespace) -> int:
    if isinstance(arguments.output, Path) and arguments.output.exists() and not arguments.output.is_dir():
        raise UserError(say("rag.output_is_file", path=arguments.output), say("rag.output_is_file_hint"))
    with progress_shown(arguments.quiet) as progress:
        questions = None if arguments.questions is None else read_questions(arguments.questions)
        if questions is not None:
            check_enough(questions)
        limits = _limits(arguments)
        summary = build_index(arguments.sources, arguments.output, _options(arguments), progress, limits)
        fitted = None if questions is None else fit_weight(arguments.output, questions, progress, limits)
    if arguments.json:
        print_json(summary.model_dump(mode="json") | ({} if fitted is None else {"fitted": fitted._asdict()}))
    else:
        print("\n".join([*summary_lines(summary, arguments.output), *([] if fitted is None else fitted_lines(fitted))]))
    return DONE


def _update(arguments: argparse.Namespace) -> int:
    with progress_shown(arguments.quiet) as progress:
        summary = update_index(arguments.sources, arguments.output, progress, _limits(arguments))
    if arguments.json:
        print_json(summary.model_dump(mode="json"))
    else:
        print("\n".join(summary_lines(summary, arguments.output)))
    return DONE


def _inspect(arguments: argparse.Namespace) -> int:
    inspection = inspect_index(arguments.index, arguments.verify)
    if arguments.json:
        print_json(inspection.model_dump(mode="json"))
    else:
        print("\n".join(inspection_lines(inspection, arguments.index)))
    return DONE


def _options(arguments: argparse.Namespace) -> IndexOptions:
    given = {name: getattr(arguments, name) for name in IndexOptions.model_fields}
    if arguments.options is not None:
        kept = read_tuned(arguments.options).build.model_dump()
        given = {name: kept[name] if value == getattr(DEFAULTS, name) else value for name, value in given.items()}
    try:
        return IndexOptions(**given)
    except ValidationError as error:
        problems = [f"--{problem.said().replace('_', '-', 1)}" for problem in problems_of(error)]
        raise UserError(say("rag.wrong_options", problems="; ".join(problems)), "ftadvisor rag build --help") from None


def _limits(arguments: argparse.Namespace) -> Limits:
    try:
        return Limits(**{name: getattr(arguments, name) for name in LIMIT_OPTIONS})
    except ValidationError as error:
        problems = [f"{LIMIT_OPTIONS[str(problem.place[0])]}: {problem.text}" for problem in problems_of(error)]
        raise UserError(say("rag.wrong_options", problems="; ".join(problems)), "ftadvisor rag build --help") from None
