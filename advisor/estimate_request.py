"""Turn the words of a command line into a question to the estimator, with all their problems at once."""

import re
from collections.abc import Mapping
from typing import Any

from ..executors.estimate.context import context_of, has_position_table
from ..executors.estimate.methods.find import method_names, weights_of
from ..executors.estimate.model_config import config_of, spare_rows
from ..executors.estimate.request import EstimateRequest
from ..executors.estimate.stacks import INSTALLED
from ..knowledge.errors import UserError
from ..knowledge.find import find_gpu
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.stack import Stack

RENAMED = {"usd_per_gpu_hour": "price"}
THOUSANDS = {"k": 10**3, "m": 10**6, "b": 10**9}
CLOSED = re.compile(r"(gpt-(3\.5|4|5)|chatgpt|o[134](-|$)|claude|gemini)", re.IGNORECASE)
"""Names of models whose weights nobody can download."""
NO_MODEL = {"model_type": "unknown"}


def request_of(words: Mapping[str, Any]) -> EstimateRequest:
    """Return the question.

    Args:
        words: The values of options by name; None where an option was not given.

    Raises:
        UserError: Something is wrong; lists every problem.
    """
    problems: list[str] = []
    given = {name: words.get(RENAMED.get(name, name)) for name in EstimateRequest.model_fields}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    values["model"], values["config"] = _model(words.get("model"), problems)
    if "added_tokens" in values:
        values["spare_rows"] = spare_rows(values["model"], values["config"])
    if "train_tokens" in values:
        values["train_tokens"] = _counted(values["train_tokens"])
    if "targets" in values:
        values["targets"] = tuple(name.strip() for name in values["targets"].split(",") if name.strip())
    values["gpu"] = tuple(_gpus(values.get("gpu", ()), problems))
    _check_names(values, problems)
    if "dtype" not in values and values.get("method") in method_names():
        values["dtype"] = weights_of(values["method"])
    _fit_length(values, problems)
    if values["gpu"] and values.get("device") == "cpu":
        problems.append(say("estimate.cpu_or_gpu"))
    request = _validated(values, problems)
    if problems or request is None:
        raise UserError("\n".join(problems), "ftadvisor estimate --help")
    return request


def _model(name: str | None, problems: list[str]) -> tuple[str, dict[str, Any]]:
    if name is None:
        problems.append(say("estimate.no_model"))
        return "", NO_MODEL
    try:
        return config_of(name)
    except UserError as problem:
        problems.append(say("estimate.closed_model", name=name) if CLOSED.match(name) else problem.message)
        return name, NO_MODEL


def _gpus(names: tuple[str, ...], problems: list[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(find_gpu(name).id)
        except UserError as problem:
            problems.append(problem.message)
    return found


def _check_names(values: Mapping[str, Any], problems: list[str]) -> None:
    method = values.get("method")
    if method is not None and method not in method_names():
        problems.append(say("estimate.no_such_method", method=method, known=", ".join(method_names())))
    if method == "qlora" and values.get("quant") == "none":
        problems.append(say("estimate.qlora_needs_packing"))
    stack = values.get("stack")
    if stack is not None and stack != INSTALLED and stack not in load(Stack):
        problems.append(say("estimate.no_such_stack", name=stack, known=", ".join([*load(Stack), INSTALLED])))


def _counted(word: str) -> str:
    """Return a number of tokens written out: ``5k``, ``1.5M`` and ``2B`` are thousands, millions and billions."""
    number = re.fullmatch(r"(\d+(?:\.\d+)?)([kmb])", word.strip().lower())
    return str(round(float(number[1]) * THOUSANDS[number[2]])) if number else word


def _fit_length(values: dict[str, Any], problems: list[str]) -> None:
    """Stay within the model's context where no length was given, and refuse one that its position table lacks."""
    longest = context_of(values["config"])
    if longest is None:
        return
    if "seq_len" not in values:
        values["seq_len"] = min(EstimateRequest(config=values["config"]).seq_len, longest)
        return
    given = str(values["seq_len"])
    if has_position_table(values["config"]) and given.isdecimal() and int(given) > longest:
        problems.append(say("estimate.beyond_context", seq_len=values["seq_len"], longest=longest))


def _validated(values: Mapping[str, Any], problems: list[str]) -> EstimateRequest | None:
    try:
        return EstimateRequest.model_validate(values)
    except ValueError as error:
        problems += _told(error)
        return None


def _told(error: ValueError) -> list[str]:
    from pydantic import ValidationError

    assert isinstance(error, ValidationError)
    return [_reworded(item) for item in error.errors()]


def _reworded(item: Any) -> str:  # noqa: ANN401 - pydantic's error details
    name = str(item["loc"][0])
    option = "--" + RENAMED.get(name, name).replace("_", "-")
    context = item.get("ctx", {})
    if "expected" in context:
        allowed = ", ".join(re.findall(r"'([^']*)'", context["expected"]))  # pydantic joins them in English
        return say("estimate.not_one_of", option=option, value=item["input"], allowed=allowed)
    for key, words in (("ge", "at_least"), ("gt", "more_than"), ("lt", "less_than")):
        if key in context:
            return say(f"estimate.{words}", option=option, value=item["input"], bound=context[key])
    return say("estimate.no_number", option=option, value=item["input"])
