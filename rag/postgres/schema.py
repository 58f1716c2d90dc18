"""The tables of an index.

A schema named like the index holds one row that says what counts; the tables with its content are in a schema of their
own, so that other tables, of other vectors, can take their place in one step.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..address import Address
from ..manifest import Manifest
from .connection import Session

OLDEST_PGVECTOR = (0, 8)  # goes on through its graph until enough chosen chunks are found
TABLES = ("documents", "chunks", "postings", "vectors", "files")

_STATE = """
CREATE SCHEMA IF NOT EXISTS "{index}";
CREATE TABLE IF NOT EXISTS "{index}".ftadvisor_index (
    generation integer NOT NULL,
    manifest text NOT NULL,
    sources text[] NOT NULL,
    keys text[] NOT NULL,
    tokens bigint NOT NULL,
    leeway integer NOT NULL
)
"""
_TABLES = """
CREATE SCHEMA "{schema}";
SET LOCAL search_path TO "{schema}", "{extension}";
CREATE TABLE documents (
    id integer PRIMARY KEY, place integer NOT NULL, first_chunk integer NOT NULL, chunks integer NOT NULL,
    name text NOT NULL, own text NOT NULL, title text NOT NULL, metadata json NOT NULL, filters jsonb NOT NULL,
    markup text NOT NULL, text text NOT NULL, digest bytea NOT NULL
);
CREATE TABLE chunks (
    id integer PRIMARY KEY, document integer NOT NULL, number integer NOT NULL, first integer NOT NULL,
    last integer NOT NULL, text text NOT NULL, header text NOT NULL, key bytea NOT NULL,
    length integer NOT NULL, tokens integer NOT NULL, unknown integer NOT NULL
);
CREATE TABLE postings (
    token bigint, block integer, size integer NOT NULL, entries bigint[] NOT NULL, PRIMARY KEY (token, block)
);
CREATE TABLE vectors (chunk integer PRIMARY KEY, embedding vector({dimension}) NOT NULL);
CREATE TABLE files (
    place integer PRIMARY KEY, source integer NOT NULL, name text NOT NULL, digest text NOT NULL,
    documents integer NOT NULL, complete boolean NOT NULL
)
"""
INDEXES = """
CREATE INDEX ON documents (first_chunk);
CREATE INDEX ON documents USING hash (name);
CREATE INDEX ON documents USING gin (filters jsonb_path_ops);
CREATE UNIQUE INDEX ON chunks (document, number);
CREATE INDEX ON chunks (key);
ANALYZE documents, chunks, postings, vectors
"""


@dataclass(frozen=True)
class State:
    """Hold what an index' one row says.

    Attributes:
        generation: Number of the tables that count.
        manifest: What the index consists of.
        sources: Absolute paths of the sources.
        keys: What documents can be chosen by.
        tokens: Tokens of all chunks, repeated ones included.
        leeway: Chunks that may still come or go before the vectors' graph is measured again.
    """

    generation: int
    manifest: Manifest
    sources: list[str]
    keys: list[str]
    tokens: int
    leeway: int


def read_state(session: Session) -> State | None:
    """Return what an index says about itself; None if there is none.

    Raises:
        UserError: It was written by another version of this program.
    """
    index = session.address.index
    (there,) = session.one("SELECT to_regclass($1) IS NOT NULL", f'"{index}".ftadvisor_index')
    columns = "generation, manifest, sources, keys, tokens, leeway"
    row = session.row(f'SELECT {columns} FROM "{index}".ftadvisor_index') if there else None
    if row is None:
        return None
    generation, manifest, *rest = row
    try:
        return State(generation, Manifest.model_validate_json(manifest), *rest)
    except ValidationError as error:
        raise UserError(say("rag.other_version", folder=session.address), say("rag.build_hint")) from error


def write_state(session: Session, state: State) -> None:
    """Make a state count from the commit on."""
    index = session.address.index
    session.run(f'DELETE FROM "{index}".ftadvisor_index')
    values = (
        state.generation,
        state.manifest.model_dump_json(),
        state.sources,
        state.keys,
        state.tokens,
        state.leeway,
    )
    session.change(f'INSERT INTO "{index}".ftadvisor_index VALUES ($1, $2, $3, $4, $5, $6)', *values)


def no_index(address: Address) -> UserError:
    """Return the error for an address without an index."""
    return UserError(say("rag.no_index", folder=address), say("rag.build_hint"))


def prepare(session: Session) -> None:
    """Create the index' own schema and the extension where they are missing.

    Raises:
        UserError: The server lacks pgvector or has an old one, a right is missing, or the schema is somebody else's.
    """
    index = session.address.index
    if session.row("SELECT 1 FROM pg_extension WHERE extname = 'vector'") is None:
        if session.row("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'") is None:
            raise UserError(say("postgres.no_pgvector", address=session.address), say("postgres.pgvector_hint"))
        session.run("CREATE EXTENSION vector")
    known = session.one("SELECT to_regclass($1) IS NOT NULL", f'"{index}".ftadvisor_index')[0]
    (used,) = session.one(
        "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($1))", f'"{index}"'
    )
    if used and not known:
        raise UserError(say("postgres.other_schema", name=index), say("postgres.address_hint"))
    session.run(_STATE.format(index=index))


def create_tables(session: Session, generation: int, dimension: int) -> None:
    """Create empty tables, and let all following statements of the transaction mean these."""
    schema, extension = schema_name(session.address, generation), extension_schema(session)
    session.run(_TABLES.format(schema=schema, extension=extension, dimension=dimension))


def use_tables(session: Session, generation: int) -> None:
    """Let all following statements of the transaction mean the tables of a generation."""
    schema, extension = schema_name(session.address, generation), extension_schema(session)
    session.run(f'SET LOCAL search_path TO "{schema}", "{extension}"')


def schema_name(address: Address, generation: int) -> str:
    """Return the name of the schema with the tables; none that an index can have."""
    return f"{address.index}#{generation}"


def extension_schema(session: Session) -> str:
    """Return where pgvector's types are.

    Raises:
        UserError: The database lacks pgvector, or has an old one.
    """
    statement = "SELECT nspname::text, extversion FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
    row = session.row(f"{statement} WHERE extname = 'vector'")
    if row is None:
        raise UserError(say("postgres.no_pgvector", address=session.address), say("postgres.pgvector_hint"))
    schema, version = row
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PGVECTOR:
        oldest = ".".join(map(str, OLDEST_PGVECTOR))
        problem = say("postgres.old_pgvector", address=session.address, version=version, oldest=oldest)
        raise UserError(problem, "ALTER EXTENSION vector UPDATE")
    return str(schema)
