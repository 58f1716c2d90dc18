"""What a recommendation says about itself: how sure, what would change it, what would settle it, when to ask again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ftadvisor.advisor.answer_text import answer_text
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.experiment import margin_of, rows_for
from ftadvisor.advisor.flipping import condition_text, flip_text
from ftadvisor.advisor.labels import LABELS
from ftadvisor.advisor.losing import speaks_against
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.recommendation import Flip, Recommendation
from ftadvisor.advisor.recommendation_view import recommendation_lines
from ftadvisor.advisor.whatif import open_questions, situation_of
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import speaking
from ftadvisor.knowledge.question import Question
from ftadvisor.knowledge.rule import Rule
from ftadvisor.knowledge.sources import Evidence, short_titles
from rich.cells import cell_len

Draw = Callable[[int], Iterator[Profile]]
LANGUAGES = ("zh", "en")
POLICIES: dict[str, Any] = {
    "task_type": "qa",
    "knowledge_volatility": "static",
    "knowledge_tokens": 30_000,
    "labelled_examples": 5000,
    "style_need": "strict",
    "failure_mode": "inconsistent_behaviour",
    "base_model_params_b": 7,
    "vram_gb": 24,
}


def advice(**answers: Any) -> Recommendation:
    """Return the advice for some answers."""
    return recommend(profile_from(answers))


def flip_of(found: Recommendation, field: str) -> Flip:
    """Return the change of one answer."""
    return next(flip for flip in found.flips if flip.field == field)


def test_a_change_is_told_as_a_sentence_in_both_languages() -> None:
    found = advice(
        task_type="qa", knowledge_tokens=30_000, knowledge_volatility="static", failure_mode="missing_knowledge"
    )
    flip = flip_of(found, "knowledge_volatility")
    with speaking("en"):
        assert flip_text(flip) == f"if the knowledge changed {flip.to}: retrieval (RAG)"
    with speaking("zh"):
        assert flip_text(flip).startswith("如果知识")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_other_answer_can_be_told(language: str) -> None:
    with speaking(language):  # type: ignore[arg-type]
        for question in load(Question).values():
            for option in question.option:
                for known in (0, 10**12) if question.kind == "number" else ("something",):
                    told = condition_text(Flip(field=question.id, from_=known, to=option.value, label="rag"))
                    assert told.startswith("如果" if language == "zh" else "if ")


def test_a_number_is_told_where_the_advice_turns() -> None:
    """One example more, or one step of memory more, and the advice is still the same."""
    found = advice(**POLICIES)
    fewer = flip_of(found, "labelled_examples")
    assert fewer.from_ == 5000
    assert advice(**POLICIES | {"labelled_examples": fewer.to}).label == fewer.label != found.label
    assert advice(**POLICIES | {"labelled_examples": fewer.to + 1}).label == found.label
    memory = flip_of(found, "vram_gb")
    assert advice(**POLICIES | {"vram_gb": memory.to + 1}).label == found.label != memory.label


def test_few_are_told_in_words() -> None:
    with speaking("en"):
        documents = Flip(field="knowledge_tokens", from_=0, to=1, label="rag")
        assert condition_text(documents) == "if there were any documents"
        examples = Flip(field="labelled_examples", from_=0, to=1, label="finetune:lora")
        assert condition_text(examples) == "if there were a few examples"


@pytest.mark.parametrize("answers", [{}, {"task_type": "qa"}, {"training_allowed": False}])
def test_each_kind_of_mistake_leads_to_its_own_cure(answers: dict[str, Any]) -> None:
    with speaking("en"):
        found = advice(**answers)
        results = found.next_step.results
    assert found.certainty == "toss-up"
    cures = [result.partition(": ")[2] for result in results]
    assert len(set(cures)) == len(cures) >= 3
    assert "prompting (instructions only)" not in cures
    assert any("RAG" in cure for cure in cures)
    assert any("constrained" in cure for cure in cures)
    assert any("fine-tuning" in cure for cure in cures) == (answers.get("training_allowed") is not False)


def test_what_is_open_is_not_denied(drawn_profiles: Draw) -> None:
    """Where an unusual answer still changes the path, nobody is told that none would."""
    told = []
    with speaking("en"):
        for profile in drawn_profiles(100):
            situation = situation_of(profile)
            found = recommend(profile, brief=True)
            if "clearly stronger" in found.certain_because:
                changes = any(question.changes_path for question in open_questions(situation))
                assert ("other than unusual" in found.certain_because) == changes
                told.append(changes)
    assert set(told) == {True, False}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("task_type", "role_play", "role play"),
        ("language", "yo", "low-resource languages (yo)"),
        ("vram_gb", 47.0, "47"),
        ("knowledge_tokens", 150000.0, "150,000"),
        ("style_need", "strict", "exactly"),
    ],
)
def test_answers_are_told_in_words(field: str, value: object, told: str) -> None:
    with speaking("en"):
        said = answer_text(load(Question)[field], value)
    assert told in said
    assert "_" not in said


def test_the_printed_command_reads_as_people_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Answer questions from 150000 tokens of documents, every answer must cite its source, one RTX 3090"
    assert main(["recommend", "--describe", text, "--set", "budget=low", "--language", "en"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"--describe '{text}' --set budget=low" in shown


def test_flips_are_true_and_go_both_ways(drawn_profiles: Draw) -> None:
    sides = set()
    for profile in drawn_profiles(40):
        found = recommend(profile)
        for flip in found.flips:
            changed = profile.model_copy(update={flip.field: flip.to})
            assert recommend(changed, brief=True).label == flip.label != found.label
            if isinstance(flip.to, int | float) and not isinstance(flip.to, bool):
                sides.add(flip.to > flip.from_)
    assert sides == {True, False}


@pytest.mark.parametrize("language", LANGUAGES)
def test_certainty_comes_with_its_reason(language: str, drawn_profiles: Draw) -> None:
    kinds = set()
    with speaking(language):  # type: ignore[arg-type]
        for profile in [Profile(), *drawn_profiles(60)]:
            found = recommend(profile, brief=True)
            kinds.add(found.certainty)
            assert found.certain_because
    assert kinds == {"decided", "leaning", "toss-up"}


def test_an_open_answer_is_named_as_the_reason_for_leaning(drawn_profiles: Draw) -> None:
    with speaking("en"):
        open_answers = [
            found for found in map(recommend, drawn_profiles(60)) if "still open could change" in found.certain_because
        ]
        assert open_answers
        for found in open_answers:
            assert found.certainty == "leaning"
            named = found.certain_because.rpartition(": ")[2]
            assert named in [str(load(Question)[item.field].name) for item in found.assumed]


def test_no_two_paths_share_a_reason_where_there_is_another(drawn_profiles: Draw) -> None:
    for profile in drawn_profiles(60):
        found = recommend(profile, brief=True)
        paths = [other for other in found.rejected if ":" not in other.label]
        texts = [other.text for other in paths]
        assert all(other.text and other.rule in load(Rule) for other in paths)
        for other in paths:
            if texts.count(other.text) > 1:  # one rule excludes all of them, or nothing at all speaks against them
                rule = load(Rule)[other.rule]
                excluding = [effect for effect in rule.effect if effect.kind in ("exclude", "require", "avoid")]
                assert excluding or other.text != rule.because.en


def test_the_returns_assistant_turns_down_each_path_for_its_own_reason() -> None:
    found = advice(**POLICIES)
    texts = [other.text for other in found.rejected if ":" not in other.label]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "更支持“小分类器”"), ("en", "more speaks for a small classifier")]
)
def test_a_path_that_nothing_speaks_against_is_told_to_have_less_for_it(language: str, told: str) -> None:
    with speaking(language):  # type: ignore[arg-type]
        found = advice(task_type="classification", labelled_examples=500, n_classes=6)
        shown = "\n".join(recommendation_lines(found, 200))
    assert told in shown
    by_label = {other.label: load(Rule)[other.rule] for other in found.rejected}
    assert not speaks_against(by_label["prompting"], "prompting")
    assert speaks_against(by_label["rag"], "rag")


def test_the_experiment_says_how_many_rows_and_what_each_result_means() -> None:
    with speaking("en"):
        step = advice(**POLICIES).next_step
    assert step.rows == 100
    assert "100" in step.measure
    assert "±10" in step.measure
    ahead, behind, between = step.results
    assert "RAG + fine-tuning" in ahead
    assert "--label " in behind
    assert behind.partition("--label ")[2].rstrip(")") in LABELS
    assert between
    assert step.cost is not None
    assert "hours on your own 24 GB" in step.cost


@pytest.mark.parametrize(("examples", "rows"), [(None, 100), (0, 100), (12, 20), (300, 60), (5000, 100)])
def test_few_examples_leave_few_rows_to_measure_on(examples: int | None, rows: int) -> None:
    assert rows_for(examples) == rows


def test_more_rows_tell_more() -> None:
    assert margin_of(100) == 10
    assert margin_of(20) > margin_of(50) > margin_of(400)


def test_where_nothing_is_known_the_experiment_finds_out_what_goes_wrong() -> None:
    with speaking("en"):
        found = advice(task_type="qa", knowledge_tokens=10**7)
        unknown = advice(task_type="qa")
    assert unknown.certainty == "toss-up"
    assert unknown.next_step.kind == "measure"
    assert any("missing knowledge: retrieval (RAG)" in result for result in unknown.next_step.results)
    assert found.next_step.results != unknown.next_step.results


@pytest.mark.parametrize(
    ("answers", "told", "untold"),
    [
        ({"vram_gb": 24}, "your own 24 GB", "USD"),
        ({"vram_gb": 24, "privacy": "onprem_required"}, "your own 24 GB", "USD"),
        ({"vram_gb": 1000}, "Your own 1000 GB", "hours"),
        ({"vram_gb": 96, "n_gpus": 4}, "Your own 96 GB", "hours"),
        ({"vram_gb": None}, "rented", "your own"),
        ({"vram_gb": None, "privacy": "onprem_required"}, "GPU of your own", "USD"),
    ],
)
def test_a_pilot_is_costed_on_the_users_gpu_and_never_rented_where_data_must_stay(
    answers: dict[str, Any], told: str, untold: str
) -> None:
    with speaking("en"):
        found = advice(**POLICIES | answers)
        lines = " ".join(recommendation_lines(found, 400))
    assert found.estimate
    assert told in str(found.next_step.cost)
    assert untold not in str(found.next_step.cost)
    assert "batch 1, 1,024 tokens per row" in lines


def test_nothing_is_estimated_in_brief() -> None:
    found = recommend(profile_from(POLICIES), brief=True)
    assert found.next_step.cost is None
    assert found.next_step.rows


def test_it_says_when_to_ask_again() -> None:
    found = advice(**POLICIES)
    when = {review.when: review for review in found.review}
    assert set(when) == {"answer", "open", "result", "time"}
    assert "labelled_examples" in when["answer"].fields
    assert found.ask_next in when["open"].fields


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_is_about_one_screen_and_fits_it(language: str, drawn_profiles: Draw) -> None:
    with speaking(language):  # type: ignore[arg-type]
        for profile in [profile_from(POLICIES), *drawn_profiles(30)]:
            lines = "\n".join(recommendation_lines(recommend(profile), 80)).split("\n")
            assert len(lines) <= 72
            assert max(map(cell_len, lines)) <= 80


def test_sources_are_shown_by_short_titles_that_can_be_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    from ftadvisor.advisor.cli import main

    titles = list(short_titles().values())
    assert len(set(titles)) == len(titles)
    for name, source in load(Evidence).items():
        assert source.called == short_titles()[name]
    for called in ("RAFT", "SK Telecom", "New Knowledge"):
        assert main(["explain", called, "--language", "en"]) == 0
    assert "2405.05904" in capsys.readouterr().out
    with speaking("en"):
        assert "[RAFT; SK Telecom]" in "\n".join(recommendation_lines(advice(**POLICIES), 400))
