"""Build an index from sources, or bring one up to date, and keep all of it in one step."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .address import Place
from .changes import Contents, find_contents
from .chunkers import find_chunker
from .embedders import Embedder, open_embedder
from .extra import needs_extra
from .known import Known
from .limits import Limits
from .manifest import Manifest
from .records import IndexOptions, IndexSummary
from .retrievers import retriever_names
from .sources import check_sources, nothing_read
from .stores import Before, Store, Work, open_store


@dataclass(frozen=True)
class _Task:
    """Hold what a build is asked for; ``scanned`` are the sources that are looked through, None for all."""

    options: IndexOptions
    sources: Sequence[str]
    scanned: Sequence[str] | None
    limits: Limits
    progress: Progress


def build_index(
    sources: Sequence[Path],
    place: Place,
    options: IndexOptions | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> IndexSummary:
    """Build the index of some sources; readers see the old one, if there is one, until the new one is complete.

    What an index at the place holds already of the same files is not done again.

    Args:
        sources: Files and folders.
        place: Where the index is kept, a folder or a database; created when missing, a database is not.
        options: How to build it; the defaults when None.
        progress: Is told how far the work is.
        limits: What each file may unpack to; the defaults when None.

    Raises:
        UserError: A source is missing, nothing could be read, an option names nothing that exists, or the place
            cannot be written.
    """
    options = _checked(options or IndexOptions())
    check_sources(sources)
    task = _Task(options, [str(source.resolve()) for source in sources], None, limits or Limits(), progress)
    with needs_extra():
        embedder = open_embedder(options.embedder)
        store = open_store(place)
        store.check(options, task.sources)
        with store.being_built():
            return _renew(store, task, embedder, store.earlier(options, embedder))


def update_index(
    sources: Sequence[Path], place: Place, progress: Progress = silent, limits: Limits | None = None
) -> IndexSummary:
    """Bring an index up to date with its sources: what was added, changed or deleted there is here, too.

    Args:
        sources: The files and folders to look through, old ones and new ones; all that the index has when empty. One
            that the index has and that is gone takes its documents with it when it is named here.
        place: The index.
        progress: Is told how far the work is.
        limits: What each file may unpack to; the defaults when None.

    Raises:
        UserError: There is no index, it is damaged, a source is missing, or the place cannot be written.
    """
    with needs_extra():
        store = open_store(place)
        store.check(
            sources=[str(source.resolve()) for source in sources]
        )  # where no index is, none is made for its lock
        with store.being_built():
            options = store.options()
            embedder = open_embedder(options.embedder)
            earlier = store.earlier(options, embedder)
            if earlier is None:  # which sources it had is not known
                raise UserError(say("rag.damaged", path=place), say("rag.build_hint"))
            task = _update(options, sources, earlier, limits or Limits(), progress)
            return _renew(store, task, embedder, earlier)


def _update(
    options: IndexOptions, sources: Sequence[Path], earlier: Known, limits: Limits, progress: Progress
) -> _Task:
    """Return what has to be done for an update; sources that are named and gone are left out."""
    known = earlier.sources
    named = [str(source.resolve()) for source in sources]
    gone = {source for source in named if source in known and not Path(source).exists()}
    read = named if named and earlier.same else [*named, *known]
    check_sources([Path(source) for source in read if source not in gone])
    every = [source for source in dict.fromkeys([*known, *named]) if source not in gone]
    return _Task(options, every, named or None, limits, progress)


def _checked(options: IndexOptions) -> IndexOptions:
    """Return the options with the embedder's folder, if it is one, as a path that holds wherever a reader starts."""
    find_chunker(options.chunker)
    if options.retriever not in ("auto", *retriever_names()):
        names = ", ".join(("auto", *retriever_names()))
        raise UserError(say("rag.unknown_retriever", name=options.retriever, names=names))
    if options.overlap * 2 > options.chunk_tokens:
        raise UserError(say("rag.overlap_too_large", overlap=options.overlap, most=options.chunk_tokens // 2))
    folder = Path(options.embedder).expanduser()
    here = options.embedder != "builtin" and folder.is_dir()
    return options.model_copy(update={"embedder": str(folder.resolve())}) if here else options


def _renew(store: Store[Before], task: _Task, embedder: Embedder, earlier: Before | None) -> IndexSummary:
    scanned = task.sources if task.scanned is None else task.scanned
    contents = find_contents(task.sources, scanned, earlier, task.limits, task.progress)
    if not contents.items:
        raise nothing_read([Path(source) for source in task.sources], contents.unread)
    if earlier is not None and earlier.manifest.options == task.options and contents.same_as(earlier):
        store.leave(earlier)
        return _summarise(earlier.manifest, 0, contents, earlier)
    written = store.write(Work(contents, task.options, embedder, earlier, task.progress))
    return _summarise(written.manifest, written.embedded, contents, earlier)


def _summarise(manifest: Manifest, embedded: int, contents: Contents, earlier: Known | None) -> IndexSummary:
    return IndexSummary(
        documents=manifest.documents,
        chunks=manifest.chunks,
        embedder=manifest.embedder.identity,
        retriever=manifest.retriever,
        reason=say(f"rag.reason_{manifest.reason}", percent=round(100 * manifest.embedder.unknown_share)),
        embedded=embedded,
        unknown_share=manifest.embedder.unknown_share,
        truncated_share=manifest.embedder.truncated_share,
        unread=[asdict(item) for item in contents.unread],
        **contents.changes(earlier),
    )
