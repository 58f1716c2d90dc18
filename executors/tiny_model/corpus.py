"""The text that the embedded model learns from: generated, bilingual, made of choices among passages."""

from collections.abc import Callable, Sequence
from random import Random

from ..prompt import Message, Prompt
from .grounds import Ground, Grounds, nonsense
from .words import LANGUAGES, SENSES, Language, words
from .worlds import Clause, Schema, ask, passage, schema_for

SHAPES = "A-000 A00 AA-00 0.0 AAA-0-0 00A A0.00 0000 A000 AA000 0-0 A-00".split()  # noqa: SIM905


FOLLOW_UPS = 0.5  # share of conversations in which the customer asks about the other passages, too
HALF_WIDTH = 0.25  # share of Chinese conversations with the punctuation of English
NARROW = str.maketrans("，：！？（）", ",:!?()")


class Corpus:
    """Draw training conversations; the same seed draws the same text.

    Args:
        seed: Seed of everything drawn.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.grounds = Grounds(self.random)

    # -- words ---------------------------------------------------------------------------------------------------
    def identifier(self) -> str:
        """Draw a clause number in one of many shapes."""
        shape = self.random.choice(SHAPES)
        draw = {"A": "ABCDEFGHJKLMNPQRSTUVWXYZ", "0": "0123456789"}
        return "".join(self.random.choice(draw[mark]) if mark in draw else mark for mark in shape)

    def thing(self, language: Language) -> str:
        """Draw what a request is about: a known service or an invented one of one to three words."""
        if self.random.random() < 0.5:
            known: list[str] = words()["things"][language]
            return self.random.choice(known)
        count = self.random.choice([1, 1, 1, 2, 3]) if language == "en" else 1
        return " ".join(self.nonsense(language) for _ in range(count))

    def nonsense(self, language: Language) -> str:
        """Draw an invented word."""
        return nonsense(self.random, language)

    def clauses(self, language: Language, count: int) -> list[Clause]:
        """Draw clauses that differ in their ground, in what they are about, or in both."""
        grounds, things = self.grounds.draw(language, count), [self.thing(language) for _ in range(count)]
        differ = self.random.choices(["ground", "thing", "both"], [0.6, 0.15, 0.25])[0]
        if differ == "ground":
            things = things[:1] * count
        elif differ == "thing":
            grounds = grounds[:1] * count
        return [self._clause(language, thing, ground) for thing, ground in zip(things, grounds, strict=True)]

    def _clause(self, language: Language, thing: str, ground: Ground) -> Clause:
        sense = self.random.choice(SENSES)
        return Clause(
            identifier=self.identifier(),
            thing=thing,
            ground=ground,
            sense=sense,
            wording=self.random.choice(words()["decisions"][language][sense]),
            days=self.random.randint(1, 90),
        )

    # -- conversations -------------------------------------------------------------------------------------------
    def repeat(self) -> list[Message]:
        """Draw a conversation that asks to say something again."""
        draws: list[Callable[[], str]] = [self.identifier, lambda: self.nonsense("en"), lambda: self.nonsense("zh")]
        draw = self.random.choice(draws)
        text = " ".join(draw() for _ in range(self.random.randint(2, 6)))
        return Prompt().messages(text, answer=text)

    def short(self, most: int) -> list[Message]:
        """Draw one to ``most`` short passages of invented words; the question has words of one of them."""
        language = self.random.choice(LANGUAGES)
        count = self.random.randint(1, most)
        numbers = [self.identifier() for _ in range(count)]
        bodies = [[self.nonsense(language) for _ in range(self.random.randint(1, 4))] for _ in range(count)]
        if self.random.random() < 0.4:  # a word that all share tells nothing
            shared = self.nonsense(language)
            bodies = [[*body, shared] for body in bodies]
        chosen = self.random.randrange(count)
        asked = self.random.sample(bodies[chosen][:4], self.random.randint(1, min(2, len(bodies[chosen]))))
        if bodies[chosen][-1] not in asked and self.random.random() < 0.5:
            asked.append(bodies[chosen][-1])
        self.random.shuffle(asked)
        if all(word in body for body in bodies for word in asked) and count > 1:
            asked.append(bodies[chosen][0])
        mark = self.random.choice([": ", " ", "\n", " = "])
        passages = [number + mark + " ".join(body) for number, body in zip(numbers, bodies, strict=True)]
        whole = self.random.random() < 0.25
        return Prompt().messages(" ".join(asked) + "?", passages, passages[chosen] if whole else numbers[chosen])

    def case(self, most: int) -> list[Message]:
        """Draw a request against one to ``most`` clauses, answered in the form that the instruction asks for."""
        language = self.random.choice(LANGUAGES)
        count = self.random.randint(1, most)
        *clauses, other = self.clauses(language, count + 1)
        schema = schema_for(self.random, language)
        passages = [passage(self.random, language, clause, self.nonsense) for clause in clauses]
        prompt = Prompt(instruction=schema.instruction if self.random.random() < 0.97 else "")
        if self.random.random() < 0.05 and other.ground.spoken not in [clause.ground.spoken for clause in clauses]:
            return prompt.messages(ask(self.random, language, other), passages, words()["missing"][language])
        chosen = self.random.choice(clauses)
        return self._answered(prompt, schema, language, chosen, clauses, passages)

    def _answered(
        self,
        prompt: Prompt,
        schema: Schema,
        language: Language,
        chosen: Clause,
        clauses: Sequence[Clause],
        passages: Sequence[str],
    ) -> list[Message]:
        turns = prompt.messages(ask(self.random, language, chosen), passages, schema.answer(self.random, chosen))
        others = [clause for clause in clauses if clause is not chosen]
        if self.random.random() < FOLLOW_UPS:  # more to learn from passages that were read once
            for other in self.random.sample(others, min(len(others), 2)):
                turns += Prompt().messages(ask(self.random, language, other), None, schema.answer(self.random, other))
        return [half_width(turn) for turn in turns] if self.random.random() < HALF_WIDTH else turns

    def wording(self) -> list[Message]:
        """Draw wordings of decisions to be named by the labels that earlier turns show."""
        language = self.random.choice(LANGUAGES)
        labels = dict(zip(SENSES, self.random.choice(words()["labels"][language]), strict=True))
        turns: list[Message] = []
        for _ in range(self.random.randint(4, 8)):
            sense = self.random.choice(SENSES)
            text = self.random.choice(words()["decisions"][language][sense])
            subject = self.thing(language) + (" " if language == "en" else "")
            turns += Prompt().messages(subject + text, None, labels[sense])
        return turns


def half_width(turn: Message) -> Message:
    """Return a turn with the punctuation that English uses, as people type it in Chinese, too."""
    return Message(role=turn["role"], content=turn["content"].translate(NARROW))
