"""The file that ``rag tune`` writes and ``rag build --options`` reads: the best settings, and what each was worth."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..knowledge.durable import write_text
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.problems import problems_of
from ..knowledge.refusal import reason_of
from .records import IndexOptions


class Trial(BaseModel):
    """Hold what one setting was worth.

    Attributes:
        stage: What it belongs to: chunking, embedder, fusion, reranking.
        name: The setting.
        chosen_by: nDCG@10 on the questions that choose, 0 to 1.
        measured: nDCG@10 on the other questions.
        gain: Mean difference from the settings that were best before its stage, on the other questions.
        low: Lower end of the gain's interval of 95 %, over resampled questions.
        high: Upper end.
        taken: Whether it was the best of its stage on the questions that choose, and better than what was before.
        seconds: What building and asking took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    name: str
    chosen_by: float
    measured: float
    gain: float
    low: float
    high: float
    taken: bool
    seconds: float


class SearchSettings(BaseModel):
    """Hold what ``rag query`` and ``rag ask`` are best called with.

    Attributes:
        top_k: The fewest hits among which the answer is about as often as among twenty.
        rerank: The reranker's folder, or None where it did not pay or none was given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    top_k: int
    rerank: str | None


class Tuned(BaseModel):
    """Hold the best settings and how they were found.

    Attributes:
        build: For ``rag build --options``.
        search: For ``rag query`` and ``rag ask``.
        questions: How many questions chose, and how many measured.
        before: nDCG@10 of the index as it was, on the questions that measure.
        after: The same with the best settings.
        gain: Their mean difference.
        low: Lower end of its interval of 95 %.
        high: Upper end.
        recall: Share of the measuring questions with an answer among the first 1, 3, 5, 10 and 20.
        made: Share of the questions that were made from the documents, which flatter word matching.
        trials: All that was tried, in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    build: IndexOptions
    search: SearchSettings
    questions: tuple[int, int]
    before: float
    after: float
    gain: float
    low: float
    high: float
    recall: dict[str, float]
    made: float
    trials: list[Trial]


def read_tuned(path: Path) -> Tuned:
    """Return what ``rag tune`` wrote.

    Raises:
        UserError: The file cannot be read, or is none of ours; every problem is told.
    """
    try:
        return Tuned.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        problems = "; ".join(problem.said() for problem in problems_of(error))
        raise UserError(say("tune.wrong_options", path=path, problems=problems), say("tune.hint")) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UserError(say("tune.wrong_options", path=path, problems=reason), say("tune.hint")) from error


def write_tuned(path: Path, tuned: Tuned) -> None:
    """Write the file in one step."""
    write_text(path, tuned.model_dump_json(indent=2) + "\n")
