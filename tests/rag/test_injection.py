"""Sentences that speak to a model are found, others are left alone."""

import json
from pathlib import Path

import pytest
from ftadvisor.rag.evidence import trimmed_sentences
from ftadvisor.rag.injection import speaks_to_model

from .planted import HARMLESS, PLANTED_CHINESE, PLANTED_ENGLISH


@pytest.mark.parametrize("sentence", [*PLANTED_ENGLISH, *PLANTED_CHINESE])
def test_planted_instructions_are_found(sentence: str) -> None:
    assert speaks_to_model(sentence)


@pytest.mark.parametrize("sentence", HARMLESS)
def test_ordinary_sentences_are_left_alone(sentence: str) -> None:
    assert not speaks_to_model(sentence)


@pytest.mark.parametrize("name", ["xquad_en", "cmrc2018_trial", "drcd_dev"])
def test_hardly_a_sentence_of_an_encyclopaedia_is_taken_for_an_instruction(name: str, data: Path) -> None:
    lines = (data / name / "passages.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    sentences = [text[start:end] for text in texts for start, end in trimmed_sentences(text)]
    assert sum(map(speaks_to_model, sentences)) <= len(sentences) / 1000
