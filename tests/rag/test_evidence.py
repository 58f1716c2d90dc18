"""Sentences as people read them, whatever way a file breaks its lines."""

import pytest
from ftadvisor.rag.evidence import trimmed_sentences

WRAPPED = "The lights along the northern corridor are checked by the night porter, and\n{}by nobody else. Next."


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [text[start:end] for start, end in trimmed_sentences(text)]


@pytest.mark.parametrize("indent", ["", "  ", "\t"])
def test_a_line_broken_by_its_width_goes_on(indent: str) -> None:
    whole, following = sentences(WRAPPED.format(indent))
    assert whole.startswith("The lights")
    assert whole.endswith("nobody else.")
    assert following == "Next."


@pytest.mark.parametrize("mark", ["* ", "  - ", "12. ", "# ", "| ", "（一）"])
def test_what_begins_a_line_begins_a_sentence(mark: str) -> None:
    assert len(sentences(WRAPPED.format(mark))) > len(sentences(WRAPPED.format("")))


def test_an_empty_line_and_a_short_line_end_a_sentence() -> None:
    assert len(sentences(WRAPPED.format("\n"))) == 3
    assert sentences("Opening hours\nnine to five") == ["Opening hours", "nine to five"]
