"""Find what an answer states for a field, and compare it exactly after a normalisation.

The normalisation: Unicode NFKC (full-width and half-width forms are one), no difference of case, runs of white space
as one space, no white space or punctuation at either end but for signs that make another value of it: -1, A+, C#, >50K.
Nothing else: a value inside a sentence is not stated.
"""

import json
import re
import unicodedata
from collections.abc import Sequence

from ..knowledge.json_value import JsonValue

# What may stand beside a stated value: the end of the text or of a line, or one of these. No hyphen, apostrophe or
# slash: "non-refundable" does not state "refundable", and "yes/no" states neither.
_BESIDE = r"\n.,:;!?|=*`\"()\[\]{}<>\u3001\u3002\u3008-\u3011\u201c\u201d\u2018\u2019"

_BEFORE = re.compile(r"^[\W_]*?(?=(?:[<>\u2264\u2265]=?|[+-])?\d|[^\W_])")
_BEHIND = re.compile(r"(?<![\W_])((?:(?<=[a-z0-9])[+#-]+)?)[\W_]*$")
"""What stands around a value; the signs of a number before it, and of a grade or a name behind it, are its own."""


def normalised(value: str) -> str:
    """Return a value as it is compared."""
    folded = _folded(value)
    return _BEHIND.sub(r"\1", _BEFORE.sub("", folded, count=1), count=1) or folded


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\u2212", "-").split())


def found_value(
    answer: str, form: str | None, values: Sequence[str] | None, pattern: str | None, name: str
) -> str | None:
    """Return the value that an answer states for a field, or None if it states none or several.

    An answer in the wanted form, or a JSON object, states what stands in the field's place. In any other answer, such
    as that of an untuned model, a value counts where it stands by itself: alone on a line, after a label, between
    brackets; a value that is known by its pattern, such as a clause number, counts wherever it stands as a whole word.

    Args:
        answer: What the model wrote.
        form: The wanted form with named groups; None if there is none.
        values: All values that the field can take; None if they cannot be listed.
        pattern: What a value looks like where they are not listed.
        name: The field's group in the form.
    """
    if name in (held := held_object(answer)):
        return None if held[name] is None else _listed(str(held[name]), values)
    whole = re.fullmatch(form, answer.strip(), re.DOTALL) if form else None
    if whole is not None and name in whole.groupdict():
        return _listed(whole[name], values)
    found = _standing_alone(answer, values) if values is not None else _whole_words(answer, pattern or "")
    return found.pop() if len(found) == 1 else None


def held_object(answer: str) -> dict[str, JsonValue]:
    """Return what an answer that is a JSON object holds; nothing where it is none.

    Args:
        answer: What the model wrote.
    """
    if not answer.lstrip().startswith("{"):
        return {}
    try:
        found: JsonValue = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(text: str, values: Sequence[str] | None) -> str:
    """Return the listed value that a text is, or the text itself."""
    return next((value for value in values or () if normalised(value) == normalised(text)), text)


def _standing_alone(answer: str, values: Sequence[str]) -> set[str]:
    text = "\n".join(map(_folded, answer.splitlines()))
    return {
        value
        for value in values
        if re.search(rf"(?:^|[{_BESIDE}]) ?{re.escape(normalised(value))} ?(?:$|[{_BESIDE}])", text)
    }


def _whole_words(answer: str, pattern: str) -> set[str]:
    text = unicodedata.normalize("NFKC", answer)
    return {match[0] for match in re.finditer(rf"(?<![A-Za-z0-9-])(?:{pattern})(?![A-Za-z0-9-])", text)}
