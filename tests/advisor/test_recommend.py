"""The advice for cases whose answer is known from evidence, and what every piece of advice must hold."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.labels import LABELS, PATHS, covers
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.recommendation import Recommendation
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.question import Question
from ftadvisor.knowledge.rule import Rule
from ftadvisor.knowledge.sources import Evidence

Draw = Callable[[int], Iterator[Profile]]
USUAL: dict[str, Any] = {
    "language": "en",
    "knowledge_volatility": "static",
    "needs_citations": False,
    "style_need": "none",
    "format_need": "none",
    "latency": "relaxed",
    "privacy": "api_ok",
    "n_tasks": 1,
    "forgetting_sensitive": False,
    "budget": "medium",
    "volume": "medium",
    "modality": "text",
    "training_allowed": True,
}
#: The returns assistant of the article: vague complaints, a policy that is revised, a house voice.
RETURNS = {
    "task_type": "dialogue_generation",
    "language": "zh",
    "knowledge_volatility": "monthly",
    "knowledge_tokens": 30_000,
    "labelled_examples": 5000,
    "style_need": "strict",
    "failure_mode": "inconsistent_behaviour",
    "volume": "high",
}


def advice(**answers: Any) -> Recommendation:
    """Return the advice for an ordinary case with these answers."""
    profile = profile_from(USUAL | answers)
    assert not [problem for problem in profile.problems if str(profile.base_model) not in problem]
    return recommend(profile)


def test_the_returns_assistant_gets_retrieval_and_fine_tuning() -> None:
    found = advice(**RETURNS)
    assert found.label == "rag+finetune:lora"
    assert {"facts-and-behaviour", "facts-and-style"} <= {reason.rule for reason in found.reasons}
    assert {"prompting", "rag", "finetune"} <= {other.label for other in found.rejected}
    assert found.next_step.command.startswith("ftadvisor plan")


def test_the_returns_assistant_without_voice_and_behaviour_needs_the_prompt_only() -> None:
    calm = RETURNS | {"style_need": "light", "failure_mode": "missing_knowledge", "volume": "low"}
    assert advice(**calm).label == "prompting:long_context"


@pytest.mark.parametrize(
    ("label", "answers"),
    [
        ("prompting:zero_shot", {"task_type": "translation", "labelled_examples": 0}),
        ("prompting:few_shot", {"task_type": "ner", "labelled_examples": 12}),
        (
            "prompting:long_context",
            {"task_type": "qa", "knowledge_tokens": 20_000, "failure_mode": "missing_knowledge"},
        ),
        ("prompting:constrained", {"task_type": "extraction", "failure_mode": "format", "labelled_examples": 200}),
        ("prompting:many_shot", {"task_type": "classification", "n_classes": 80, "labelled_examples": 160}),
        ("rag", {"task_type": "qa", "knowledge_volatility": "daily", "needs_citations": True}),
        ("rag", {"task_type": "qa", "knowledge_tokens": 10**8, "failure_mode": "missing_knowledge"}),
        ("classifier:setfit", {"task_type": "classification", "n_classes": 2, "labelled_examples": 16, "vram_gb": 0}),
        ("classifier:encoder", {"task_type": "classification", "n_classes": 6, "labelled_examples": 500}),
        (
            "classifier:embeddings_linear",
            {"task_type": "image_classification", "modality": "image", "labelled_examples": 400},
        ),
        (
            "continued_pretraining",
            {
                "task_type": "qa",
                "retrieval_possible": False,
                "knowledge_tokens": 1_300_000,
                "failure_mode": "missing_knowledge",
                "budget": "high",
                "base_model_params_b": 8,
            },
        ),
        ("finetune:lora", {"task_type": "skill_acquisition", "labelled_examples": 300, "forgetting_sensitive": True}),
        (
            "finetune:qlora",
            {"task_type": "style_transfer", "labelled_examples": 2000, "base_model_params_b": 13, "vram_gb": 24},
        ),
        (
            "finetune:full",
            {"task_type": "code_generation", "labelled_examples": 10**6, "base_model_params_b": 7, "vram_gb": 640},
        ),
        (
            "finetune:ia3",
            {"task_type": "reasoning", "labelled_examples": 20_000, "base_model_params_b": 3, "n_tasks": 5000},
        ),
        (
            "finetune:adapter",
            {
                "task_type": "multi_task",
                "labelled_examples": 10_000,
                "base_model": "BERT-large",
                "n_tasks": 26,
                "forgetting_sensitive": True,
            },
        ),
        (
            "finetune:p_tuning_v2",
            {"task_type": "ner", "labelled_examples": 14_000, "base_model_params_b": 0.33, "n_tasks": 12},
        ),
        (
            "finetune:adalora",
            {"task_type": "extractive_qa", "labelled_examples": 80_000, "base_model": "DeBERTaV3-base", "n_tasks": 10},
        ),
        (
            "finetune:bitfit",
            {
                "task_type": "classification",
                "labelled_examples": 2000,
                "base_model": "BERT-large",
                "n_tasks": 30,
                "adapter_storage_mb": 2,
            },
        ),
        (
            "finetune:prompt_tuning",
            {
                "task_type": "qa",
                "labelled_examples": 150,
                "style_need": "strict",
                "failure_mode": "inconsistent_behaviour",
                "base_model_params_b": 540,
                "forgetting_sensitive": True,
            },
        ),
        (
            "finetune:api",
            {"task_type": "dialogue", "labelled_examples": 2000, "style_need": "strict", "base_model": "GPT-4.1"},
        ),
    ],
)
def test_labels_that_the_evidence_supports(label: str, answers: dict[str, Any]) -> None:
    assert advice(**answers).label == label


def test_the_articles_first_case_keeps_its_method() -> None:
    """Lung nodules in CT images with ViT: the article's LoRA stands."""
    found = advice(task_type="object_detection", modality="image", labelled_examples=8000, base_model="ViT-Base")
    assert found.label == "finetune:lora"


def test_the_articles_second_case_also_tries_an_encoder() -> None:
    """6,000 labels in three classes: the article tunes LLaMA-2-7B; a small encoder does it for less."""
    answers = {"task_type": "classification", "labelled_examples": 6000, "n_classes": 3, "base_model": "LLaMA-2-7B"}
    found = advice(language="zh", vram_gb=24, **answers)
    assert found.label == "classifier:encoder"


def test_the_articles_third_case_cannot_be_done_as_written() -> None:
    """Soft prompts on GPT-3.5-turbo: the weights are closed, and format alone needs constrained decoding."""
    answers = {
        "task_type": "dialogue",
        "labelled_examples": 10_000,
        "format_need": "template",
        "failure_mode": "format",
    }
    found = advice(base_model="GPT-3.5-turbo", volume="high", **answers)
    assert found.label == "prompting:constrained"
    traced = advice(base_model="GPT-3.5-turbo", volume="high", **(answers | {"failure_mode": "inconsistent_behaviour"}))
    assert traced.label == "finetune:api"
    assert ("finetune:prompt_tuning", "closed-weights") in {(other.label, other.rule) for other in traced.rejected}


def test_nothing_known_means_measure_first() -> None:
    found = recommend(Profile())
    assert found.label == "prompting:zero_shot"
    assert found.certainty == "toss-up"
    assert found.next_step.kind == "measure"
    assert found.ask_next is not None


def test_a_model_that_does_not_fit_is_replaced_by_a_smaller_one() -> None:
    found = advice(task_type="style_transfer", labelled_examples=2000, base_model_params_b=70, vram_gb=24)
    assert (found.label, found.base) == ("finetune:qlora", "llm<=34b")
    assert found.estimate is not None
    assert found.estimate["peak"]["high_bytes"] <= 24 * 2**30


def test_bias_terms_are_needed_for_bitfit() -> None:
    found = advice(task_type="dialogue", style_need="strict", labelled_examples=2000, base_model="Llama-3.1-8B")
    assert ("finetune:bitfit", "no-bias-terms") in {(other.label, other.rule) for other in found.rejected}


def test_an_estimate_comes_with_a_known_size() -> None:
    found = advice(**RETURNS, base_model="Llama-2-7B", vram_gb=24)
    assert found.model == "llama-2-7b"
    assert found.estimate is not None
    assert 14 * 2**30 < found.estimate["peak"]["high_bytes"] < 40 * 2**30
    assert advice(**RETURNS).estimate is None


def test_no_label_without_a_title_in_both_languages(drawn_profiles: Draw) -> None:
    from ftadvisor.knowledge.label_text import title_of

    for language in ("zh", "en"):
        use_language(language)
        try:
            titles = {label: title_of(label) for label in LABELS}
        finally:
            use_language(None)
        assert len(set(titles.values())) == len(LABELS)


def test_what_every_recommendation_holds(drawn_profiles: Draw) -> None:
    rules, evidence = load(Rule), load(Evidence)
    for profile in drawn_profiles(60):
        found = recommend(profile, brief=True)
        assert found.label in LABELS
        assert {reason.rule for reason in found.reasons} <= set(rules)
        assert {source for reason in found.reasons for source in reason.evidence} <= set(evidence)
        assert {path for path in PATHS if path != found.path} <= {other.label for other in found.rejected}
        assert not any(covers(other.label, found.label) for other in found.rejected)
        assert len({other.label for other in found.rejected}) == len(found.rejected)
        assert found.ranked[0].label == found.label
        assert "?" not in "".join(reason.text for reason in found.reasons)


def test_flips_are_true(drawn_profiles: Draw) -> None:
    for profile in drawn_profiles(12):
        for flip in recommend(profile).flips:
            assert getattr(profile, flip.field) == flip.from_
            assert recommend(profile.model_copy(update={flip.field: flip.to}), brief=True).label == flip.label


def test_an_unknown_answer_that_is_not_asked_for_changes_nothing(drawn_profiles: Draw) -> None:
    questions = load(Question)
    for profile in drawn_profiles(12):
        found = recommend(profile, brief=True)
        asked = {item.field for item in found.assumed}
        for field in questions:
            if getattr(profile, field) is None and field not in asked and not questions[field].when:
                for option in questions[field].option:
                    changed = profile.model_copy(update={field: option.value})
                    assert recommend(changed, brief=True).label == found.label, (field, option.value)


def test_the_same_profile_gets_the_same_advice(drawn_profiles: Draw) -> None:
    for profile in drawn_profiles(10):
        again = Profile.model_validate(profile.model_dump())
        assert recommend(profile).to_json() == recommend(again).to_json()


def test_brief_advice_is_the_same_advice(drawn_profiles: Draw) -> None:
    for profile in drawn_profiles(10):
        full, brief = recommend(profile), recommend(profile, brief=True)
        assert (full.label, full.certainty, full.ask_next) == (brief.label, brief.certainty, brief.ask_next)
        assert brief.flips == ()


@pytest.mark.parametrize(
    ("answers", "certainty"),
    [
        ({"task_type": "classification", "labelled_examples": 5000, "vram_gb": 24}, "decided"),
        ({"task_type": "classification", "labelled_examples": 300}, "leaning"),
        ({"task_type": "dialogue"}, "toss-up"),
    ],
)
def test_certainty_grows_with_what_the_answers_decide(answers: dict[str, object], certainty: str) -> None:
    assert recommend(Profile.model_validate(answers), brief=True).certainty == certainty
