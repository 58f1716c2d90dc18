"""``ftadvisor plan``: write the recommendation as a plan that runs, every value with its reason."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ...executors.exports import TOOLS
from ...knowledge.builtin import BUILTIN
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..cli import DONE
from ..described import add_description, read_described
from ..draft import PlanDraft
from ..files import Files
from ..labels import LABELS
from ..output import told_if_slow
from ..plan_output import PLAN, plan_summary, write_draft
from ..planning import make_plan
from ..profile import Profile
from ..profile_file import PROFILE, read_answers
from ..recommend import recommend
from ..recommendation import Recommendation
from ..terminal import Terminal

if TYPE_CHECKING:
    from ...executors.plan import Plan
    from ...executors.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_description(parser)
    parser.add_argument("--profile", type=Path, metavar="FILE", help=say("planning.profile_help"))
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help=say("advice.help.set"))
    parser.add_argument("-o", "--output", type=Path, default=PLAN, metavar="FILE", help=say("planning.output_help"))
    parser.add_argument("--documents", nargs="+", default=[], metavar="PATH", help=say("planning.documents_help"))
    parser.add_argument("--train", metavar="FILE", help=say("planning.train_help"))
    parser.add_argument("--validation", metavar="FILE", help=say("planning.validation_help"))
    parser.add_argument("--test", metavar="FILE", help=say("planning.test_help"))
    parser.add_argument("--replay", metavar="FILE", help=say("planning.replay_help"))
    parser.add_argument("--model", metavar="MODEL", help=say("planning.model_help"))
    parser.add_argument("--label", metavar="LABEL", help=say("planning.label_help"))
    parser.add_argument("--force", action="store_true", help=say("planning.force_help"))
    parser.add_argument("--export", choices=TOOLS, help=say("planning.export_help"))


def run(arguments: argparse.Namespace) -> int:
    """Write the plan and say what it does; return 0."""
    files = files_from(arguments, arguments.output.parent)
    profile = _with_rows(_profile(arguments), arguments.train)
    recommendation = _as_wanted(recommend(profile), arguments.label)
    folder, model, name = arguments.output.parent, arguments.model, arguments.output.name
    with told_if_slow(say("planning.reading")):
        draft = make_plan(profile, recommendation, files=files, folder=folder, model=model, name=name)
    if files.replay and not any(step.kind == "train" for step in (draft.plan.steps if draft.plan else ())):
        raise UserError(say("planning.replay_idle", label=recommendation.label), say("planning.replay_idle_hint"))
    if files.replay and draft.plan is not None:
        _check_replay(draft.plan, folder)
    exported = folder / f"{arguments.output.stem}.{arguments.export}"
    recipe = _exportable(draft, arguments.export, arguments.output, exported) if arguments.export else None
    write_draft(draft, arguments.output, force=arguments.force)
    Terminal().tell("\n".join(plan_summary(draft, recommendation, arguments.output)))
    if recipe is not None:
        print(_exported(recipe, arguments.export, exported))
    return DONE


def _check_replay(plan: "Plan", folder: Path) -> None:
    """Refuse rows to practise along that training would refuse."""
    from ...executors.practice import check_practice

    with told_if_slow(say("planning.reading")):
        check_practice(plan, folder)


def _exportable(draft: PlanDraft, tool: str, plan_path: Path, folder: Path) -> "Recipe":
    """Return the plan's fine-tuning for another tool; what the tool cannot do is refused before the plan is written."""
    from ...executors.export_run import refuse_export
    from ...executors.recipe import recipe_of

    if draft.plan is None:
        raise UserError(say("exports.no_training", path=plan_path), say("exports.no_training_hint"))
    recipe = recipe_of(draft.plan, plan_path)
    refuse_export(recipe, tool, folder)
    return recipe


def _exported(recipe: "Recipe", tool: str, folder: Path) -> str:
    """Write the fine-tuning for another tool, and return how it is run."""
    from ...executors.export_run import export_run

    return say("exports.written", tool=tool, folder=folder, command=export_run(recipe, tool, folder))


def _profile(arguments: argparse.Namespace) -> Profile:
    if arguments.describe is not None:
        from ..describe.view import understood_lines

        understood, profile = read_described(arguments)
        print("\n".join(understood_lines(understood, Console().width - 1)) + "\n", flush=True)
        return profile
    path = arguments.profile or (None if arguments.set else PROFILE)
    if path == PROFILE and not path.exists():
        if arguments.train is not None:  # rows answer what matters most
            return Profile()
        raise UserError(say("planning.no_profile", path=path), say("planning.no_profile_hint"))
    return read_answers(path, arguments.set)


def _with_rows(profile: Profile, train: str | None) -> Profile:
    """Return the profile with what only the rows to learn from answer, and tell it."""
    if train is None or not Path(train).is_file():
        return profile
    from ..own_files import answered_by_rows

    with told_if_slow(say("planning.reading")):
        profile, seen = answered_by_rows(profile, Path(train))
    if seen:
        print(seen + "\n", flush=True)
    return profile


def files_from(arguments: argparse.Namespace, folder: Path) -> Files:
    """Return the files of the command line as a plan in some folder names them.

    Raises:
        UserError: One of them is not there.
    """
    named = {name: getattr(arguments, name, None) for name in ("train", "validation", "test", "replay")}
    given = [*arguments.documents, *named.values()]
    missing = [name for name in given if name and not name.startswith(BUILTIN) and not Path(name).exists()]
    if missing:
        raise UserError(say("planning.no_file", paths=", ".join(missing)), say("planning.no_file_hint"))
    return Files(
        documents=tuple(_from(folder, name) for name in arguments.documents),
        **{name: value and _from(folder, value) for name, value in named.items()},
    )


def _from(folder: Path, name: str) -> str:
    if name.startswith(BUILTIN) or Path(name).is_absolute():
        return name
    return Path(os.path.relpath(name, folder)).as_posix()


def _as_wanted(recommendation: Recommendation, label: str | None) -> Recommendation:
    """Return the recommendation under the label that the user wants instead, if any."""
    if label is None:
        return recommendation
    path, _, variant = label.partition(":")
    if label not in LABELS and not (path == "rag+finetune" and f"finetune:{variant}" in LABELS):
        from difflib import get_close_matches

        close = get_close_matches(label, sorted(LABELS), 1)
        hint = say("advice.did_you_mean", name=close[0]) if close else ""
        raise UserError(say("planning.no_label", label=label, hint=hint, labels=", ".join(sorted(LABELS))))
    return recommendation.model_copy(update={"label": label, "reasons": ()})
