"""Judge whether what was found speaks of a question at all, so that an answer can abstain.

Source: fitted by tests/benchmarks/answers.py, see knowledge/decisions/0011-answers.md.
"""

from collections.abc import Sequence

from .evidence import Sentence
from .span_features import language_of

LEAST_EVIDENCE = {"en": 0.5, "zh": 0.54}
"""Below this an answer abstains; fitted by language, as shares of words and of ideographs are not quite alike."""


def least_evidence(question: str) -> float:
    """Return the fitted threshold for the language of a question."""
    return LEAST_EVIDENCE[language_of(question)]


def evidence_of(sentences: Sequence[Sentence]) -> float:
    """Return how much of a question the best sentence and its surroundings speak of, 0 to 1.

    Args:
        sentences: With their coverage of the question.
    """
    return max(((each.coverage + each.surroundings) / 2 for each in sentences), default=0.0)
