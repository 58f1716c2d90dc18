"""Step ``evaluate``: compare the ways to answer on held-out rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.endpoint import is_endpoint
from ...rag.records import Hit
from ..arms import ARMS, Arm, ArmName, main_arm, make_arm
from ..data import Row, read_rows
from ..examples import ordered
from ..metrics import FieldOptions, regular
from ..step import Result, StepContext, StepOptions
from .build_examples import Options as ExampleStep
from .build_examples import write_rows

RECALL_DEPTH = 10
SHOWN_LINES = 20


class Options(StepOptions):
    """Describe one comparison."""

    inputs: ClassVar = ("test", "index", "finetuned", "combined")
    rows: ClassVar = {"test": "measure"}
    needs_model: ClassVar = True

    kind: Literal["evaluate"] = "evaluate"
    test: str = Field(min_length=1, description="JSONL rows that training never saw")
    arms: tuple[ArmName, ...] = Field(min_length=1, description=f"ways to answer: {', '.join(ARMS)}")
    index: str | None = Field(None, description="the index that passages are retrieved from")
    top_k: int | None = Field(None, ge=1, le=50, description="passages per question; null: as in build_examples, or 3")
    finetuned: str | None = Field(None, description="adapter trained without passages, or a tuned model's endpoint")
    combined: str | None = Field(None, description="adapter trained with passages, or a tuned model's endpoint")
    format: str | None = Field(None, description="regular expression of a whole answer; named groups are fields")
    fields: tuple[FieldOptions, ...] = Field(
        (), description="what in an answer is right or wrong; empty: compare texts"
    )
    rag_examples: bool = Field(True, description="show the prompt's examples to the untuned model with passages, too")
    max_new_tokens: int = Field(128, ge=1, description="longest answer in tokens")
    batch_size: int = Field(16, ge=1, description="questions answered at a time")
    requests: int = Field(4, ge=1, le=64, description="requests that an endpoint gets at a time")
    examples: int = Field(6, ge=0, description="rows that the report shows with all answers")

    @field_validator("format")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else regular(pattern)

    @field_validator("arms")
    @classmethod
    def _each_once(cls, arms: tuple[ArmName, ...]) -> tuple[ArmName, ...]:
        return tuple(dict.fromkeys(arms))

    @model_validator(mode="after")
    def _has_what_arms_need(self) -> Self:
        needs = {"finetuned": ["finetuned"], "rag": ["index"], "combined": ["index", "combined"]}
        needs["shuffled"] = needs["combined"]
        for arm in self.arms:
            for option in needs.get(arm, []):
                if getattr(self, option) is None:
                    raise ValueError(say("evaluation.needs", arm=arm, option=option))
        return self


def execute(options: Options, context: StepContext) -> Result:
    """Answer all test rows in every way, score the answers, and keep them in ``answers.jsonl``."""
    from ..evaluate import answer_arms, compare, drawn, row_record

    path = context.input(options.test)
    rows = read_rows(path)
    check_expected(rows, options.fields, path)
    passages, retrieval = _retrieve(rows, options, context)
    arms = [_arm(name, rows, passages, options, context) for name in options.arms]
    answerings = answer_arms(
        arms,
        context.model,
        options.max_new_tokens,
        options.batch_size,
        context.checkpoints,
        context.progress,
        options.requests,
    )
    ours = main_arm(context.plan.label, options.arms) or options.arms[-1]
    result = compare(rows, answerings, options.format, options.fields, ours, context.seed)
    records = [row_record(row, place, passages, answerings) for place, row in enumerate(rows)]
    write_rows(context.run_folder / "answers.jsonl", records)
    examples = drawn(records, options.examples, context.seed)
    return {"rows": len(rows), **result, "retrieval": retrieval, "examples": list(examples)}


def check_expected(rows: Sequence[Row], fields: Sequence[FieldOptions], path: Path) -> None:
    """Verify that each row of a file says what is right for each field.

    Raises:
        UserError: A right value is missing, or is not one of the field's values; names the lines.
    """
    problems = []
    for field in fields:
        lines = [str(row.line) for row in rows if field.name not in row.expected]
        if lines:
            shown = ", ".join(lines[:SHOWN_LINES]) + (", ..." if len(lines) > SHOWN_LINES else "")
            problems.append(say("evaluation.no_expected", field=field.name, lines=shown))
        for row in rows:
            value = row.expected.get(field.name)
            if field.values is not None and value is not None and value not in field.values:
                problems.append(say("evaluation.wrong_expected", field=field.name, value=value, line=row.line))
    if problems:
        head = say("problems.in_file", path=path, count=len(problems))
        raise UserError("\n".join([head, *problems[:SHOWN_LINES]]), say("evaluation.expected_hint"))


def _retrieve(rows: Sequence[Row], options: Options, context: StepContext) -> tuple[list[list[Hit]], Result | None]:
    """Return each row's passages in the order that training showed them, and how good retrieval was."""
    if options.index is None:
        return [], None
    from ...rag.index import open_index
    from ..evaluate import retrieval_recall
    from ..oracles import OracleFinder

    context.progress(say("evaluation.retrieving"), 0, None)
    index = open_index(context.input(options.index))
    finder = OracleFinder(index)
    finder.check(rows)
    top_k, rank_order = _as_trained(options, context)
    found = index.search_many([row.question for row in rows], max(top_k, RECALL_DEPTH))
    oracles = [finder.find(row, hits) for row, hits in zip(rows, found, strict=True)]
    shown = [ordered(hits[:top_k], rank_order, context.seed, row.id) for row, hits in zip(rows, found, strict=True)]
    return shown, {"top_k": top_k, **retrieval_recall(found, oracles)}


def _as_trained(options: Options, context: StepContext) -> tuple[int, bool]:
    """Return the number and the order of passages that the plan's training rows have."""
    for step in reversed(context.plan.steps[: context.number - 1]):
        if isinstance(step, ExampleStep):
            return options.top_k or step.top_k, step.rank_order
    return options.top_k or 3, True


def _arm(
    name: ArmName, rows: Sequence[Row], passages: Sequence[Sequence[Hit]], options: Options, context: StepContext
) -> Arm:
    adapters = {"finetuned": options.finetuned, "combined": options.combined, "shuffled": options.combined}
    adapter = adapters.get(name)
    tuned = context.input(adapter) if adapter and not is_endpoint(adapter) else adapter
    return make_arm(name, rows, context.plan.prompt, passages, tuned, context.seed, options.rag_examples)
