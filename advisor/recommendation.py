"""What is recommended, why, what was turned down, and what would change it."""

from typing import Any, Literal

from ..knowledge.frozen import Frozen

Certainty = Literal["decided", "leaning", "toss-up"]


class Reason(Frozen):
    """One rule that spoke for the recommended path, in a plain sentence with its sources."""

    rule: str
    text: str
    evidence: tuple[str, ...] = ()


class Rejected(Frozen):
    """One path that was turned down, and the one rule that decided it."""

    label: str
    rule: str
    text: str


class Flip(Frozen):
    """One answer that, if it were different, would change the recommendation."""

    field: str
    from_: Any
    to: Any
    label: str


class Assumed(Frozen):
    """One unknown answer that could matter, and how it was treated."""

    field: str
    text: str


class NextStep(Frozen):
    """The cheapest useful thing to do next.

    Attributes:
        kind: What sort of step: ``measure``, ``pilot`` or ``build``.
        text: What to do, in one or two sentences.
        command: The command that does it or starts it.
        passes_if: The measured result that confirms the recommendation.
        rows: How many held-out rows the experiment takes.
        measure: What is measured on them.
        results: What each result means.
        cost: What it takes, or None where nothing honest can be said.
    """

    kind: Literal["measure", "pilot", "build"]
    text: str
    command: str
    passes_if: str
    rows: int
    measure: str
    results: tuple[str, ...]
    cost: str | None = None


class Review(Frozen):
    """One occasion to ask again: an answer changes, an open one is known, a result disappoints, or time has passed."""

    when: Literal["answer", "open", "result", "time"]
    text: str
    fields: tuple[str, ...] = ()


class NearCase(Frozen):
    """One published case that is like this one.

    Attributes:
        label: What was done there.
        agrees: Whether it speaks for the path that is recommended here.
        worked: Whether it did what they wanted there.
        alike: Fields whose answers are the same or nearly so.
        differs: Fields whose answers are far apart.
        distance: Gower's distance, 0 the same to 1; an answer that only one of the two gives counts half.
        evidence: Where it was published.
    """

    id: str
    title: str
    label: str
    agrees: bool
    worked: bool = True
    alike: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    distance: float
    evidence: tuple[str, ...] = ()


class Ranked(Frozen):
    """One path that nothing excludes, with the weight of the rules for and against it."""

    label: str
    points: float


class Moved(Frozen):
    """One statement of the article about such a case, and what is known since.

    Attributes:
        note: The id of the note.
        article: What the article says.
        now: What stands of it, and what does not.
    """

    note: str
    article: str
    now: str
    evidence: tuple[str, ...] = ()


class Recommendation(Frozen):
    """The advice for one profile; its JSON form is that of ``ftadvisor recommend --json``.

    Attributes:
        label: ``prompting``, ``rag``, ``rag+finetune:lora``, ``classifier:setfit`` ...
        base: The class of base model, such as ``encoder`` or ``llm<=8b``.
        certain_because: Why it is just as certain as that.
        model: A model of the catalogue that the estimate is for, or None.
        ranked: All paths that remain, best first.
        estimate: Memory, time and money of the training, or None when nothing is trained or the size is unknown.
        ask_next: The field whose answer could change the label most, or None when none can; the command's advice
            for one profile, if not in brief, names the field of the outlook, whose answer tells most about the label.
        cases: Published cases that are like this one; they inform and decide nothing.
        review: When to ask again.
        article: What the article says about such a case, and where the evidence has moved on.
        problems: What the profile said but was not understood.
    """

    id: str | None = None
    label: str
    base: str
    certainty: Certainty
    certain_because: str = ""
    reasons: tuple[Reason, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    flips: tuple[Flip, ...] = ()
    assumed: tuple[Assumed, ...] = ()
    ask_next: str | None = None
    model: str | None = None
    estimate: dict[str, Any] | None = None
    next_step: NextStep
    ranked: tuple[Ranked, ...] = ()
    cases: tuple[NearCase, ...] = ()
    review: tuple[Review, ...] = ()
    article: tuple[Moved, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The first part of the label: ``prompting``, ``rag``, ``rag+finetune``, ``finetune``, ``classifier`` ..."""
        return self.label.partition(":")[0]

    @property
    def variant(self) -> str | None:
        """The second part of the label, such as the fine-tuning method; None where there is none."""
        return self.label.partition(":")[2] or None

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``recommend --json`` prints."""
        return self.model_dump(mode="json")
