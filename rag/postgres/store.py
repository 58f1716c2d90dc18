"""Build an index in a database in one transaction."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..address import Address
from ..embedders import Embedder
from ..generation import choose, describe
from ..records import IndexOptions
from ..sources import clean
from ..stores import Work, Written
from .connection import Session
from .earlier import Earlier, earlier_of
from .parts import DatabaseParts, remove_parts
from .schema import INDEXES, State, create_tables, no_index, prepare, read_state, write_state
from .structure import choose_structure
from .vectors import measured_reach, reuse_vectors, write_vectors
from .writer import CorpusWriter

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('ftadvisor ' || $1, 0))"
_WAITING = "SET LOCAL lock_timeout = '1s'"
_GENERATIONS = """
SELECT nspname::text, generation FROM pg_namespace, "{index}".ftadvisor_index
WHERE starts_with(nspname::text, $1 || '#')
"""
_SCHEMAS = "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname::text, $1 || '#')"


class Database:
    """Keep one index in a database.

    Args:
        address: The index.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._session: Session

    def check(self, options: IndexOptions | None = None, sources: Sequence[str] = ()) -> None:
        """Verify that nothing is asked for that a database lacks, and that there is an index where options are None."""
        for source in sources:
            if clean(source) != source:
                shown = os.fsencode(source).decode("utf-8", "backslashreplace")
                raise UserError(say("postgres.source_name", source=shown), say("postgres.source_name_hint"))
        if options is not None:
            if options.structure == "ivf":
                raise UserError(say("postgres.no_ivf"), "ftadvisor rag build --structure hnsw")
            return
        with Session(self._address) as session:
            if read_state(session) is None:
                raise no_index(self._address)

    @contextmanager
    def being_built(self) -> Iterator[None]:
        """Hold a transaction for the time of the block, which other builds of the same index cannot have."""
        with Session(self._address) as session:
            self._begin(session)
            prepare(session)
            session.run("COMMIT")
            self._begin(session)
            self._session = session
            yield
            session.run("COMMIT")
            self._remove_others()

    def _begin(self, session: Session) -> None:
        """Begin a transaction that no other build of this index has.

        Raises:
            UserError: Another build has it.
        """
        session.run("BEGIN")
        session.run("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0")
        if not session.one(_LOCK, self._address.index)[0]:
            raise UserError(say("rag.busy", folder=self._address), say("rag.busy_hint"))

    def options(self) -> IndexOptions:
        """Return what the index was built with."""
        return self._state().manifest.options

    def earlier(self, options: IndexOptions, embedder: Embedder) -> Earlier | None:
        """Return the index that is there; None if there is none, or a damaged one or one of another version."""
        self._session.run("SAVEPOINT earlier")
        try:
            return earlier_of(self._session, self._state(), options, embedder)
        except UserError:
            self._session.run("ROLLBACK TO earlier")  # a statement that failed spoils its transaction
            return None

    def leave(self, earlier: Earlier) -> None:
        """Leave everything as it is."""

    def write(self, work: Work[Earlier]) -> Written:
        """Change the tables, or fill new ones if the earlier index was made otherwise."""
        earlier, session = work.earlier, self._session
        fresh = earlier is None or not earlier.same
        generation = self._next_generation() if earlier is None or fresh else earlier.state.generation
        if fresh:
            create_tables(session, generation, work.embedder.dimension)
        writer = CorpusWriter(session, work, fresh)
        writer.add_new()
        if earlier is not None and earlier.own:
            reuse_vectors(session, earlier, writer.first_chunk)
        writer.remove_gone()
        writer.add_words()
        writer.write_files()
        if fresh:
            session.run(INDEXES)
        return self._finish(work, writer, generation)

    def _finish(self, work: Work[Earlier], writer: CorpusWriter, generation: int) -> Written:
        session, earlier = self._session, work.earlier
        reach, numbers = measured_reach(session, work)
        choice = choose(work.options, reach)
        embedded, structure, leeway = 0, None, 0
        if choice.retriever == "bm25":
            session.run("DELETE FROM vectors")
        else:
            with Session(self._address) as beside:
                embedded = write_vectors(session, work, numbers[reach.readable], DatabaseParts(beside))
            remove_parts(session)
            before = None if earlier is None or not earlier.same else earlier.state
            structure, leeway = choose_structure(session, work, choice.retriever, before, writer.first_chunk)
        documents, _ = writer.counts()
        manifest = describe(work, reach, choice, structure, documents)
        (tokens,) = session.one("SELECT coalesce(sum(length), 0)::bigint FROM chunks")
        keys = session.rows("SELECT DISTINCT jsonb_object_keys(filters) FROM documents")
        state = State(generation, manifest, work.contents.sources, [key for (key,) in keys], tokens, leeway)
        write_state(session, state)
        return Written(manifest, embedded)

    def _state(self) -> State:
        state = read_state(self._session)
        if state is None:
            raise no_index(self._address)
        return state

    def _next_generation(self) -> int:
        index = self._address.index
        names = [name for (name,) in self._session.rows(_SCHEMAS, index)]
        return 1 + max((int(name.rpartition("#")[2]) for name in names), default=0)

    def _remove_others(self) -> None:
        """Remove the tables of earlier generations, but those that somebody still reads: the next build tries again.

        Another build may have gone on already, so what counts and what there is are looked up at one moment, and what
        is later is left alone.
        """
        session, index = self._session, self._address.index
        for name, generation in session.rows(_GENERATIONS.format(index=index), index):
            if int(name.rpartition("#")[2]) < generation:
                with suppress(UserError):
                    session.run(f'BEGIN; {_WAITING}; DROP SCHEMA "{name}" CASCADE; COMMIT')
                session.run("ROLLBACK")
