"""Open an index in a database."""

from ...knowledge.errors import UserError
from ..address import Address
from ..fitting import check_tokenizer, same_embedder
from ..manifest import Manifest
from .connection import Session
from .corpus import Chunks, Documents
from .near import Retriever as Near
from .schema import TABLES, State, no_index, read_state, use_tables
from .words import Retriever as Words

_BEGIN = """
SET jit = off;
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL idle_in_transaction_session_timeout = 0
"""


def open_parts(address: Address) -> tuple[Manifest, Documents, Chunks, Words, Near | None]:
    """Return what an index consists of, as it is now: the reader's transaction never sees another state.

    Raises:
        UserError: There is no index, its embedder is another one now, or the database cannot be used.
    """
    session = Session(address)
    state = snapshot(session)
    manifest = state.manifest
    check_tokenizer(manifest, address)
    near = None
    if manifest.structure is not None:
        near = Near(session, manifest.structure, same_embedder(manifest), manifest.chunks)
    documents = Documents(session, manifest.documents, state.keys)
    words = Words(session, manifest.chunks, state.tokens)
    return manifest, documents, Chunks(session, manifest.chunks), words, near


def snapshot(session: Session) -> State:
    """Begin a transaction whose tables stay as they are, once more if a build replaced them meanwhile."""
    for last_try in (False, True):
        session.run(_BEGIN)
        state = read_state(session)
        if state is None:
            raise no_index(session.address)
        try:
            use_tables(session, state.generation)
            session.run(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS SHARE MODE")
            return state
        except UserError:
            if last_try:
                raise
            session.run("ROLLBACK")
    raise AssertionError
