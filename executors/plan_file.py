"""The plan as a file: YAML that people read and edit, checked with line numbers, written with reasons."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from ..knowledge.durable import write_text
from ..knowledge.messages import say
from ..knowledge.problems import Problem, problems_of
from ..knowledge.yaml_file import YamlFile, read_yaml, refuse
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
    """Write a plan as a file for people: every option, and after it the reason for its value.

    Args:
        plan: The plan.
        path: The file; replaced at one stroke.
        comments: Reasons by place, such as ``{"steps.2.rank": "..."}`` (steps counted from 0), in the plan's
            language. A place without a reason gets the description of the option.
    """
    yaml = YAML()
    yaml.width = 10_000  # a folded line would tear a comment from its option
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = _commented(plan, "", comments)
    tree.yaml_set_start_comment(say("plan.header", name=path.name))
    text = StringIO()
    yaml.dump(tree, text)
    write_text(path, text.getvalue())


def _commented(record: BaseModel, place: str, comments: Mapping[str, str]) -> CommentedMap:
    tree = CommentedMap()
    for name, field in type(record).model_fields.items():
        here = f"{place}.{name}".lstrip(".")
        value = getattr(record, name)
        tree[name] = _node(value, here, comments)
        reason = comments.get(here, field.description or "")
        if reason:
            _attach(tree, name, value, " ".join(reason.split()))
    return tree


def _node(value: Any, place: str, comments: Mapping[str, str]) -> Any:  # noqa: ANN401 - any YAML value
    if isinstance(value, BaseModel):
        return _commented(value, place, comments)
    if isinstance(value, list | tuple):
        return [_node(item, f"{place}.{position}", comments) for position, item in enumerate(value)]
    return value


def _attach(tree: CommentedMap, name: str, value: Any, reason: str) -> None:  # noqa: ANN401 - any YAML value
    if isinstance(value, BaseModel | list | tuple):  # a block: its comment stands above it
        tree.yaml_set_comment_before_after_key(name, before=reason)
    else:
        tree.yaml_add_eol_comment(reason, name)
