"""Narrow a form that a plan recognised in answers to what is known of its parts."""

import re
from collections.abc import Sequence

from .metrics import FieldOptions

ANYTHING = ".+?"
"""What a plan writes into the named groups of a form that it recognised."""

ENDLESS = re.compile(r"(\.\+\?|\[A-Z\]\+|\\d\+)")
"""What has no end in the forms and the fields' patterns that plans write."""

_SIGN = r"(?:\\n|\\\W|[^\\.\[\](){}?*+|^$])"
_FORM = re.compile(rf"(?:{_SIGN}|\(\?:{_SIGN}+(?:\|{_SIGN}+)*\)|\(\?P<\w+>\.\+\?\)|\.\+\?)+")
_PATTERN = re.compile(rf"(?:{_SIGN}|\||\\d\+|\[A-Z\]\+)+")


def narrowed(form: str, fields: Sequence[FieldOptions], answers: Sequence[str]) -> str:
    """Return a form whose parts hold only what is known of them, where the form lets them be anything.

    A named group holds what its field can be, and no part without an end is longer than in the known answers: a weak
    model would write on in the first one, and never come to the next. Only what is written as plans write it is
    narrowed: whoever writes an expression says with it what answers may be.

    Args:
        form: Regular expression of a whole answer.
        fields: What stands in its named groups.
        answers: Of the rows to learn from.
    """
    if not _FORM.fullmatch(form):
        return form
    for each in fields:
        allowed = "|".join(map(re.escape, each.values)) if each.values else each.pattern or ""
        if each.values or _PATTERN.fullmatch(allowed):
            form = form.replace(f"(?P<{each.name}>{ANYTHING})", f"(?:{allowed})")
    pieces = ENDLESS.split(re.sub(r"\(\?P<\w+>", "(?:", form))
    counted = "".join(f"({piece})" if place % 2 else piece for place, piece in enumerate(pieces))
    found = [match for answer in answers if (match := re.fullmatch(counted, answer, re.DOTALL))]
    for place in range(1, len(pieces), 2) if found else ():
        longest = max(len(match[place // 2 + 1] or "") for match in found)
        pieces[place] = f"{pieces[place].rstrip('?+')}{{1,{max(1, longest)}}}"
    return "".join(pieces)
