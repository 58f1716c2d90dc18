"""Say how firmly the recommendation stands against what nobody has answered."""

from ..knowledge.label_text import title_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .prospects import Prospects


def outlook(prospects: Prospects) -> str:
    """Return a sentence on what the open answers could make of the recommendation.

    Answers that are so in nearly every case are taken to be so; the recommendation itself tells what else they lead to.
    """
    field = prospects.best_question()
    if field is None:
        return say("session.settled")
    other = next(label for label in prospects.shares() if label != prospects.label)
    share = f"{max(prospects.change_share(), 0.01):.0%}"
    return say("session.likely_settled", share=share, label=title_of(other), name=load(Question)[field].name)
