"""Step ``evaluate``: compare the ways to answer on held-out rows."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ...knowledge.durable import write_json
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.progress import Progress, silent
from ...rag.endpoint import is_endpoint
from ...rag.records import Hit
from ..arms import ARMS, Arm, ArmName, main_arm, make_arm
from ..compared_rows import ComparedRows, check_alike, read_compared
from ..data import Row
from ..examples import ordered
from ..metrics import FieldOptions, regular
from ..plan import ModelSource
from ..prompt import Prompt
from ..prompting import PromptingOptions, Shown, constraint_of, shown_in, whole_documents
from ..step import Result, StepContext, StepOptions
from .build_examples import Options as ExampleStep
from .build_examples import write_rows

PROMPTS = "prompts.json"
"""The first row's prompt of each arm, as the model saw it."""

RECALL_DEPTH = 10
SHOWN_LINES = 20


class _Comparison(StepOptions):
    """Say what is compared and how it is judged; stands before what the prompts show in a plan file."""

    inputs: ClassVar = ("test", "index", "finetuned", "combined", "train", "documents", "answer_schema")
    rows: ClassVar = {"test": "measure", "train": "learn"}
    needs_model: ClassVar = True

    kind: Literal["evaluate"] = "evaluate"
    test: str = Field(
        min_length=1, description="rows that training never saw: questions and answers, or text and label"
    )
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


class Options(PromptingOptions, _Comparison):
    """Describe one comparison."""

    @model_validator(mode="after")
    def _has_what_arms_need(self) -> Self:
        needs = {"finetuned": ["finetuned"], "rag": ["index"], "combined": ["index", "combined"]}
        needs |= {"few_shot": ["train"], "many_shot": ["train"], "long_context": ["documents"]}
        needs["shuffled"] = needs["combined"]
        for arm in self.arms:
            for option in needs.get(arm, []):
                if getattr(self, option) in (None, ()):
                    raise ValueError(say("evaluation.needs", arm=arm, option=option))
        return self


def execute(options: Options, context: StepContext) -> Result:
    """Answer all test rows in every way, score the answers, and keep them in ``answers.jsonl``."""
    from ..evaluate import answer_arms, cut, drawn, empty, row_record, scored
    from ..prompt_lengths import check_prompts

    path = context.input(options.test)
    held = read_compared(path)
    learnt = read_compared(context.input(options.train)) if options.train else None
    if learnt:
        check_alike({path: held.rows_as_read, context.input(str(options.train)): learnt.rows_as_read})
    check_expected(held.rows, options.fields, path)
    shown = shown_to(options, held, learnt, context.plan.prompt, context.model, context.input, context.progress)
    passages, retrieval = _retrieve(held.rows, options, context)
    arms = [_arm(name, held.rows, passages, shown, options, context) for name in options.arms]
    write_json(context.run_folder / PROMPTS, {arm.name: arm.prompts[0] for arm in arms})
    check_prompts(arms, context.model, options.max_new_tokens, context.progress)
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
    result = scored(held, learnt, answerings, options, ours, context, shown.constraint)
    records = [row_record(row, place, passages, answerings) for place, row in enumerate(held.rows)]
    write_rows(context.run_folder / "answers.jsonl", records)
    return {
        "rows": len(held.rows),
        **result,
        "retrieval": retrieval,
        "examples": list(drawn(records, options.examples, context.seed)),
        "shown": dict(shown.counts),
        "cut": dict(cut(arms, answerings)),
        "empty": dict(empty(answerings)),
    }


def shown_to(
    options: Options,
    held: ComparedRows,
    learnt: ComparedRows | None,
    prompt: Prompt,
    model: ModelSource,
    find: Callable[[str], Path],
    progress: Progress = silent,
) -> Shown:
    """Return what the arms show; whatever does not fit or cannot run here is refused before a model is loaded.

    Args:
        options: Of the comparison.
        held: The held-out rows.
        learnt: Rows to draw examples from; None where there are none.
        prompt: The plan's.
        model: The untuned model.
        find: Gives the place of a file that the options name.
        progress: Is told before anything is fetched.

    Raises:
        UserError: Names what does not fit or is not installed.
    """
    from ..constrained import check_installed
    from ..window import window_of

    schema = find(options.answer_schema) if options.answer_schema else None
    constraint = None
    if "constrained" in options.arms or schema or options.choices:
        constraint = constraint_of(options, options.format, options.fields, held, learnt, schema)
    if "constrained" in options.arms and not is_endpoint(model.source):
        check_installed()
    room = partial(window_of, model, options.window, options.max_new_tokens, progress)
    documents = [find(name) for name in options.documents] if "long_context" in options.arms else []
    texts = whole_documents(documents) if documents else []
    return shown_in(options.arms, options, prompt, held, learnt, room, constraint, texts)


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
    name: ArmName,
    rows: Sequence[Row],
    passages: Sequence[Sequence[Hit]],
    shown: Shown,
    options: Options,
    context: StepContext,
) -> Arm:
    adapters = {"finetuned": options.finetuned, "combined": options.combined, "shuffled": options.combined}
    adapter = adapters.get(name)
    tuned = context.input(adapter) if adapter and not is_endpoint(adapter) else adapter
    return make_arm(
        name,
        rows,
        shown.prompts.get(name, context.plan.prompt),
        passages,
        tuned,
        context.seed,
        options.rag_examples,
        shown.documents,
        shown.constraint,
    )
