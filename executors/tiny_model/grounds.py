"""Grounds of a request: the term that a clause uses, what the clause lists under it, and what a customer says."""

from dataclasses import dataclass
from random import Random

from .words import CODAS, HAN, ONSETS, VOWELS, Language, words

UNLISTED = 0.15  # share of known grounds for which a clause lists nothing: what they are called must be known
ENDINGS = ["s", "ed", "ing", "y", "er", "ness"]
PARTICLES = "了着得过的很太又都没"


@dataclass(frozen=True)
class Ground:
    """A ground for a request.

    Attributes:
        term: The formal word in a clause.
        spoken: What the customer says.
        also: What a clause lists beside the term; mostly with words of what the customer says, seldom without.
    """

    term: str
    spoken: str
    also: tuple[str, ...]


def english_word(random: Random) -> str:
    """Draw an invented English word of one to three syllables."""
    syllables = random.choice([1, 2, 2, 3])
    return "".join(random.choice(ONSETS) + random.choice(VOWELS) + random.choice(CODAS) for _ in range(syllables))


def han_word(random: Random, least: int, most: int) -> str:
    """Draw an invented Chinese word of ``least`` to ``most`` characters."""
    return "".join(random.choice(HAN) for _ in range(random.randint(least, most)))


def nonsense(random: Random, language: Language) -> str:
    """Draw an invented word."""
    return english_word(random) if language == "en" else han_word(random, 2, 4)


class Grounds:
    """Draw grounds; some are known, some invented on the spot, some invented once for all."""

    def __init__(self, random: Random) -> None:
        self.random = random
        fixed = Random(20)  # the invented synonyms are facts of this world: the same for every seed
        self._synonyms = {
            "en": [(english_word(fixed), english_word(fixed)) for _ in range(160)],
            "zh": [(han_word(fixed, 2, 2), han_word(fixed, 2, 3)) for _ in range(160)],
        }

    def draw(self, language: Language, count: int) -> list[Ground]:
        """Draw different grounds, all of one kind."""
        kind = self.random.choices(["known", "formal", "invented", "synonym"], [0.38, 0.10, 0.40, 0.12])[0]
        if kind == "invented":
            return [self._invented(language) for _ in range(count)]
        if kind == "synonym":
            drawn = self.random.sample(self._synonyms[language], count)
            return [Ground(term, spoken, ()) for term, spoken in drawn]
        known = self.random.sample(sorted(words()["grounds"][language].items()), count)
        return [self._known(language, term, spoken, kind == "formal") for term, spoken in known]

    def _known(self, language: Language, term: str, spoken: list[str], formal: bool) -> Ground:
        said = self.random.choice(spoken)
        if self.random.random() < UNLISTED:
            return Ground(term, term if formal else said, ())
        others = [phrase for phrase in spoken if phrase != said]
        listed = self.random.sample(others, self.random.randint(1, len(others)))
        if self.random.random() < 0.75:
            listed.append(said)
        also = [self._span(language, phrase) for phrase in listed]
        self.random.shuffle(also)
        return Ground(term, term if formal else said, tuple(also))

    def _invented(self, language: Language) -> Ground:
        gap = " " if language == "en" else ""
        term = gap.join(nonsense(self.random, language) for _ in range(self.random.randint(1, 2)))
        if self.random.random() < 0.2:
            return Ground(term, term, ())
        also = [
            [nonsense(self.random, language) for _ in range(self.random.choice([1, 1, 2, 3]))]
            for _ in range(self.random.randint(1, 5))
        ]
        said = self.random.choice(also)
        heard = [
            self._inflected(language, word) for word in self.random.sample(said, self.random.randint(1, len(said)))
        ]
        around = [nonsense(self.random, language) for _ in range(self.random.randint(0, 3))]
        place = self.random.randint(0, len(around))
        spoken = gap.join([*around[:place], *heard, *around[place:]])
        return Ground(term, spoken, tuple(gap.join(parts) for parts in also))

    def _span(self, language: Language, phrase: str) -> str:
        """Cut a few neighbouring words or characters out of what a customer says."""
        parts = phrase.split() if language == "en" else list(phrase)
        length = min(len(parts), self.random.randint(1, 3) if language == "en" else self.random.randint(2, 4))
        start = self.random.randint(0, len(parts) - length)
        return (" " if language == "en" else "").join(parts[start : start + length])

    def _inflected(self, language: Language, word: str) -> str:
        """Change a word the way speech does, in half of the cases."""
        if self.random.random() < 0.5:
            return word
        if language == "en":
            return word + self.random.choice(ENDINGS)
        place = self.random.randint(1, len(word))
        return word[:place] + self.random.choice(PARTICLES) + word[place:]
