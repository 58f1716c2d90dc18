"""The language of a description itself, which is taken for that of the texts where nothing else is said."""

import re
from collections.abc import Iterator

from .finding import Finding

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
MOST = 0.3
"""From this share of Chinese characters on a text is Chinese with foreign words in it."""


def find_language(plain: str) -> Iterator[Finding]:
    """Yield Chinese for a Chinese description; English says nothing, as people of all languages write it."""
    runs = list(_CHINESE.finditer(plain))
    if runs and sum(len(run[0]) for run in runs) >= MOST * len(plain):
        yield Finding("language", "zh", runs[0].start(), runs[0].end(), 0, exact=False)
