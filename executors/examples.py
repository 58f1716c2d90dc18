"""Build training rows for answering from retrieved passages, out of any documents and question/answer pairs.

The passages come from the very index that serves later. The oracle is the passage that holds the answer, distractors
are what the retriever finds besides it. In a share of the rows the oracle is left out and the target is a refusal, so
that the model learns to say when the passages do not hold the answer.

Source: Zhang et al. 2024, "RAFT: Adapting Language Model to Domain Specific RAG", arXiv 2403.10131, section 3. Unlike
the paper's, distractors are retrieved, not drawn at random, and rows without the oracle do not teach the answer.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from ..knowledge.text import is_chinese
from ..rag.records import Hit
from .data import Row
from .oracles import OracleFinder, Searchable, place, plain
from .prompt import Prompt


class ExampleOptions(BaseModel):
    """Choose how rows with passages are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    top_k: int = Field(3, ge=1, le=50, description="passages that a question is served with")
    distractors: int | None = Field(
        None, ge=0, le=50, description="retrieved passages per row that do not hold the answer; null for top_k - 1"
    )
    oracle_rate: float = Field(0.9, ge=0, le=1, description="share of rows whose passages hold the answer")
    refusal: str | dict[str, str] = Field(
        {"zh": "资料中没有答案。", "en": "The passages do not hold the answer."},
        description="answer of rows without the oracle; one text, or one per language of the rows",
    )
    rank_order: bool = Field(
        True, description="passages in the retriever's order; false shuffles them, also when serving"
    )

    @property
    def beside(self) -> int:
        """Passages beside the oracle."""
        return self.top_k - 1 if self.distractors is None else self.distractors


@dataclass(frozen=True)
class Built:
    """Hold what came of the rows.

    Attributes:
        rows: JSON objects with ``messages`` and, for people, where each passage comes from.
        left_out: Lines of rows for which no passage with the answer is known.
    """

    rows: list[dict[str, JsonValue]]
    left_out: list[int]


def build_examples(
    rows: Sequence[Row],
    index: Searchable,
    prompt: Prompt,
    options: ExampleOptions,
    seed: int,
    progress: Progress = silent,
) -> Built:
    """Return training rows whose prompts are what the model will see when it serves.

    Args:
        rows: Questions with answers and, if known, with a quote or with relevant documents.
        index: The index that will serve.
        prompt: The prompt that will serve.
        options: How many passages, in which order, and how often without the oracle.
        seed: Decides which rows lack the oracle, and the order of shuffled passages.
        progress: Receives how far the work is.

    Raises:
        UserError: Quotes or documents that are not in the index, each with its line; or no row can be used.
    """
    progress(say("evaluation.retrieving"), 0, None)
    finder = OracleFinder(index)
    finder.check(rows)
    # deep enough that distractors are left after oracles and false negatives are taken out
    depth = min(len(index.chunks), 4 * (options.top_k + options.beside))
    found = index.search_many([row.question for row in rows], depth)
    located = [(row, hits, finder.find(row, hits)) for row, hits in zip(rows, found, strict=True)]
    usable = [(row, hits, oracles) for row, hits, oracles in located if oracles]
    if not usable:
        raise UserError(say("evaluation.no_examples", count=len(rows)), say("evaluation.no_examples_hint"))
    answered = _chosen(len(usable), options.oracle_rate, seed)
    built = []
    for number, (row, hits, oracles) in enumerate(usable):
        built.append(_example(row, hits, oracles, number in answered, prompt, options, seed))
        progress(say("evaluation.retrieving"), number + 1, len(usable))
    return Built(built, [row.line for row, _, oracles in located if not oracles])


def ordered(hits: Sequence[Hit], rank_order: bool, seed: int, row_id: str) -> list[Hit]:
    """Return passages in the order that the model sees, in training as in serving.

    Args:
        hits: Best first.
        rank_order: Whether to leave them so.
        seed: Decides the order otherwise, together with the row.
        row_id: The row's id.
    """
    shown = list(hits)
    if not rank_order:
        random.Random(f"{seed}/{row_id}").shuffle(shown)
    return shown


def _chosen(count: int, share: float, seed: int) -> set[int]:
    return set(random.Random(f"{seed}/oracle").sample(range(count), round(share * count)))


def _example(
    row: Row,
    hits: Sequence[Hit],
    oracles: Sequence[Hit],
    answered: bool,
    prompt: Prompt,
    options: ExampleOptions,
    seed: int,
) -> dict[str, JsonValue]:
    oracle = oracles[0] if answered else None
    passages = ordered(_passages(row, hits, oracle, oracles, options), options.rank_order, seed, row.id)
    answer = row.answer if answered else _refusal(row, options)
    messages = prompt.messages(row.question, [hit.text for hit in passages], answer)
    return {
        "id": row.id,
        "messages": [{"role": turn["role"], "content": turn["content"]} for turn in messages],
        "passages": [{"document": hit.document, "chunk": hit.chunk, "oracle": hit is oracle} for hit in passages],
    }


def _passages(
    row: Row, hits: Sequence[Hit], oracle: Hit | None, oracles: Sequence[Hit], options: ExampleOptions
) -> list[Hit]:
    """Return the oracle, if any, and distractors, in the retriever's order; an oracle that it missed comes last."""
    needed = options.beside + (oracle is None)
    chosen: list[Hit] = _distractors(row, hits, oracles)[:needed]
    if oracle is not None:
        chosen.append(oracle)
    ranks = {place(hit): rank for rank, hit in enumerate(hits)}
    return sorted(chosen, key=lambda hit: ranks.get(place(hit), len(ranks)))


def _distractors(row: Row, hits: Sequence[Hit], oracles: Sequence[Hit]) -> list[Hit]:
    """Return retrieved passages that cannot answer, each text once, best first."""
    holding = {place(hit) for hit in oracles}
    telling = [plain(text) for text in (row.answer, row.quote) if text]
    seen = {plain(hit.text) for hit in oracles}
    kept = []
    for hit in hits:
        text = plain(hit.text)
        if place(hit) in holding or text in seen or any(told in text for told in telling):
            continue
        seen.add(text)
        kept.append(hit)
    return kept


def _refusal(row: Row, options: ExampleOptions) -> str:
    if isinstance(options.refusal, str):
        return options.refusal
    language = row.language or ("zh" if is_chinese(row.question) else "en")
    return options.refusal.get(language, next(iter(options.refusal.values())))
