"""Facts follow from answers, and unknown answers leave them unknown."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.profile import FIELDS, Profile
from ftadvisor.advisor.wiring import fact_names, facts_if, facts_of, fields_behind


@pytest.mark.parametrize(
    ("fact", "answers", "value"),
    [
        ("family", {"task_type": "legal QA"}, "question_answering"),
        ("family", {"task_type": "classification", "modality": "image"}, "vision"),
        ("family", {"task_type": "qa", "modality": "image"}, "document_vision"),
        ("family", {"modality": "audio"}, "speech"),
        ("family", {}, None),
        ("labels_inputs", {"task_type": "ner"}, True),
        ("from_documents", {"task_type": "qa"}, None),
        ("from_documents", {"task_type": "qa", "knowledge_tokens": 0}, False),
        ("from_documents", {"needs_citations": True}, True),
        ("from_documents", {"task_type": "classification", "knowledge_volatility": "daily"}, False),
        ("from_documents", {"task_type": "dialogue", "knowledge_volatility": "monthly"}, True),
        ("volatile", {"knowledge_volatility": "monthly"}, False),
        ("volatile", {"knowledge_volatility": "weekly"}, True),
        ("fits_prompt", {"knowledge_tokens": 200_000}, True),
        ("fits_prompt", {"knowledge_tokens": 200_001}, False),
        ("examples_per_class", {"labelled_examples": 16, "n_classes": 2}, 8),
        ("examples_per_class", {"labelled_examples": 16}, None),
        ("failure", {"failure_mode": "unknown"}, None),
        ("closed_weights", {"base_model": "GPT-3.5-turbo"}, True),
        ("closed_weights", {"base_model": "Qwen2.5-7B"}, False),
        ("closed_weights", {"base_model": "GPT-3.5-turbo", "weights": "open"}, False),
        ("base_architecture", {"base_model": "DeBERTaV3-base"}, "encoder"),
        ("base_size_b", {"base_model": "Llama-2-7B"}, 6.738415616),
        ("has_bias", {"base_model": "Llama-3.1-8B"}, False),
        ("has_bias", {"base_model": "BERT-large"}, True),
        ("has_bias", {"base_model": "something else"}, None),
        ("language_group", {"language": "nqo"}, "unseen_script"),
        ("language_group", {"language": "zh-CN"}, "well_served"),
        ("full_fits", {"base_model_params_b": 3.2, "vram_gb": 24}, False),
        ("lora_fits", {"base_model_params_b": 7, "vram_gb": 24}, True),
        ("lora_fits", {"base_model_params_b": 1, "vram_gb": 0}, None),
        ("qlora_fits", {"base_model_params_b": 70, "vram_gb": 24}, False),
        ("qlora_fits", {"base_model_params_b": 65, "vram_gb": 48}, True),
        ("trains_here", {"vram_gb": 0}, False),
        ("trains_here", {"vram_gb": 0, "base_model_params_b": 0.3}, True),
    ],
)
def test_facts(fact: str, answers: dict[str, object], value: object) -> None:
    assert facts_of(profile_from(answers))[fact] == value


def test_nothing_is_known_of_an_empty_profile() -> None:
    known = [name for name, value in facts_of(Profile()).items() if value is not None]
    assert known == ["worded"]  # that nothing was described


def test_every_fact_depends_on_answers() -> None:
    of_answers = set(fact_names()) - {"worded"}  # which depends on the description's words
    assert all(fields_behind(name) <= set(FIELDS) and fields_behind(name) for name in of_answers)


def test_changing_one_answer_gives_the_facts_of_the_changed_profile(
    drawn_profiles: Callable[[int], Iterator[Profile]],
) -> None:
    several = list(drawn_profiles(40))
    for profile, other in pairwise(several):
        for field, value in other.answers().items():
            changed = profile.model_copy(update={field: value})
            assert facts_if(facts_of(profile), field, value) == facts_of(changed)
