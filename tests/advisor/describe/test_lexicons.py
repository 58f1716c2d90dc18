"""Every lexicon is read as its own examples say, and stays silent where it must."""

import json
import os
import re
from pathlib import Path

import pytest
from ftadvisor.advisor.answers import read_answer
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.profile import FIELDS
from ftadvisor.knowledge.lexicon import Lexicon
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.text import is_chinese

SHARED = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[4] / "shared"))
CASES = SHARED / "cases" / "golden_cases.jsonl"
#: So many words, or Chinese characters, in a row are no accident.
COPIED = {False: 5, True: 8}
LEXICONS = list(load(Lexicon).values())


def read(text: str, field: str) -> object:
    return next((one.value for one in understand(text, lexicons_only=True).answers if one.field == field), None)


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.id)
def test_its_examples_are_read_as_it_says(lexicon: Lexicon) -> None:
    wrong = [(one.text, found) for one in lexicon.said if (found := read(one.text, lexicon.field)) != one.value]
    assert not wrong


@pytest.mark.parametrize("lexicon", [one for one in LEXICONS if one.uncounted], ids=lambda lexicon: lexicon.id)
def test_what_is_there_in_no_said_number_is_understood_as_such(lexicon: Lexicon) -> None:
    missed = [
        one.text
        for one in lexicon.said
        if lexicon.field not in {read.field for read in understand(one.text, lexicons_only=True).uncounted}
    ]
    assert not missed
    assert not [text for text in lexicon.silent if understand(text, lexicons_only=True).uncounted]


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.id)
def test_it_is_silent_where_it_must(lexicon: Lexicon) -> None:
    found = [(text, value) for text in lexicon.silent if (value := read(text, lexicon.field)) is not None]
    spoken = [pair for pair in found if lexicon.counts or pair[1] == lexicon.value]
    assert not spoken


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.id)
def test_it_shows_an_example_in_each_language_and_one_for_silence(lexicon: Lexicon) -> None:
    assert lexicon.silent
    if not lexicon.ignored:
        assert {is_chinese(one.text) for one in lexicon.said} == {True, False}


@pytest.mark.parametrize("lexicon", LEXICONS, ids=lambda lexicon: lexicon.id)
def test_it_gives_answers_that_its_field_allows(lexicon: Lexicon) -> None:
    assert lexicon.field in FIELDS
    values = [lexicon.value, lexicon.denied, *(level.value for level in lexicon.level)]
    problems = [problem for value in values if (problem := read_answer(lexicon.field, value)[1])]
    assert not problems


def _runs(text: str, chinese: bool) -> set[tuple[str, ...]]:
    words = re.findall(r"[\u4e00-\u9fff0-9]" if chinese else r"[a-z0-9$%']+", text.lower())
    return {tuple(words[start : start + COPIED[chinese]]) for start in range(len(words) - COPIED[chinese] + 1)}


def test_no_example_is_copied_from_a_published_case() -> None:
    if not CASES.exists():
        pytest.skip(f"the published cases are not at {CASES}; set FTADVISOR_DATA to their folder")
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    described = set[tuple[str, ...]]()
    for case in cases:
        described |= _runs(case["description_en"] or "", False) | _runs(case["description_zh"] or "", True)
    copied = [
        (lexicon.id, text)
        for lexicon in LEXICONS
        for text in (*(one.text for one in lexicon.said), *lexicon.silent)
        if _runs(text, is_chinese(text)) & described
    ]
    assert not copied
