"""What would change the recommendation: each known answer is varied until the advice becomes another."""

from collections.abc import Iterator
from itertools import islice
from math import log10, sqrt

from ..knowledge.label_text import title_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.quantity import number
from ..knowledge.question import Question
from .answer_text import answer_text
from .recommendation import Flip
from .whatif import Situation, ask_order

#: The smallest step of a number that is worth telling.
STEPS = {"base_model_params_b": 0.1}
#: Digits that a changed number is told with; nobody knows the size of their documents any better.
DIGITS = 2
#: Of what is counted in hundreds and more, so few are told in words.
FEW = 10
COUNTED = frozenset({"knowledge_tokens", "labelled_examples"})
#: With another answer to these it would be another case.
THE_CASE_ITSELF = frozenset({"task_type", "modality", "language"})


def flips(situation: Situation) -> Iterator[Flip]:
    """Yield, for each known answer, the nearest other answer that changes the label.

    A number is varied upwards and downwards, and told as close to the known one as the change goes.
    """
    for field in ask_order():
        if not situation.is_unknown(field):
            yield from _flips_of(situation, field)


def flip_text(flip: Flip) -> str:
    """Return a change as a sentence: if something were otherwise, what the advice would be."""
    return say("explanation.flip.sentence", condition=condition_text(flip), label=title_of(flip.label))


def condition_text(flip: Flip) -> str:
    """Return what would have to be otherwise, such as "if the knowledge changed weekly"."""
    question = load(Question)[flip.field]
    if question.kind == "choice":
        return say(f"explanation.if.{flip.field}.{str(flip.to).lower()}")
    if isinstance(flip.to, str) or flip.to == 0:
        name = answer_text(question, flip.to)
        return say(f"explanation.if.{flip.field}.{'none' if flip.to == 0 else 'other'}", value=name)
    if flip.to < FEW and flip.field in COUNTED:
        return say(f"explanation.if.{flip.field}.{'few' if flip.to < flip.from_ else 'some'}")
    return say(f"explanation.if.{flip.field}.{'only' if flip.to < flip.from_ else 'other'}", value=number(flip.to))


def _flips_of(situation: Situation, field: str) -> Iterator[Flip]:
    known = situation.facts[field]
    changes = (pair for pair in situation.tried(field) if pair[1] != situation.label)
    if not isinstance(known, int | float) or isinstance(known, bool):
        for value, label in islice(changes, 1):
            yield Flip(field=field, from_=known, to=value, label=label)
        return
    told: set[bool] = set()
    for far, _ in changes:
        if (far > known) not in told:  # the nearest on its side, as they come by their distance
            told.add(far > known)
            value = _as_near_as_it_goes(situation, field, known, far)
            yield Flip(field=field, from_=known, to=value, label=situation.label_if(field, value))


def _as_near_as_it_goes(situation: Situation, field: str, known: float, far: float) -> float:
    """Return a value near the known one that still changes the label, in few digits.

    Args:
        situation: What is known.
        field: The field whose answer is a number.
        known: Its value, which does not change the label.
        far: A value that does.
    """
    step = STEPS.get(field, 1)
    near, changed = known, far
    while True:
        middle = _on_grid(sqrt(near * changed) if near > 0 and changed > 0 else (near + changed) / 2, step)
        if middle in (near, changed) or not min(near, changed) < middle < max(near, changed):
            break
        if situation.label_if(field, middle) == situation.label:
            near = middle
        else:
            changed = middle
        if abs(changed / near - 1) < 10**-DIGITS / 2 if near else False:
            break
    short = _in_few_digits(changed, up=changed > known)
    lies_between = min(known, far) <= short <= max(known, far) and short != known
    return short if lies_between and situation.label_if(field, short) != situation.label else changed


def _on_grid(value: float, step: float) -> float:
    return round(value) if step == 1 else round(round(value / step) * step, 6)


def _in_few_digits(value: float, up: bool) -> float:
    """Return a number with few digits, on the far side of the change."""
    if value < 10**DIGITS:
        return value
    scale = 10 ** (int(log10(value)) + 1 - DIGITS)
    return int(-(-value // scale) * scale if up else value // scale * scale)
