"""Find the settings under which an index answers a user's own questions best, and say what each was worth.

Settings are changed stage by stage, each stage starting from the best so far: chunking, embedder, fusion, reranking.
The questions of one half choose; those of the other half, which chose nothing, say what the choice was worth.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .address import Place
from .build import build_index
from .embedders import open_embedder
from .embedding import embed_batches
from .evaluate import check_questions
from .index import Index, open_index
from .inspect import inspect_index
from .metrics import ndcg_at_k, recall_at_k
from .questions import Question
from .records import IndexOptions
from .rerankers import open_reranker
from .search import SearchOptions, search
from .tuned import SearchSettings, Trial, Tuned

CHUNKINGS: Mapping[str, Mapping[str, object]] = {
    "structure 384": {"chunker": "structure", "chunk_tokens": 384, "overlap": 0},
    "structure 192": {"chunker": "structure", "chunk_tokens": 192, "overlap": 0},
    "structure 192, overlap 48": {"chunker": "structure", "chunk_tokens": 192, "overlap": 48},
    "sentences": {"chunker": "sentences", "chunk_tokens": 384, "overlap": 0},
    "no titles": {"headers": "none"},
}
WEIGHTS = (0.05, 0.3, 1.0, 1.5, 3.0)
DEPTHS = (1, 3, 5, 10, 20)
NEARLY = 0.99
"""A depth is deep enough when it finds this share of what the deepest finds."""
LEAST_QUESTIONS = 20
RESAMPLES = 2000
SAMPLE = 16
"""Chunks that are embedded to learn how long a build takes."""


class Outlook(NamedTuple):
    """Say how much work lies ahead."""

    builds: int
    trials: int
    minutes: float


class _Asked(NamedTuple):
    """Hold what one setting found, question by question."""

    ndcg: list[float]
    ranked: list[list[str]]
    seconds: float


@dataclass(frozen=True)
class _State:
    """Hold the best settings so far, the index of them, and what it found."""

    options: IndexOptions
    index: Index
    search: SearchOptions
    asked: _Asked


def outlook(index: Index, questions: Sequence[Question], embedders: Sequence[str], reranker: str | None) -> Outlook:
    """Return how long tuning may take, by embedding a few chunks and asking a few questions.

    Args:
        index: To be tuned.
        questions: The user's.
        embedders: Names of further embedders.
        reranker: A folder, or None.
    """
    names = [index.manifest.options.embedder, *embedders]
    chunkings = len(_chunkings(index.manifest.options))
    texts = [index.chunks[place].searchable for place in range(min(SAMPLE, len(index.chunks)))]
    seconds = {name: _embedding_seconds(name, texts) * len(index.chunks) / len(texts) for name in names}
    started = perf_counter()
    for question in questions[:SAMPLE]:
        index.search(question.question, max(DEPTHS))
    asking = (perf_counter() - started) / min(SAMPLE, len(questions)) * len(questions)
    trials = 1 + chunkings + len(embedders) + 2 + len(WEIGHTS) + (reranker is not None)
    total = chunkings * seconds[names[0]] + sum(seconds[name] for name in embedders) + trials * asking
    return Outlook(chunkings + len(embedders), trials, total / 60)


def _embedding_seconds(name: str, texts: Sequence[str]) -> float:
    embedder = open_embedder(name)
    started = perf_counter()
    embed_batches(embedder, texts, "passage")
    return perf_counter() - started


def tune(
    place: Place,
    questions: Sequence[Question],
    embedders: Sequence[str] = (),
    reranker: str | None = None,
    progress: Progress = silent,
    seed: int = 17,
) -> Tuned:
    """Try settings, and return the best with what each was worth.

    Args:
        place: The index; its sources are read again for every way of cutting them.
        questions: Questions with the documents that answer them.
        embedders: Names of embedders to try beside the index' own.
        reranker: Folder of a cross-encoder to try, or None.
        progress: Is told how many settings were tried.
        seed: Of the division into halves, and of the intervals.

    Raises:
        UserError: There are too few questions, one names no document of the index, or a source is gone.
    """
    if len(questions) < LEAST_QUESTIONS:
        raise UserError(say("tune.too_few", count=len(questions), least=LEAST_QUESTIONS), say("tune.too_few_hint"))
    index = open_index(place)
    check_questions(index, questions)
    order = list(questions)
    random.Random(seed).shuffle(order)
    with TemporaryDirectory() as work:
        return _Tuner(place, order, Path(work), progress, seed).run(index, embedders, reranker)


class _Tuner:
    """Run the stages."""

    def __init__(self, place: Place, questions: Sequence[Question], work: Path, progress: Progress, seed: int) -> None:
        self._sources = [Path(source) for source in inspect_index(place).sources]
        self._questions, self._half = questions, len(questions) // 2
        self._work, self._progress, self._seed = work, progress, seed
        self._trials: list[Trial] = []

    def run(self, index: Index, embedders: Sequence[str], reranker: str | None) -> Tuned:
        """Return the best settings."""
        start = _State(index.manifest.options, index, SearchOptions(max(DEPTHS)), self._ask(index, None))
        best = self._stage("chunking", start, self._chunked(start))
        best = self._stage("embedder", best, self._embedded(best, embedders))
        best = self._stage("fusion", best, self._fused(best))
        if reranker is not None:
            best = self._stage("reranking", best, self._reranked(best, reranker))
        low, high = self._interval(best.asked, start.asked)
        return Tuned(
            build=best.options,
            search=SearchSettings(top_k=self._depth(best), rerank=reranker if best.search.reranker else None),
            questions=(self._half, len(self._questions) - self._half),
            before=self._measured(start.asked),
            after=self._measured(best.asked),
            gain=round(self._gain(best.asked, start.asked), 4),
            low=low,
            high=high,
            recall=self._recall(best.asked),
            made=round(sum(question.made for question in self._questions) / len(self._questions), 4),
            trials=self._trials,
        )

    def _chunked(self, best: _State) -> Iterator[tuple[str, _State]]:
        for name, changes in _chunkings(best.options).items():
            yield name, self._built(best, changes)

    def _embedded(self, best: _State, embedders: Sequence[str]) -> Iterator[tuple[str, _State]]:
        for name in embedders:
            if name != best.options.embedder:
                yield name, self._built(best, {"embedder": name, "retriever": "auto", "dense_weight": None})

    def _fused(self, best: _State) -> Iterator[tuple[str, _State]]:
        yield "bm25", self._ranked(best, "bm25", None)
        if best.index.embedder is not None:
            yield "dense", self._ranked(best, "dense", None)
            for weight in WEIGHTS:
                yield f"hybrid 1:{weight:g}", self._ranked(best, "hybrid", weight)

    def _reranked(self, best: _State, reranker: str) -> Iterator[tuple[str, _State]]:
        options = replace(best.search, reranker=open_reranker(reranker))
        yield reranker, replace(best, search=options, asked=self._ask(best.index, options))

    def _ranked(self, best: _State, retriever: str, weight: float | None) -> _State:
        index = best.index.ranked_by(retriever, weight)
        options = best.options.model_copy(update={"retriever": retriever, "dense_weight": weight})
        return replace(best, index=index, options=options, asked=self._ask(index, best.search))

    def _built(self, best: _State, changes: Mapping[str, object]) -> _State:
        options = best.options.model_copy(update=changes)
        folder = self._work / str(len(list(self._work.iterdir())))
        started = perf_counter()
        build_index(self._sources, folder, options, self._progress)
        index = open_index(folder)
        asked = self._ask(index, best.search)
        return _State(options, index, best.search, asked._replace(seconds=perf_counter() - started))

    def _stage(self, stage: str, before: _State, tried: Iterator[tuple[str, _State]]) -> _State:
        """Return the best state of a stage; the one before it where none is better on the choosing questions."""
        states = list(tried)
        best = max([before, *(state for _, state in states)], key=lambda state: self._chosen_by(state.asked))
        for name, state in states:
            low, high = self._interval(state.asked, before.asked)
            trial = Trial(
                stage=stage,
                name=name,
                chosen_by=self._chosen_by(state.asked),
                measured=self._measured(state.asked),
                gain=round(self._gain(state.asked, before.asked), 4),
                low=low,
                high=high,
                taken=state is best,
                seconds=round(state.asked.seconds, 1),
            )
            self._trials.append(trial)
        return best

    def _ask(self, index: Index, options: SearchOptions | None) -> _Asked:
        started = perf_counter()
        options = options or SearchOptions(max(DEPTHS))
        hits = []
        for number, question in enumerate(self._questions, start=1):
            hits += search(index, [question.question], options)
            self._progress(say("tune.trying", number=len(self._trials) + 1), number, len(self._questions))
        ranked = [[hit.document for hit in found] for found in hits]
        pairs = zip(ranked, self._questions, strict=True)
        ndcg = [ndcg_at_k(names, question.answered_by, 10) for names, question in pairs]
        return _Asked(ndcg, ranked, perf_counter() - started)

    def _chosen_by(self, asked: _Asked) -> float:
        return round(_mean(asked.ndcg[: self._half]), 4)

    def _measured(self, asked: _Asked) -> float:
        return round(_mean(asked.ndcg[self._half :]), 4)

    def _gain(self, asked: _Asked, before: _Asked) -> float:
        return _mean(self._differences(asked, before))

    def _differences(self, asked: _Asked, before: _Asked) -> list[float]:
        pairs = zip(asked.ndcg[self._half :], before.ndcg[self._half :], strict=True)
        return [one - two for one, two in pairs]

    def _interval(self, asked: _Asked, before: _Asked) -> tuple[float, float]:
        """Return the interval of 95 % of the mean difference, over resampled questions.

        Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3 (percentiles).
        """
        import numpy as np

        values = np.array(self._differences(asked, before))
        draws = np.random.default_rng(self._seed).integers(0, len(values), (RESAMPLES, len(values)))
        low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
        return round(float(low), 4), round(float(high), 4)

    def _recall(self, asked: _Asked) -> dict[str, float]:
        pairs = list(zip(asked.ranked, self._questions, strict=True))[self._half :]
        return {
            str(depth): round(_mean([recall_at_k(names, each.answered_by, depth) for names, each in pairs]), 4)
            for depth in DEPTHS
        }

    def _depth(self, best: _State) -> int:
        recall = self._recall(best.asked)
        return next(depth for depth in DEPTHS if recall[str(depth)] >= NEARLY * recall[str(max(DEPTHS))])


def _chunkings(options: IndexOptions) -> dict[str, Mapping[str, object]]:
    """Return the ways of cutting that the index does not use already."""
    own = options.model_dump()
    return {
        name: changes
        for name, changes in CHUNKINGS.items()
        if any(own[field] != value for field, value in changes.items())
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
