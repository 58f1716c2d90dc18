"""``ftadvisor export``: merge what training changed into its base, as a model that any tool loads."""

import argparse
import json
import shlex
from pathlib import Path
from typing import get_args

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..cli import DONE
from ..output import print_json, print_note, progress_shown
from ..own_run import model_of

ABOUT = "ftadvisor.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    from ...executors.merge import Dtype, Into

    parser.add_argument("adapter", type=Path, metavar="ADAPTER", help=say("own.adapter_help"))
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help=say("data.output_help"))
    parser.add_argument("--model", metavar="MODEL", help=say("own.evaluated_model_help"))
    parser.add_argument("--into", choices=get_args(Into), default="trained_on", help=say("merging.into_help"))
    parser.add_argument("--dtype", choices=get_args(Dtype), default="float32", help=say("merging.dtype_help"))
    parser.add_argument("--json", action="store_true", help=say("data.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Merge, compare with the model as it was trained, and say how far it drifted; return 0."""
    from ...executors.merge import merge
    from ...executors.plan import ModelSource

    try:
        trained_on = json.loads((arguments.adapter / ABOUT).read_bytes())["model"]
    except (OSError, ValueError, KeyError):
        raise UserError(say("own.no_adapter", path=arguments.adapter), say("own.no_adapter_hint")) from None
    named = {"source": model_of(arguments.model)} if arguments.model else {}
    base = ModelSource.model_validate(trained_on | named)
    with progress_shown(arguments.quiet) as progress:
        found = merge(arguments.adapter, arguments.output, base, arguments.into, arguments.dtype, progress)
    if not found["close"]:
        print_note(_far(arguments))
    if arguments.json:
        print_json(found)
        return DONE
    drift = found["drift"]
    assert isinstance(drift, dict)
    figures = {name: f"{value:.2g}" for name, value in drift.items() if isinstance(value, float)}
    print(say("merging.done", path=arguments.output, **figures))
    return DONE


def _far(arguments: argparse.Namespace) -> str:
    """Return that the merged model answers otherwise than the trained one, and what to do."""
    exact = arguments.into == "trained_on" and arguments.dtype == "float32"
    hint = "merging.far_though_exact_hint" if exact else "merging.far_hint"
    return f"! {say('merging.far')}\n  {say(hint, adapter=shlex.quote(str(arguments.adapter)))}"
