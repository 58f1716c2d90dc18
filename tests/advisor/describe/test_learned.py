"""The learned reader: fills only what the lexicons leave open, says from which words, and was not trained on tests."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.answers import read_answer
from ftadvisor.advisor.describe.learned import AMOUNTS, answer_of, likely, read_weights
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.knowledge.load import KNOWLEDGE
from ftadvisor.knowledge.text import is_chinese

TESTS = Path(__file__).parents[1]
SHARED = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[4] / "shared"))
MOST_BYTES = 1_000_000
#: So many words, or Chinese characters, in a row are no accident.
COPIED = {False: 8, True: 13}
TOLD = {
    "en": "Our clerks have sorted these for ages and all of it is still in the archive.",
    "zh": "这些年每一封信最后归谁办，系统里全都留着。",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_examples_that_are_told_without_a_number_are_supposed_from_their_sentence(language: str) -> None:
    text = f"{TOLD[language]} RTX 4090."
    found = {one.field: one for one in understand(text).answers}
    assert found["labelled_examples"].value == AMOUNTS["labelled_examples"]["many"]
    assert not found["labelled_examples"].exact
    assert found["labelled_examples"].words in text
    assert "labelled_examples" not in {one.field for one in understand(text, lexicons_only=True).answers}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_lexicons_read_is_replaced_only_where_the_reader_was_measured_to_know_better(language: str) -> None:
    surer = read_weights(language).surer
    lines = (TESTS / "reading" / f"situations_{language}.txt").read_text(encoding="utf-8").splitlines()[:60]
    for text in (re.sub(r"\s*\{[^}]*\}", "", line) for line in lines):
        both = {one.field: one for one in understand(text).answers}
        alone = {one.field: one.value for one in understand(text, lexicons_only=True).answers if one.exact}
        replaced = {field for field, value in alone.items() if both[field].value != value}
        assert replaced <= surer.keys(), text
        assert not any(both[field].exact for field in replaced), text
        assert all(likely(text, read_weights(language))[field].probability >= surer[field] for field in replaced), text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_answer_of_the_weights_is_allowed(language: str) -> None:
    weights = read_weights(language)
    problems = []
    for field, answer in weights.answers:
        value = answer_of(field, answer)
        problems += [(field, answer)] if value is not None and read_answer(field, value)[1] else []
    assert not problems
    assert set(weights.least) == {field for field, _ in weights.answers}
    places = [place for pairs in weights.cues.values() for place in pairs[::2]]
    assert max(places) < len(weights.answers) == len(weights.constants)


def test_the_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in (KNOWLEDGE / "reading").iterdir()) < MOST_BYTES


@pytest.mark.parametrize("text", ["", " ", "?", "。", "...", "🙂", "a" * 5000])
def test_any_text_gets_probabilities(text: str) -> None:
    assert all(0 <= one.probability <= 1 for one in likely(text, read_weights("en")).values())


def test_a_profile_alone_reads_no_weights() -> None:
    profile = KNOWLEDGE / "examples" / "returns" / "profile.yaml"
    code = (
        "import sys; from ftadvisor.advisor.cli import main\n"
        f"main(['recommend', '--brief', '--quiet', '--profile', {str(profile)!r}])\n"
        "module = sys.modules.get('ftadvisor.advisor.describe.learned')\n"
        "sys.exit(bool(module and module.read_weights.cache_info().currsize))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_no_training_text_is_taken_from_a_set_that_judges() -> None:
    judged = set[tuple[str, ...]]()
    for text in _judging_texts():
        judged |= _runs(text)
    files = sorted((TESTS / "reading").glob("*.txt"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if _runs(re.sub(r"\s*\{[^}]*\}", "", line)) & judged]


def _judging_texts() -> Iterator[str]:
    names = ("described_situations", "labelled_profiles", "new_situations", "later_situations")
    files = [TESTS / f"{name}.jsonl" for name in names]
    cases = SHARED / "cases" / "golden_cases.jsonl"
    for file in [*files, *([cases] if cases.exists() else [])]:
        for line in file.read_text(encoding="utf-8").splitlines():
            yield from (value for name, value in json.loads(line).items() if name.startswith("description") and value)


def _runs(text: str) -> set[tuple[str, ...]]:
    chinese = is_chinese(text)
    words = re.findall(r"[\u4e00-\u9fff0-9]" if chinese else r"[a-z0-9$%']+", text.lower())
    return {tuple(words[start : start + COPIED[chinese]]) for start in range(len(words) - COPIED[chinese] + 1)}
