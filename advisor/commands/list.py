"""``ftadvisor list``: all methods, models, GPUs, rules or published cases that ftadvisor knows."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from ...knowledge.case import PublishedCase
from ...knowledge.gpu import GpuCard
from ...knowledge.label_text import title_of
from ...knowledge.load import load
from ...knowledge.messages import say
from ...knowledge.method import MethodCard
from ...knowledge.model import ModelCard
from ...knowledge.record import Record
from ...knowledge.rule import Rule
from ..cli import DONE
from ..output import print_json
from ..wrapping import wrap

GIB = 2**30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("what", choices=list(KINDS), metavar="|".join(KINDS), help=say("advice.help.list"))
    parser.add_argument("--json", action="store_true", help=say("advice.help.json"))


def run(arguments: argparse.Namespace) -> int:
    """Print one entry per line, or all entries as one JSON document."""
    kind, line = KINDS[arguments.what]
    entries = load(kind).values()
    if arguments.json:
        print_json([entry.model_dump(mode="json") for entry in entries])
        return DONE
    width = Console().width - 1
    for entry in entries:
        print(wrap(line(entry), width, "      ", f"{entry.id}  "))
    print(f"\n{say('advice.list.more')}")
    return DONE


def _method(card: MethodCard) -> str:
    return say("advice.named", name=card.title, text=card.summary)


def _model(card: ModelCard) -> str:
    use = say(f"advice.commercial.{card.commercial_use}")
    return f"{card.title}, {_size(card.parameters)}, {card.licence} ({use})"


def _gpu(card: GpuCard) -> str:
    return f"{card.title}, {card.memory_bytes / GIB:.1f} GiB"


def _rule(rule: Rule) -> str:
    return str(rule.title)


def _case(case: PublishedCase) -> str:
    return say("advice.named", name=case.title, text=title_of(case.chose))


def _size(parameters: int) -> str:
    return f"{parameters / 1e9:.2f}B" if parameters >= 0.9995e9 else f"{parameters / 1e6:.0f}M"


KINDS: Mapping[str, tuple[type[Record], Callable[[Any], str]]] = {
    "methods": (MethodCard, _method),
    "models": (ModelCard, _model),
    "gpus": (GpuCard, _gpu),
    "rules": (Rule, _rule),
    "cases": (PublishedCase, _case),
}
