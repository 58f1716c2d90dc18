"""How sure a recommendation is, in words, and why it is just as sure as that."""

from collections.abc import Sequence

from ..knowledge.label_text import title_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .recommendation import Certainty
from .weighing import Weighed
from .whatif import OpenQuestion

#: A lead of this much weight is more than one published finding.
CLEAR_LEAD = 4
#: Below this lead the order rests on a hint.
SLIGHT_LEAD = 2


def certain(weighed: Weighed, questions: Sequence[OpenQuestion]) -> tuple[Certainty, str]:
    """Return how sure the best path is, and the reason as a sentence.

    Args:
        weighed: The standing of every path.
        questions: The unknown answers that could change the label.
    """
    best, *others = weighed.paths()
    if weighed.points(best) < SLIGHT_LEAD:
        return "toss-up", say("explanation.sure.nothing_known")
    if not others:
        return _unless_open(questions, say("explanation.sure.alone"))
    runner_up = title_of(others[0])
    if weighed.lead() < SLIGHT_LEAD:
        return "toss-up", say("explanation.sure.equal", other=runner_up)
    if weighed.lead() < CLEAR_LEAD:
        return "leaning", say("explanation.sure.slight", other=runner_up)
    unusual = any(question.changes_path and question.unusual for question in questions)
    return _unless_open(questions, say(f"explanation.sure.{'usual' if unusual else 'clear'}", other=runner_up))


def _unless_open(questions: Sequence[OpenQuestion], reason: str) -> tuple[Certainty, str]:
    """Return what holds where the evidence is clear: an answer that is still missing may change it all the same."""
    missing = [question.field for question in questions if question.changes_path and not question.unusual]
    if missing:
        return "leaning", say("explanation.sure.open", name=load(Question)[missing[0]].name)
    return "decided", reason
