"""Step ``build_index``: cut the user's documents into passages and make them searchable."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from ...knowledge.durable import write_text
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.address import POINTER, Place, parse_address
from ...rag.chunkers import find_chunker
from ...rag.records import IndexOptions
from ...rag.retrievers import retriever_names
from ..compared_rows import read_compared
from ..oracles import OracleFinder
from ..step import OutputName, Result, StepContext, StepOptions


class _Files(StepOptions):
    """Say what is read and written; stands before the settings in a plan file."""

    inputs: ClassVar = ("sources",)

    kind: Literal["build_index"] = "build_index"
    sources: tuple[str, ...] = Field(min_length=1, description="documents: files and folders")
    output: OutputName = Field("index", description="where the index is kept in the run")
    database: str | None = Field(
        None, description="postgresql://user@host/name?index=NAME to keep the index there instead; null: in the run"
    )

    @field_validator("database")
    @classmethod
    def _names_a_database(cls, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            address = parse_address(text)
        except UserError as error:
            raise ValueError(error.message) from None
        if address.password is not None or address.key_password is not None:
            raise ValueError(say("postgres.password_in_plan"))
        return str(address)


class Options(IndexOptions, _Files):
    """Describe one index."""

    @field_validator("chunker")
    @classmethod
    def _cuts(cls, name: str) -> str:
        try:
            find_chunker(name)
        except UserError as error:
            raise ValueError(error.message) from error
        return name

    @field_validator("retriever")
    @classmethod
    def _ranks(cls, name: str) -> str:
        names = ("auto", *retriever_names())
        if name not in names:
            raise ValueError(say("problems.literal_error", value=repr(name), expected=", ".join(names)))
        return name


def execute(options: Options, context: StepContext) -> Result:
    """Build the index; what an interrupted build has embedded is not embedded again."""
    from ...rag.build import build_index

    settings = IndexOptions.model_validate(options.model_dump(include=set(IndexOptions.model_fields)))
    folder = context.plan_folder / settings.embedder
    if folder.is_dir():
        settings = settings.model_copy(update={"embedder": str(folder)})
    sources = [context.input(source) for source in options.sources]
    summary = build_index(sources, _place(options, context), settings, context.progress)
    context.event("index_built", embedded=summary.embedded)
    _check_rows(options, context)
    # what is told depends on the reader's language, how much was left to do on interruptions; a result must not
    left_to_do = {"embedded", "added", "changed", "deleted", "unchanged"}
    return {"output": options.output, **summary.model_dump(mode="json", exclude={"reason", *left_to_do})}


def _place(options: Options, context: StepContext) -> Place:
    """Return where the index is kept; the run's output points to a database, so that later steps find it there."""
    folder = context.output(options.output)
    if options.database is None:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / POINTER, options.database + "\n")
    return parse_address(options.database)


def _check_rows(options: Options, context: StepContext) -> None:
    """Verify the quotes and documents of all rows that later steps look up in this index, before anything is trained.

    Raises:
        UserError: Some are not in the index; names the files and lines.
    """
    from ...rag.index import open_index

    finder = OracleFinder(open_index(context.output(options.output)))
    for step in context.plan.steps[context.number :]:
        if getattr(step, "index", None) != options.output:
            continue
        for option in step.rows:
            if name := getattr(step, option):
                path = context.input(name)
                try:
                    finder.check(read_compared(path).rows)
                except UserError as error:
                    raise UserError(f"{path}: {error.message}", error.hint) from error
