"""The words and wordings that the embedded model's text is made of."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ..prompt import CLOSE, OPEN

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, Language] = ("en", "zh")

SPECIAL = ["<pad>", "<bos>", "<eos>", "<sys>", "<usr>", "<ast>", OPEN, CLOSE]

# The 3,755 characters of GB 2312 level 1, in the order of the standard.
HAN = [
    bytes([row, cell]).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF)
    if not (row == 0xD7 and cell > 0xF9)
]

# Invented English words are syllables of these.
ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr pl qu sh sl sp st th tr".split()  # noqa: SIM905
VOWELS = "a e i o u ai ea ee oa ou".split()  # noqa: SIM905
CODAS = ["", "", "n", "r", "l", "s", "t", "m", "nd", "rk", "st", "x"]

# What a decision means; the order of the labels in ``words.toml``.
SENSES = ("grant", "deny", "swap", "check")


@cache
def words() -> dict[str, Any]:
    """Return the lists of ``knowledge/examples/tiny_model/words.toml``."""
    source = files("ftadvisor.knowledge").joinpath("examples/tiny_model/words.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
