"""Find what a word means among all that ftadvisor knows, and put it into lines with its sources."""

import difflib
from collections.abc import Callable, Iterator
from functools import partial

from ..executors.step import step_kinds
from ..knowledge.case import PublishedCase
from ..knowledge.errors import UserError
from ..knowledge.find import gpu_names, model_names, plain
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.method import MethodCard
from ..knowledge.question import Question
from ..knowledge.rule import Rule
from ..knowledge.sources import Evidence
from .explain_card import gpu_lines, model_lines
from .explain_case import case_lines
from .explain_label import TERMS, explainable_labels, label_lines, term_lines
from .explain_method import method_lines
from .explain_options import step_lines
from .explain_rule import evidence_lines, question_lines, rule_lines

Lines = Callable[[int], Iterator[str]]


def explain(what: str, width: int) -> Iterator[str]:
    """Yield the lines of everything that has this name.

    Args:
        what: Id of a method, rule, question, source or case, a label, or a name of a model or a GPU.
        width: Columns to fill.

    Raises:
        UserError: Nothing has that name; the message offers the closest ones.
    """
    name = what.strip().lower()
    meant = {name, name.partition(":")[2], plain(name), name.replace("-", "_")}
    found = [lines for known, lines in _all() if known in meant]
    if not found:
        close = difflib.get_close_matches(name, {known for known, _ in _all()}, 5, 0.5)
        raise UserError(say("advice.nothing_known", what=what, close=", ".join(close) or "-"), say("advice.list_hint"))
    for number, lines in enumerate(found):
        if number:
            yield ""
        yield from lines(width)


def _all() -> Iterator[tuple[str, Lines]]:
    for name, label in explainable_labels():
        yield name, partial(label_lines, label)
    for term, names in TERMS.items():
        yield from ((name, partial(term_lines, term)) for name in names)
    for method in load(MethodCard).values():
        yield method.id, partial(method_lines, method)
    for kind in step_kinds():
        yield kind, partial(step_lines, kind)
    for rule in load(Rule).values():
        yield rule.id, partial(rule_lines, rule)
    for question in load(Question).values():
        yield question.id, partial(question_lines, question)
    for source in load(Evidence).values():
        yield source.id, partial(evidence_lines, source)
        if plain(source.called) != source.id:
            yield plain(source.called), partial(evidence_lines, source)
    for case in load(PublishedCase).values():
        yield case.id, partial(case_lines, case)
    for name, model in model_names().items():
        yield name, partial(model_lines, model)
    for name, gpu in gpu_names().items():
        yield name, partial(gpu_lines, gpu)
