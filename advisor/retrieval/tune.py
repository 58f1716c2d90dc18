"""``ftadvisor rag tune``: choose the settings of an index by the user's own questions."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from ...knowledge.messages import say
from ...rag.address import place_of
from ...rag.index import open_index
from ...rag.questions import read_questions
from ...rag.tune import outlook, tune
from ...rag.tuned import Tuned, write_tuned
from ..cli import DONE
from ..output import print_json, print_note, progress_shown

HELP = "tune.help"
SEED = 17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("index", type=place_of, metavar="INDEX", help=say("rag.index_help"))
    answered = say("rag.answered_questions_help")
    parser.add_argument("--questions", required=True, type=Path, metavar="FILE.jsonl", help=answered)
    output = say("tune.output_help")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OPTIONS.json", help=output)
    embedder = say("tune.embedder_help")
    parser.add_argument("--embedder", action="append", default=[], metavar="PATH|ID|ENDPOINT", help=embedder)
    parser.add_argument("--rerank", metavar="FOLDER", help=say("tune.rerank_help"))
    parser.add_argument("--seed", default=SEED, type=int, metavar="N", help=say("tune.seed_help", default=SEED))
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Tune; wrong input is raised as ``UserError``."""
    questions = read_questions(arguments.questions)
    if not arguments.quiet:
        ahead = outlook(open_index(arguments.index), questions, arguments.embedder, arguments.rerank)
        minutes = f"{ahead.minutes:.1f}"
        print_note(say("tune.outlook", builds=ahead.builds, trials=ahead.trials, minutes=minutes))
    with progress_shown(arguments.quiet) as progress:
        tuned = tune(
            arguments.index, questions, arguments.embedder, arguments.rerank, progress=progress, seed=arguments.seed
        )
    write_tuned(arguments.output, tuned)
    if arguments.json:
        print_json(tuned.model_dump(mode="json"))
    else:
        print("\n".join([*_lines(tuned), say("tune.next", path=arguments.output)]))
    return DONE


def _lines(tuned: Tuned) -> Iterator[str]:
    yield say("tune.halves", choose=tuned.questions[0], measure=tuned.questions[1])
    if tuned.made:
        yield say("tune.made", share=f"{tuned.made:.0%}")
    stage = ""
    for trial in tuned.trials:
        if trial.stage != stage:
            stage = trial.stage
            yield say(f"tune.stage_{stage}")
        figures = {name: f"{getattr(trial, name):+.4f}" for name in ("gain", "low", "high")}
        taken = say("tune.taken") if trial.taken else ""
        said = {"name": trial.name, "measured": f"{trial.measured:.4f}", "seconds": trial.seconds, "taken": taken}
        yield "  " + say("tune.trial", **figures, **said)
    figures = {name: f"{getattr(tuned, name):+.4f}" for name in ("gain", "low", "high")}
    yield say("tune.result", before=f"{tuned.before:.4f}", after=f"{tuned.after:.4f}", **figures)
    if tuned.low <= 0 <= tuned.high:
        yield say("tune.by_chance")
    recall = ", ".join(f"{share:.1%}" for share in tuned.recall.values())
    yield say("tune.depth", k=tuned.search.top_k, recall=recall)
