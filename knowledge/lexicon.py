"""Lexicons: the words by which people say one answer in free text, as data with their own examples."""

from typing import ClassVar

from .frozen import Field, Frozen
from .record import Record
from .rule import Scalar


class Level(Frozen):
    """Give the answer for numbers below a bound; without a bound for all that are left."""

    value: Scalar
    below: float | None = None


class Said(Frozen):
    """Show a sentence and the answer that the lexicons together read in it for the field; None where it gives none."""

    text: str
    value: Scalar | None = None


class Lexicon(Record):
    """List phrases that say the same thing about one field of the profile.

    A phrase is a regular expression with four additions: a space is any space or hyphen, ``…`` some words of the same
    sentence, ``<n>`` a number however it is written, and, in English, ``*`` the rest of a word unless it follows a
    group that ends with a space, which it repeats.

    Attributes:
        field: The field of the profile.
        value: The answer; None where the answer is the number in the phrase.
        denied: The answer when the phrase is denied; None when a denial says nothing.
        weight: 1 or less a hint, 2 plain words, 3 words that leave no doubt; the heaviest finding decides.
        scale: What one of the counted things is worth, such as tokens of a page.
        each: The number is for each of these, so that it is multiplied by that field's answer.
        least: How many of those there are at least, when it is not said.
        fewest: Smaller numbers are not meant.
        most: Larger numbers are not meant.
        added: Several such numbers in one text are parts of one, such as positive and negative examples.
        level: Answers by the size of the number, smallest first.
        about: The answer is a typical value for vague words, and is shown as such.
        uncounted: The phrases say that there are some and not how many: the field stays unknown and is asked.
        ignored: A number in these phrases is none of the field's; it keeps weaker phrases from taking it.
        zh: Chinese phrases.
        en: English phrases.
        said: Sentences with the answer that is read in them.
        silent: Sentences in which nothing is read for the field.
    """

    folder: ClassVar[str] = "lexicons"

    field: str
    value: Scalar | None = None
    denied: Scalar | None = None
    weight: float = Field(default=2.0, ge=0.5, le=3)
    scale: float = Field(default=1.0, gt=0)
    each: str | None = None
    least: int = Field(default=1, ge=1)
    fewest: float = 0
    most: float | None = None
    added: bool = False
    level: tuple[Level, ...] = ()
    about: bool = False
    uncounted: bool = False
    ignored: bool = False
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the answer is made of the number in the phrase."""
        return self.value is None and not self.uncounted

    def counts_number(self, number: float) -> bool:
        """Tell whether a number is of the size that is meant."""
        return self.fewest <= number and (self.most is None or number <= self.most)
