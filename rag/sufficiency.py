"""Judge whether what was found speaks of a question at all, so that an answer can abstain.

Source: fitted by tests/benchmarks/answers.py, see knowledge/decisions/0011-answers.md.
"""

from collections.abc import Sequence

from .evidence import Sentence

LEAST_EVIDENCE = 0.5
"""Below this an answer abstains. Fitted on English and on Chinese questions apart, it came out within 0.03 of this."""


def evidence_of(sentences: Sequence[Sentence]) -> float:
    """Return how much of a question the best sentence and its surroundings speak of, 0 to 1.

    Args:
        sentences: With their coverage of the question.
    """
    return max(((each.coverage + each.surroundings) / 2 for each in sentences), default=0.0)
