"""The session with a script in the person's place: order, back, don't know, change, files, saving and resuming."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from ftadvisor.advisor.asking import Choice
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.commands._session import hold
from ftadvisor.advisor.interview import BACK, ENOUGH, OTHER, UNKNOWN, USUAL
from ftadvisor.advisor.profile_file import read_profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.session import SESSION_FILE, Session, next_field, open_unusual, save, saved
from ftadvisor.advisor.whatif import situation_of
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import use_language
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
    hold(Script("dialogue", UNKNOWN, "open"), tmp_path, quiet=True)
    before = saved(tmp_path)
    assert before is not None
    assert before.profile.task_type == "dialogue"
    assert len(before.asked) == 2
    script = Script("continue")
    hold(script, tmp_path, quiet=True)
    assert f"3. {load(Question)[next_field(before) or ''].text}" in script.text


def test_starting_anew_forgets_the_answers(tmp_path: Path) -> None:
    hold(Script("dialogue"), tmp_path, quiet=True)
    script = Script("anew")
    hold(script, tmp_path, quiet=True)
    assert script.text.count(f"1. {load(Question)['task_type'].text}") == 1


def test_back_asks_the_question_before_again_and_keeps_the_answers_before_it(tmp_path: Path) -> None:
    first = next_field(Session().answered("task_type", "dialogue")) or ""
    option = str(load(Question)[first].option[0].value)
    hold(Script("dialogue", option, BACK, BACK, "generation"), tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert session.profile.task_type == "generation"


def test_not_knowing_tells_how_to_find_out_and_leaves_the_answer_unknown(tmp_path: Path) -> None:
    field = next_field(Session().answered("task_type", "dialogue")) or ""
    script = Script("dialogue", UNKNOWN, "open")
    hold(script, tmp_path, quiet=True)
    session = saved(tmp_path)
    assert session is not None
    assert str(load(Question)[field].find_out) in script.text
    assert getattr(session.profile, field) is None
    assert field in session.asked
    assert next_field(session) != field


def test_a_question_is_never_asked_twice_and_the_session_ends() -> None:
    session = Session()
    while field := next_field(session):
        assert field not in session.asked
        session = session.answered(field, None)
    assert len(session.asked) <= len(load(Question))


def test_it_stops_when_no_answer_can_change_the_advice() -> None:
    session = Session()
    answers = {"task_type": "qa", "knowledge_volatility": "weekly", "needs_citations": True}
    while field := next_field(session):
        session = session.answered(field, answers.get(field))
    situation = situation_of(session.profile)
    for field in set(load(Question)) - set(session.asked):
        if load(Question)[field].usual is None and not load(Question)[field].when:
            assert {label for _, label in situation.tried(field)} <= {situation.label}, field


def test_what_is_usual_is_checked_with_one_question(tmp_path: Path) -> None:
    session = _without_questions()
    unusual = open_unusual(session)
    assert unusual, "the test needs a session in which something unusual would matter"
    save(session, tmp_path)
    script = Script("continue", USUAL, "leave")
    assert hold(script, tmp_path, quiet=True) == 0
    found = saved(tmp_path)
    assert found is not None
    assert {field: getattr(found.profile, field) for field in unusual} == {f: load(Question)[f].usual for f in unusual}


def test_what_is_unusual_is_asked_for(tmp_path: Path) -> None:
    session = _without_questions()
    field = open_unusual(session)[0]
    save(session, tmp_path)
    other = next(option.value for option in load(Question)[field].option if option.value != load(Question)[field].usual)
    hold(Script("continue", field, str(other)), tmp_path, quiet=True)
    found = saved(tmp_path)
    assert found is not None
    assert getattr(found.profile, field) == other


def _without_questions() -> Session:
    """Return a session in which only what is unusual could still change the advice."""
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    while field := next_field(session):
        session = session.answered(field, None)
    return session


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
    session = Session().answered("task_type", "generation").answered("failure_mode", "inconsistent_behaviour")
    while (following := next_field(session)) != field:
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
    return [ENOUGH] if next_field(session) or open_unusual(session) else []


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


def test_the_profile_replays_to_the_same_advice(tmp_path: Path) -> None:
    session = Session().answered("task_type", "qa").answered("knowledge_volatility", "weekly")
    save(session, tmp_path)
    hold(Script("continue", *_enough(session), "plan", "", "", "leave"), tmp_path, quiet=True)
    assert recommend(read_profile(tmp_path / "profile.yaml")).label == recommend(session.profile).label
    assert read_profile(tmp_path / "profile.yaml").origins["task_type"] == "asked"
