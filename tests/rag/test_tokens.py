"""Tokens of lexical search."""

import pytest
from ftadvisor.rag.tokens import token_starts, tokenize
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("退货", ["退", "货", "退货"]),
        ("7天内退", ["7", "天", "内", "退", "天内", "内退"]),
        ("ABC123", ["abc123"]),
        ("Returning returned RETURNS", ["return", "return", "return"]),
        ("T恤", ["t", "恤"]),
        ("ストア", ["ス", "ト", "ア", "スト", "トア"]),
        ("naïve Übung", ["naïv", "übung"]),
        ("。!?", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_widths_and_cases_are_folded() -> None:
    assert tokenize("ＡＢＣ　１２３") == tokenize("abc 123")


@given(st.text())
def test_any_text_has_tokens_and_ascending_starts(text: str) -> None:
    tokenize(text)
    starts = token_starts(text)
    assert starts == sorted(set(starts))
    assert all(not text[start].isspace() for start in starts)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_text_takes_a_short_way_to_the_same_tokens(text: str) -> None:
    assert tokenize(text) == tokenize(f"{text} 退")[:-1]
