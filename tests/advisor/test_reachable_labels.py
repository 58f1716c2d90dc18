"""Every label is recommended for some plausible profile."""

import pytest
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.labels import LABELS, PATHS, VARIANTS, variants_of
from ftadvisor.advisor.rules import judge
from ftadvisor.advisor.weighing import weigh
from ftadvisor.advisor.wiring import facts_of

#: A plausible profile for every label that a path and one of its variants make.
REACHED: dict[str, dict[str, object]] = {
    "prompting:zero_shot": {"task_type": "translation", "labelled_examples": 0},
    "prompting:few_shot": {"task_type": "ner", "labelled_examples": 30},
    "prompting:many_shot": {"task_type": "classification", "n_classes": 77, "labelled_examples": 300},
    "prompting:long_context": {"task_type": "qa", "knowledge_tokens": 50_000, "knowledge_volatility": "static"},
    "prompting:constrained": {"task_type": "extraction", "failure_mode": "format", "format_need": "json"},
    "rag": {"task_type": "qa", "knowledge_volatility": "weekly", "needs_citations": True},
    "classifier:setfit": {"task_type": "classification", "n_classes": 5, "labelled_examples": 60},
    "classifier:encoder": {"task_type": "classification", "labelled_examples": 5000},
    "classifier:embeddings_linear": {
        "task_type": "image_classification",
        "modality": "image",
        "labelled_examples": 300,
    },
    "classifier:tfidf": {
        "task_type": "classification",
        "n_classes": 2,
        "labelled_examples": 100_000,
        "latency": "realtime",
        "vram_gb": 0,
        "budget": "low",
        "volume": "high",
    },
    "finetune:lora": {"task_type": "dialogue", "style_need": "strict", "labelled_examples": 3000, "vram_gb": 24},
    "finetune:qlora": {
        "task_type": "dialogue",
        "style_need": "strict",
        "labelled_examples": 3000,
        "vram_gb": 24,
        "base_model_params_b": 14,
    },
    "finetune:ia3": {"task_type": "style_transfer", "n_tasks": 5000, "labelled_examples": 1000},
    "finetune:adapter": {
        "task_type": "classification",
        "base_model": "BERT-large",
        "n_tasks": 26,
        "labelled_examples": 3000,
        "forgetting_sensitive": True,
    },
    "finetune:prefix_tuning": {
        "task_type": "data_to_text",
        "base_model_params_b": 0.8,
        "n_tasks": 12,
        "labelled_examples": 300,
    },
    "finetune:p_tuning_v2": {"task_type": "ner", "n_tasks": 10, "labelled_examples": 5000, "base_model_params_b": 0.3},
    "finetune:bitfit": {
        "task_type": "classification",
        "base_model": "BERT-large",
        "n_tasks": 20,
        "labelled_examples": 2000,
        "adapter_storage_mb": 3,
    },
    "finetune:adalora": {
        "task_type": "extractive_qa",
        "base_model": "roberta-base",
        "n_tasks": 10,
        "labelled_examples": 5000,
    },
    "finetune:prompt_tuning": {
        "task_type": "style_transfer",
        "base_model_params_b": 70,
        "n_tasks": 500,
        "labelled_examples": 600,
        "adapter_storage_mb": 0.5,
        "vram_gb": 320,
    },
    "finetune:p_tuning": {
        "task_type": "classification",
        "base_model": "llama-3-70b",
        "n_tasks": 500,
        "labelled_examples": 900,
        "adapter_storage_mb": 0.5,
        "vram_gb": 320,
    },
    "finetune:full": {
        "task_type": "code_generation",
        "failure_mode": "inconsistent_behaviour",
        "labelled_examples": 200_000,
        "base_model_params_b": 7,
        "vram_gb": 640,
    },
    "finetune:api": {
        "task_type": "dialogue",
        "style_need": "strict",
        "labelled_examples": 800,
        "base_model": "gpt-4o-mini",
        "privacy": "api_ok",
    },
    "continued_pretraining": {
        "task_type": "code_generation",
        "knowledge_tokens": 20_000_000_000,
        "knowledge_volatility": "static",
        "budget": "high",
    },
} | {
    f"rag+finetune:{method}": {
        "task_type": "qa",
        "needs_citations": True,
        "style_need": "strict",
        "labelled_examples": 3000,
        "knowledge_tokens": 5_000_000,
        **more,
    }
    for method, more in {
        "lora": {"base_model_params_b": 8, "vram_gb": 48},
        "qlora": {"base_model_params_b": 14, "vram_gb": 24},
        "full": {"base_model_params_b": 7, "vram_gb": 640, "labelled_examples": 200_000},
        "ia3": {"base_model_params_b": 8, "n_tasks": 5000},
        "prompt_tuning": {"base_model_params_b": 70, "n_tasks": 500, "adapter_storage_mb": 0.5, "vram_gb": 320},
        "api": {"base_model": "gpt-4o-mini", "privacy": "api_ok"},
    }.items()
}

#: Chosen for labelling or for many little sets of examples, where nothing is read from documents.
NOT_WITH_DOCUMENTS = {
    f"rag+finetune:{method}" for method in ("adapter", "prefix_tuning", "p_tuning_v2", "bitfit", "adalora", "p_tuning")
}


@pytest.mark.parametrize(("label", "answers"), REACHED.items(), ids=REACHED)
def test_a_plausible_profile_reaches_the_label(label: str, answers: dict[str, object]) -> None:
    profile = profile_from(answers)
    assert not profile.problems
    assert weigh(judge(facts_of(profile))).label() == label


def test_every_label_is_reached() -> None:
    """A path that has variants is recommended with one of them, never alone."""
    alone = {path for path in PATHS if variants_of(path) in PATHS and VARIANTS[variants_of(path)]}
    assert set(REACHED) == LABELS - alone - NOT_WITH_DOCUMENTS
