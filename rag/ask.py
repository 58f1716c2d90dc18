"""Answer a question from an index: search, screen, judge the evidence, generate, check every sentence, cite."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..knowledge.messages import Language, say_in
from ..knowledge.text import is_chinese
from .answer import Answer, Citation, Statement
from .evidence import Sentence, is_heading, sentences_of, trimmed_sentences
from .follow_up import Turn
from .generators import Draft, Generator, Passage, Piece, Said
from .index import Index
from .injection import which_speak
from .places import place_of
from .records import Hit
from .search import SearchOptions, search
from .sufficiency import evidence_of, least_evidence
from .support import LEAST_SUPPORT, best_support

Unsupported = Literal["mark", "remove"]
WITHHELD = "[...]"
"""Stands in a passage where a sentence that speaks to a model was."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Choose how questions are answered.

    Attributes:
        search: How the chunks that are read are searched.
        least_evidence: Below it the answer abstains, 0 to 1; the fitted one when None.
        unsupported: What happens to sentences that nothing bears.
    """

    search: SearchOptions = field(default_factory=SearchOptions)
    least_evidence: float | None = None
    unsupported: Unsupported = "mark"


def ask(
    index: Index,
    question: str,
    generator: Generator,
    options: AskOptions | None = None,
    history: Sequence[Turn] = (),
    piece: Piece = lambda _: None,
) -> Answer:
    """Return a checked answer with its sources, or one that says that the documents do not tell.

    Args:
        index: Where to look.
        question: May carry on the conversation.
        generator: Who writes the draft.
        options: The defaults when None.
        history: Earlier turns, oldest first.
        piece: Is told the draft's text as it comes; what is checked comes with the answer.
    """
    options = options or AskOptions()
    searched = generator.in_full(question, history) if history else question
    (hits,) = search(index, [searched], options.search)
    found = sentences_of(searched, hits, index.words.rarity)
    injected = _speaking(found)
    clean = [each for each in found if each not in injected and not _heads(index, each)]
    least = least_evidence(searched) if options.least_evidence is None else options.least_evidence
    evidence = evidence_of(clean)
    draft = Draft([])
    if clean and evidence >= least:
        draft = generator.answer(searched, [_passage(index, hit) for hit in hits], clean, piece)
    statements = [_checked(index, said, hits, clean) for said in draft.said]
    kept = tuple(each for each in statements if each.supported or options.unsupported == "mark")
    abstained = not any(each.supported for each in kept)
    language: Language = "zh" if is_chinese(question) else "en"
    gap = "" if language == "zh" else " "
    return Answer(
        question=question,
        searched=searched,
        text=say_in(language, "answers.abstained") if abstained else gap.join(each.text for each in kept),
        short=None if abstained else _short(index, draft),
        statements=() if abstained else kept,
        abstained=abstained,
        cut=draft.cut,
        evidence=evidence,
        least_evidence=least,
        injected=tuple(cite(index, each.document, each.start, each.end) for each in injected),
        hits=hits,
    )


def cite(index: Index, document: str, start: int, end: int) -> Citation:
    """Return the citation of a stretch of a document."""
    source = index.documents[document]
    return Citation(document, start, end, source.text[start:end], place_of(source, start, end))


def _heads(index: Index, sentence: Sentence) -> bool:
    return is_heading(sentence.text) and index.documents[sentence.document].markup == "markdown"


def _speaking(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return those that speak to a model, judged in the order in which they stand in their documents."""
    order = sorted(sentences, key=lambda sentence: (sentence.document, sentence.start))
    flags = which_speak([sentence.text for sentence in order])
    return [sentence for sentence, speaks in zip(order, flags, strict=True) if speaks]


def _passage(index: Index, hit: Hit) -> Passage:
    text = hit.text
    spans = list(trimmed_sentences(text))
    flags = which_speak([text[start:end] for start, end in spans])
    for (start, end), speaks in reversed([*zip(spans, flags, strict=True)]):
        if speaks:
            text = text[:start] + WITHHELD + text[end:]
    return Passage(hit.document, index.documents[hit.document].title, text)


def _checked(index: Index, said: Said, hits: Sequence[Hit], sentences: Sequence[Sentence]) -> Statement:
    """Return a sentence with what bears it best: in the passages that it names, else in any."""
    if said.source is not None:
        source = said.source
        citation = cite(index, source.document, source.start, source.end)
        return Statement(said.text, (citation,), 1.0, citation.text == said.text)
    named = [sentence for sentence in sentences if sentence.hit in said.passages]
    support = best_support(said.text, named, index.words.rarity, index.embedder)
    if support.score < LEAST_SUPPORT:
        anywhere = best_support(said.text, sentences, index.words.rarity, index.embedder)
        support = anywhere if anywhere.score > support.score else support
    supported = support.score >= LEAST_SUPPORT
    sources = support.sources if supported else ()
    citations = tuple(cite(index, each.document, each.start, each.end) for each in sources)
    return Statement(said.text, citations, round(support.score, 4), supported)


def _short(index: Index, draft: Draft) -> Citation | None:
    source = draft.said[0].source
    if draft.short is None or source is None:
        return None
    return cite(index, source.document, source.start + draft.short[0], source.start + draft.short[1])
