"""What every generator of answers promises."""

from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules

import pytest
from ftadvisor.rag import generators
from ftadvisor.rag.evidence import sentences_of
from ftadvisor.rag.follow_up import Turn
from ftadvisor.rag.generators import Draft, Generator, Passage, open_generator
from ftadvisor.rag.records import Hit

from ..rag.chat_server import ChatServer

TEXT = "The bridge was opened in 1932. 故宫建成于1420年。"
KINDS = ("endpoint", "extractive", "local")


@pytest.fixture(params=KINDS)
def generator(request: pytest.FixtureRequest, tiny_model: Path) -> Iterator[Generator]:
    server = ChatServer(lambda path, body: (200, ["The bridge was opened ", "in 1932 [1]."]))
    names = {"endpoint": f"{server.url}#any", "extractive": "extractive", "local": str(tiny_model)}
    yield open_generator(names[request.param])
    server.close()


def test_every_kind_is_tested() -> None:
    assert set(KINDS) == {each.name for each in iter_modules(generators.__path__) if not each.name.startswith("_")}


@pytest.mark.parametrize("question", ["When was the bridge opened?", "故宫是哪一年建成的？", "?", ""])
def test_a_draft_names_passages_that_there_are(generator: Generator, question: str) -> None:
    sentences = sentences_of(question, [Hit("a", 0, 0, len(TEXT), 1.0, TEXT)], lambda token: 1.0)
    pieces: list[str] = []
    draft = generator.answer(question, [Passage("a", "", TEXT)], sentences, pieces.append)
    assert isinstance(draft, Draft)
    assert all(isinstance(piece, str) for piece in pieces)
    for said in draft.said:
        assert said.text.strip()
        assert set(said.passages) <= {0}
        assert said.source is None or TEXT[said.source.start : said.source.end] == said.text
    if draft.short is not None:
        assert draft.said[0].source is not None
        assert 0 <= draft.short[0] < draft.short[1] <= len(draft.said[0].text)


def test_a_question_in_full_is_a_question(generator: Generator) -> None:
    full = generator.in_full("And the tower?", [Turn("When was the bridge opened?", "1932")])
    assert full.strip()
