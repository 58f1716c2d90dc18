"""The session with a script in the person's place: order, back, don't know, change, files, saving and resuming."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.asking import Choice
from ftadvisor.advisor.checking import BACK, CHANGE, DONE, ENOUGH, UNKNOWN, answers_to
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.commands._session import hold
from ftadvisor.advisor.interview import OTHER, ROWS
from ftadvisor.advisor.measured import seen_in_rows
from ftadvisor.advisor.profile_file import read_profile
from ftadvisor.advisor.prospects import prospects_of
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.session import ACCEPTED, CHECK, SESSION_FILE, Session, next_question, save, saved, statements
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import say, use_language
from ftadvisor.knowledge.prior import written
from ftadvisor.knowledge.question import Question


class Script:
    """Answer from a list, and then press Ctrl-C; keep what was shown."""

    width = 80

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.shown: list[str] = []

    def tell(self, text: str = "") -> None:
        self.shown.append(text)

    def choose(self, question: str, choices: Sequence[Choice], preset: str | None = None) -> str:
        self.shown.append(question)
        answer = self._next()
        assert answer in [choice.value for choice in choices], f"{answer!r} is not offered for {question!r}"
        return answer

    def write(self, question: str, check: Callable[[str], str | None], preset: str = "") -> str:
        self.shown.append(question)
        while problem := check(answer := self._next()):
            self.shown.append(problem)
        return answer

    def _next(self) -> str:
        if not self.answers:
            raise KeyboardInterrupt
        return self.answers.pop(0)

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    use_language("en")
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi: the machine's GPU must not decide a test
    yield
    use_language(None)


def test_the_task_comes_first_and_each_question_says_why(tmp_path: Path) -> None:
    script = Script()
    assert hold(script, tmp_path, quiet=True) == 130
    question = load(Question)["task_type"]
    assert f"1. {question.text}" in script.text
    assert str(question.why) in script.text


def test_every_answer_is_saved_and_a_stopped_session_goes_on(tmp_path: Path) -> None:
    hold(Script("dialogue", DONE, UNKNOWN, "open"), tmp_path, quiet=True)
    before = saved(tmp_path)
    assert before is not None
    assert before.profile.task_type == "dialogue"
    assert len(before.asked) == 3
    script = Script("continue")
    hold(script, tmp_path, quiet=True)
    assert f"4. {load(Question)[next_question(before) or ''].text}" in script.text


def test_starting_anew_forgets_the_answers(tmp_path: Path) -> None:
    hold(Script("dialogue"), tmp_path, quiet=True)
    script = Script("anew")
    hold(script, tmp_path, quiet=True)
    assert script.text.count(f"1. {load(Question)['task_type'].text}") == 1


def test_back_asks_the_question_before_again_and_keeps_the_answers_before_it(tmp_path: Path) -> None:
    first = next_question(_checked("dialogue")) or ""
    option = str(load(Question)[first].option[0].value)
    hold(Script("dialogue", DONE, option, BACK, BACK, BACK, "generation"), tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.task_type == "generation"
    assert str(getattr(session.profile, first)) == option


def test_any_earlier_answer_can_be_changed_at_any_question(tmp_path: Path) -> None:
    first = next_question(_checked("dialogue")) or ""
    one, other = (str(option.value) for option in load(Question)[first].option[:2])
    script = Script("dialogue", DONE, one, CHANGE, first, other, CHANGE, "training_allowed", "False")
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert str(getattr(session.profile, first)) == other
    assert session.profile.training_allowed is False
    assert session.profile.task_type == "dialogue"


def test_not_knowing_tells_how_to_find_out_and_leaves_the_answer_unknown(tmp_path: Path) -> None:
    field = next_question(_checked("dialogue")) or ""
    script = Script("dialogue", DONE, UNKNOWN, "open")
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert str(load(Question)[field].find_out) in script.text
    assert getattr(session.profile, field) is None
    assert field in session.asked
    assert next_question(session) != field


def _checked(task: str) -> Session:
    """Return a session on a task in which all is as usual."""
    session = Session().answered("task_type", task)
    return session.with_check(answers_to(statements(session), {}))


def test_a_question_is_never_asked_twice_and_the_session_ends() -> None:
    session = Session()
    while field := next_question(session):
        assert field == CHECK or field not in session.asked
        listed = {field for field, _ in statements(session)}
        session = session.with_check(dict.fromkeys(listed)) if field == CHECK else session.answered(field, None)
    assert len(session.asked) <= len(load(Question))


def test_it_stops_when_the_open_answers_are_unlikely_to_change_the_advice() -> None:
    session = _checked("qa")
    answers = {"knowledge_volatility": "weekly", "needs_citations": True}
    while field := next_question(session):
        session = session.answered(field, answers.get(field))
    assert prospects_of(session.profile, session.asked).change_share() <= ACCEPTED
    assert len(session.asked) < len(load(Question)) / 2


def test_what_is_usual_is_checked_with_one_question_early_on(tmp_path: Path) -> None:
    script = Script("qa", DONE)
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert session.asked == ("task_type", CHECK)
    for field in ("retrieval_possible", "training_allowed", "n_tasks"):
        assert getattr(session.profile, field) == load(Question)[field].usual


def test_what_was_not_on_the_list_is_not_taken_as_answered() -> None:
    listed = statements(Session().answered("task_type", "qa"))
    left_out = [("label_quality", "clean"), ("label_quality", "noisy")]
    assert not set(left_out) <= set(listed), "the test needs a question of which not all answers matter"
    assert answers_to(listed, {})["label_quality"] is None


def test_exceptions_are_marked_on_the_list_and_can_be_unmarked(tmp_path: Path) -> None:
    script = Script("qa", "retrieval_possible=false", "n_tasks=10", "n_tasks=5000", "training_allowed=false",
                    "training_allowed=false", DONE)  # fmt: skip
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.retrieval_possible is False
    assert session.profile.n_tasks == 5000
    assert session.profile.training_allowed is True


def test_going_back_to_the_list_shows_what_was_marked(tmp_path: Path) -> None:
    script = Script("qa", "retrieval_possible=false", DONE, BACK, "training_allowed=false", DONE)
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.retrieval_possible is False
    assert session.profile.training_allowed is False
    assert session.asked.count(CHECK) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_unusual_is_told_as_whole_statements(language: str) -> None:
    use_language(language)  # type: ignore[arg-type]
    for question in load(Question).values():
        for option in question.option:
            if question.usual not in (None, option.value):
                said = say(f"session.statement.{question.id}_{written(option.value)}")
                assert str(question.name) + "：" not in said
                assert len(said) > 4
    if language == "zh":
        assert say("session.statement.forgetting_sensitive_true") == "模型现有能力一点都不能变差"


def test_not_knowing_what_is_unusual_leaves_it_open(tmp_path: Path) -> None:
    hold(Script("qa", UNKNOWN), tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.training_allowed is None
    assert next_question(session) != CHECK


def test_the_end_says_how_firm_the_advice_is(tmp_path: Path) -> None:
    save(_checked("qa"), tmp_path)
    script = Script("continue", ENOUGH, "leave")
    hold(script, tmp_path, quiet=True)
    assert "the questions that were not asked change this advice in about" in script.text


def test_a_wrong_number_is_asked_for_again(tmp_path: Path) -> None:
    session = _before("labelled_examples")
    save(session, tmp_path)
    script = Script("continue", OTHER, "many", "5k")
    hold(script, tmp_path, quiet=True)
    found = saved(tmp_path)
    assert found is not None
    assert found.profile.labelled_examples == 5000
    assert "'many'" in script.text


def test_rows_are_counted_in_the_users_file(tmp_path: Path) -> None:
    save(_before("labelled_examples"), tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"question": "q", "answer": "a"}\n' * 3)
    script = Script("continue", OTHER, "rows.jsonl")
    hold(script, tmp_path, quiet=True)
    found = saved(tmp_path)
    assert found is not None
    assert found.profile.labelled_examples == 3
    assert found.profile.origins["labelled_examples"] == "detected"
    assert found.files.train == "rows.jsonl"


def _before(field: str) -> Session:
    """Return a session whose next question is for one field."""
    session = _checked("generation").answered("failure_mode", "inconsistent_behaviour")
    while (following := next_question(session)) != field:
        assert following is not None, f"{field} is never asked"
        session = session.answered(following, None)
    return session


def test_plan_and_profile_are_written_and_say_what_remains(tmp_path: Path) -> None:
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    save(session, tmp_path)
    script = Script("continue", *_enough(session), "plan", "", "", "leave")
    assert hold(script, tmp_path, quiet=True) == 0
    profile = read_profile(tmp_path / "profile.yaml")
    assert recommend(profile).label == read_plan(tmp_path / "plan.yaml").label == "rag"
    assert "What remains by hand" in script.text


def _enough(session: Session) -> list[str]:
    return [ENOUGH] if next_question(session) else []


def test_the_plan_runs_from_the_session(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "What is the colour?", "answer": "blue"}\n' * 2)
    session = Session().answered("task_type", "translation").answered("base_model", str(tiny_model))
    save(session, tmp_path)
    script = Script("continue", *_enough(session), "run", "", "test.jsonl")
    assert hold(script, tmp_path, quiet=True) == 0
    assert list(tmp_path.glob("runs/*/report.md"))


def test_changing_an_answer_changes_the_advice(tmp_path: Path) -> None:
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    save(session, tmp_path)
    script = Script("continue", *_enough(session), "change", "knowledge_volatility", "static", "leave")
    assert hold(script, tmp_path, quiet=True) == 0
    changed = saved(tmp_path)
    assert changed is not None
    assert recommend(changed.profile).label != recommend(session.profile).label


def test_an_existing_plan_is_kept_unless_the_user_wants_otherwise(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("mine")
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    save(session, tmp_path)
    hold(Script("continue", *_enough(session), "plan", "", "", "keep", "leave"), tmp_path, quiet=True)
    assert (tmp_path / "plan.yaml").read_text() == "mine"


def test_a_profile_that_is_here_saves_its_questions(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("task_type: qa\nknowledge_volatility: weekly\n")
    script = Script("continue")
    hold(script, tmp_path, quiet=True)
    assert str(load(Question)["task_type"].text) not in script.text


def test_a_profile_that_is_here_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("task_type: qa\nknowledge_volatility: weekly\n")
    before = (tmp_path / "profile.yaml").read_text()
    session = Session().answered("task_type", "translation")
    save(session, tmp_path)
    hold(Script("continue", *_enough(session), "plan", "", "", "keep", "leave"), tmp_path, quiet=True)
    assert (tmp_path / "profile.yaml").read_text() == before


def test_a_file_that_is_no_session_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SESSION_FILE).write_text("{}}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception, match=SESSION_FILE):
        saved(tmp_path)


def test_without_a_terminal_it_names_the_commands_to_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "ftadvisor recommend --profile" in capsys.readouterr().err


def test_a_file_of_examples_fills_rows_classes_language_and_suggests_the_task(tmp_path: Path) -> None:
    rows = [f'{{"question": "这件衣服有没有问题 {n}", "answer": "{"好评" if n % 2 else "差评"}"}}' for n in range(40)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    script = Script(ROWS, "no.jsonl", "rows.jsonl", "classification")
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    profile = session.profile
    assert (profile.labelled_examples, profile.n_classes, profile.language) == (40, 2, "zh")
    assert (profile.task_type, profile.origins["n_classes"]) == ("classification", "detected")
    assert session.asked == ("task_type",)
    assert session.files.train == "rows.jsonl"
    assert "There is no such file" in script.text
    assert "the number of classes: 2" in script.text


def test_texts_as_answers_are_no_classes(tmp_path: Path) -> None:
    rows = [f'{{"question": "What is the colour of {n}?", "answer": "It is {n}"}}' for n in range(40)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert seen_in_rows(tmp_path / "rows.jsonl") == {"labelled_examples": 40, "language": "en"}


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ({"text": "这件衣服掉色", "label": "差评"}, {"language": "zh", "task_type": "classification", "n_classes": 1}),
        (
            {"text": "掉色，还偏大", "labels": ["质量", "尺码"]},
            {"language": "zh", "task_type": "classification", "n_classes": 2},
        ),
        ({"tokens": ["Ann", "is", "here"], "tags": ["B-PER", "O", "O"]}, {"language": "en", "task_type": "ner"}),
        (
            {"question": "What is it?", "context": "It is blue.", "answers": {"text": ["blue"], "answer_start": [6]}},
            {"language": "en"},
        ),
        (
            {"system": "Be brief.", "instruction": "What is it?", "output": "Blue.", "history": [["Hello", "Hi"]]},
            {"language": "en"},
        ),
    ],
)
def test_rows_of_every_layout_with_answers_are_counted(
    tmp_path: Path, row: dict[str, Any], seen: dict[str, Any]
) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join([json.dumps(row)] * 3), encoding="utf-8")
    assert seen_in_rows(tmp_path / "rows.jsonl") == {"labelled_examples": 3} | seen


def test_a_file_of_texts_with_classes_answers_the_question_for_examples(tmp_path: Path) -> None:
    save(_before("labelled_examples"), tmp_path)
    (tmp_path / "rows.csv").write_text("text,label\n掉色,差评\n很好,好评\n", encoding="utf-8")
    script = Script("continue", OTHER, "rows.csv")
    hold(script, tmp_path, quiet=True)
    found = saved(tmp_path)
    assert found is not None
    assert (found.profile.labelled_examples, found.files.train) == (2, "rows.csv")


def test_the_machine_is_told_at_the_start(tmp_path: Path) -> None:
    script = Script()
    hold(script, tmp_path, quiet=True)
    assert "This machine: no NVIDIA GPU. Installed: " in script.text


def test_a_saved_session_replays_without_questions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    save(session, tmp_path)
    assert main(["recommend", "--profile", str(tmp_path / SESSION_FILE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == recommend(session.profile).label == "rag"


def test_the_profile_replays_to_the_same_advice(tmp_path: Path) -> None:
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    save(session, tmp_path)
    hold(Script("continue", *_enough(session), "plan", "", "", "leave"), tmp_path, quiet=True)
    assert recommend(read_profile(tmp_path / "profile.yaml")).label == recommend(session.profile).label
    assert read_profile(tmp_path / "profile.yaml").origins["task_type"] == "asked"
