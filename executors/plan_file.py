"""The plan as a file: YAML that people read and edit, checked with line numbers, written with reasons."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import LiteralScalarString

from ..knowledge.durable import write_text
from ..knowledge.frozen import Frozen
from ..knowledge.messages import say, speaking
from ..knowledge.problems import Problem, problems_of
from ..knowledge.yaml_file import YamlFile, read_yaml, refuse
from .meanings import meaning
from .plan import Plan
from .step import StepOptions, parse_step, step_kinds


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises:
        UserError: No such file, not YAML, or not a plan; names every problem with its line.
    """
    file = read_yaml(path)
    steps, problems = _check_steps(file)
    try:
        plan = Plan.model_validate({**file.values, "steps": steps})
    except ValidationError as error:
        problems += problems_of(error)
    if problems:
        refuse(file, problems, say("plan.hint"))
    return plan


def _check_steps(file: YamlFile) -> tuple[Any, list[Problem]]:
    """Check each step on its own, so that the problems of all of them are found."""
    listed = file.values.get("steps")
    if not isinstance(listed, list):
        return listed, []  # the plan's own check reports it
    steps: list[StepOptions] = []
    problems: list[Problem] = []
    for position, values in enumerate(listed):
        place = ("steps", position)
        kind = values.get("kind") if isinstance(values, dict) else None
        if kind not in step_kinds():
            problems.append(Problem(place, say("plan.no_kind", kind=kind, kinds=", ".join(step_kinds()))))
            continue
        try:
            steps.append(parse_step(values))
        except ValidationError as error:
            problems += problems_of(error, place)
    # a stand-in where no step is right, so that "must not be empty" is not said as well
    return (steps or [StepOptions(kind="")] if listed else []), problems


def write_plan(plan: Plan, path: Path, comments: Mapping[str, str]) -> None:
    """Write a plan as a file for people.

    Args:
        plan: The plan.
        path: The file; replaced at one stroke.
        comments: As ``plan_text`` takes them.
    """
    write_text(path, plan_text(plan, path.name, comments))


def plan_text(plan: Plan, name: str, comments: Mapping[str, str]) -> str:
    """Return what a plan's file holds: every option, and with it the reason for its value.

    Args:
        plan: The plan.
        name: The file's.
        comments: Reasons by place, such as ``{"steps.2.rank": "..."}`` (steps counted from 0), in the plan's
            language. A place without a reason gets the meaning of the option; the empty
            place stands for the head of the file, and may have several lines.
    """
    with speaking(plan.language):
        tree = _commented(plan, "", comments)
        tree.yaml_set_start_comment("\n".join([say("plan.header", name=name), *comments.get("", "").splitlines()]))
        for number, step in enumerate(plan.steps, 1):
            title = comments.get(f"steps.{number - 1}", say(f"steps.{step.kind}.title"))
            tree["steps"].yaml_set_comment_before_after_key(number - 1, before=f"\n{number}. {title}", indent=2)
    text = StringIO()
    _writer().dump(tree, text)
    return text.getvalue()


class _Representer(RoundTripRepresenter):
    """Write nothing as ``null``: a bare ``key:`` looks like a mistake."""


_Representer.add_representer(type(None), lambda to, _: to.represent_scalar("tag:yaml.org,2002:null", "null"))


def _writer() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = 10_000  # a folded line would tear a comment from its option
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _commented(record: BaseModel | Frozen, place: str, comments: Mapping[str, str]) -> CommentedMap:
    tree = CommentedMap()
    for name in type(record).model_fields:
        here = f"{place}.{name}".lstrip(".")
        tree[name] = _node(getattr(record, name), here, comments)
        reason = " ".join(comments.get(here, meaning(type(record), name)).split())
        if reason and isinstance(tree[name], CommentedBase):  # a block: its comment stands above it
            tree.yaml_set_comment_before_after_key(name, before=reason, indent=2 * here.count("."))
        elif reason:
            tree.yaml_add_eol_comment(reason, name, column=0)
    return tree


def _node(value: Any, place: str, comments: Mapping[str, str]) -> Any:  # noqa: ANN401 - any YAML value
    if isinstance(value, BaseModel | Frozen):
        return _commented(value, place, comments)
    if isinstance(value, dict):
        return CommentedMap({name: _node(item, f"{place}.{name}", comments) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return CommentedSeq([_node(item, f"{place}.{number}", comments) for number, item in enumerate(value)])
    return LiteralScalarString(value) if isinstance(value, str) and _is_block(value) else value


def _is_block(text: str) -> bool:
    """Tell whether a text reads better over several lines and survives it."""
    lines = text.split("\n")
    return len(lines) > 1 and all(line == line.strip() and line.isprintable() for line in lines) and bool(lines[0])
