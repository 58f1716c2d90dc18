"""Say in a README beside a small classifier what it is, and how texts are given their classes by it."""

from collections.abc import Sequence

from ..knowledge.label_text import title_of
from ..knowledge.messages import say
from .result_readme import listed_names

CODE = """\
from pathlib import Path
from ftadvisor.executors.steps.classify import load_classifier
texts = ["{text}"]
classifier, classes, several = load_classifier(Path("."))  # {folder}
for text, scores in zip(texts, classifier.probabilities(texts)):
    {decision}
"""
LIKELIEST = "print(text, classes[scores.argmax()], scores.max())"
LIKELY = "print(text, [name for name, score in zip(classes, scores) if score > 0.5])"


def classifier_readme(classifier: str, names: Sequence[str], several: bool, rows: int) -> str:
    """Return the README, in the language that is spoken.

    Args:
        classifier: Its kind.
        names: Its classes in order.
        several: Whether a text may have any number of them.
        rows: How many rows it learnt from.
    """
    facts = {"rows": f"{rows:,}", "classes": listed_names(names)}
    code = CODE.format(
        text=say("result.a_text"), folder=say("result.this_folder"), decision=LIKELY if several else LIKELIEST
    )
    parts = [
        f"# {title_of(f'classifier:{classifier}')}",
        "\n".join(f"* {say(f'result.{name}', value=value)}" for name, value in facts.items()),
        f"## {say('result.ask')}",
        f"```python\n{code}```",
    ]
    return "\n\n".join(parts) + "\n"
