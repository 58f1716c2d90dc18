"""A model behind an endpoint answers like one that lies here, several requests at a time."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from ftadvisor.executors.answerer import Said
from ftadvisor.executors.constraint import Constraint, JsonShape, Labels, Written
from ftadvisor.executors.prompt import Message, Prompt
from ftadvisor.executors.served import ServedModel
from ftadvisor.knowledge.errors import RefusedError, UserError
from ftadvisor.rag.endpoint import Endpoint

from ..rag.chat_server import ChatServer, Reply, starting_servers, without_waits
from .all_answers import all_answers

Start = Callable[[Reply], ChatServer]
LABELS = Labels(("refund", "complaint"))
SHAPE = JsonShape(
    {
        "type": "object",
        "properties": {"days": {"type": "integer"}, "kind": {"type": "string", "enum": ["sea", "air"]}},
        "required": ["days"],
        "additionalProperties": False,
    }
)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a server; where a request is made again, nobody waits for it."""
    without_waits(monkeypatch)
    with starting_servers() as started:
        yield started


def asked(*questions: str) -> list[list[Message]]:
    return [Prompt(instruction="Be brief.").messages(question) for question in questions]


def said(body: dict[str, Any]) -> str:
    """Return the question of a request."""
    return str(body["messages"][-1]["content"])


def refusal(message: str) -> tuple[int, Any]:
    return 400, {"error": {"message": message, "type": "invalid_request_error"}}


def echo(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    return 200, ["re: ", said(body)]


def ask(
    server: ChatServer, conversations: Sequence[list[Message]], constraint: Constraint | None = None, most: int = 4
) -> list[str]:
    return all_answers(ServedModel(Endpoint(server.url, "m"), most), conversations, 16, constraint)


def test_a_key_is_not_shown_with_its_endpoint() -> None:
    assert "secret" not in f"{Endpoint('http://127.0.0.1/v1', 'm', 'secret')} {[Endpoint('u', 'm', 'secret')]}"


def test_the_whole_conversation_is_sent_and_answers_are_in_order(start: Start) -> None:
    server = start(echo)
    questions = [f"q{number}" for number in range(9)]
    assert ask(server, asked(*questions)) == [f"re: {question}" for question in questions]
    path, first, _ = server.requests[0]
    assert path == "/v1/chat/completions"
    assert first["messages"] == asked("q0")[0]
    assert (first["model"], first["max_tokens"], first["temperature"]) == ("m", 16, 0)
    assert ask(server, []) == []


def test_so_many_requests_are_under_way_at_a_time_and_no_more(start: Start) -> None:
    together, lock, counts = threading.Barrier(3, timeout=60), threading.Lock(), SimpleNamespace(now=0, most=0)

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if said(body) != "q0":  # the first goes alone
            with lock:
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            together.wait()  # breaks where fewer than three come
            with lock:
                counts.now -= 1
        return echo(path, body)

    questions = [f"q{number}" for number in range(10)]
    assert ask(start(reply), asked(*questions), most=3) == [f"re: {question}" for question in questions]
    assert counts.most == 3


def test_an_answer_that_breaks_off_is_asked_for_again(start: Start) -> None:
    broken = [True]

    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if said(body) == "b" and broken:
            broken.clear()
            return 0, ["half of this comes"]
        return echo(path, body)

    server = start(reply)
    assert ask(server, asked("a", "b", "c")) == ["re: a", "re: b", "re: c"]
    assert len(server.requests) == 4


def test_what_is_wrong_shows_with_the_first_request(start: Start, english: None) -> None:
    server = start(lambda path, body: (401, {"error": {"message": "Incorrect API key provided."}}))
    with pytest.raises(RefusedError, match=r"401\): Incorrect API key provided\.$") as error:
        ask(server, asked("a", "b", "c"))
    assert "FTADVISOR_ENDPOINT_KEY" in error.value.hint
    assert len(server.requests) == 1


def test_answers_that_came_before_an_error_are_given_out(start: Start) -> None:
    server = start(lambda path, body: (403, "no") if said(body) == "q5" else echo(path, body))
    found: dict[int, Said] = {}
    answers = ServedModel(Endpoint(server.url, "m"), 1).answers(asked(*(f"q{n}" for n in range(9))), 16)
    with pytest.raises(RefusedError, match="403"):
        list(map(found.update, answers))
    assert found == {number: Said(f"re: q{number}") for number in range(5)}


def test_newer_models_get_the_limit_by_its_newer_name_and_no_temperature(
    start: Start, english: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "max_tokens" in body:
            return refusal("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        if "temperature" in body:
            return refusal("Unsupported value: 'temperature' does not support 0 with this model.")
        return echo(path, body)

    server = start(reply)
    assert ask(server, asked("a", "b", "c")) == ["re: a", "re: b", "re: c"]
    assert len(server.requests) == 5  # the first is made three times, and none after it in vain
    assert server.requests[-1][1]["max_completion_tokens"] == 16
    assert "by chance" in capsys.readouterr().err


def test_thoughts_are_no_part_of_an_answer_and_one_cut_off_in_them_is_empty(start: Start) -> None:
    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        cut = [{"delta": {"content": "<think>Hm"}}, {"delta": {}, "finish_reason": "length"}]
        return 200, cut if said(body) == "b" else ["<think>Hm</think>", "Blue."]

    server = start(reply)
    assert ask(server, asked("a", "b", "c")) == ["Blue.", "", "Blue."]
    found: dict[int, Said] = {}
    list(map(found.update, ServedModel(Endpoint(server.url, "m")).answers(asked("a", "b", "c"), 16)))
    assert [found[place].cut for place in range(3)] == [False, True, False]


def test_a_limit_that_thoughts_use_up_is_told_before_more_is_paid_for(start: Start, english: None) -> None:
    server = start(lambda path, body: (200, [{"delta": {"reasoning": "Hm"}}, {"delta": {}, "finish_reason": "length"}]))
    with pytest.raises(UserError, match="16 tokens") as error:
        ask(server, asked("a", "b", "c"))
    assert "max_new_tokens=64" in error.value.hint
    assert len(server.requests) == 1


def test_a_label_is_asked_for_as_json_and_comes_without_it(start: Start) -> None:
    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        described = body["response_format"]["json_schema"]
        assert described["strict"]
        (name,) = described["schema"]["required"]
        return 200, [json.dumps({name: described["schema"]["properties"][name]["enum"][len(said(body)) % 2]})]

    assert ask(start(reply), asked("a", "bb"), LABELS) == ["complaint", "refund"]


@pytest.mark.parametrize("knows", ["guided_choice", "structured_outputs"])
@pytest.mark.parametrize("refuses", [True, False])
def test_where_json_is_refused_or_not_held_to_a_choice_is_asked_for(start: Start, knows: str, refuses: bool) -> None:
    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "response_format" in body:
            return refusal("response_format is unknown") if refuses else (200, ["I think refund."])
        choice = body[knows]["choice"] if knows == "structured_outputs" else body[knows]
        return 200, [choice[0]]

    assert ask(start(reply), asked("a", "b"), LABELS) == ["refund", "refund"]


@pytest.mark.parametrize("knows", ["response_format", "guided_regex"])
def test_a_text_that_an_expression_describes(start: Start, knows: str) -> None:
    def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "response_format" in body:
            (described,) = body["response_format"]["json_schema"]["schema"]["properties"].values()
            assert described["pattern"] == "^(?:A-[0-9]+)$"
            return (200, ['{"answer": "A-7"}']) if knows == "response_format" else refusal("unknown")
        return 200, ["A-8" if body["guided_regex"] == "A-[0-9]+" else "no"]

    expected = "A-7" if knows == "response_format" else "A-8"
    assert ask(start(reply), asked("a", "b"), Written("A-[0-9]+")) == [expected, expected]


@pytest.mark.parametrize("constraint", [LABELS, SHAPE])
def test_an_endpoint_that_holds_to_no_form_is_told_of(start: Start, english: None, constraint: Constraint) -> None:
    server = start(lambda path, body: (200, ["I think refund."]))
    with pytest.raises(UserError, match="form of answer"):
        ask(server, asked("a", "b", "c"), constraint)
    assert len(server.requests) <= 2


def test_json_of_a_shape_comes_as_it_is(start: Start) -> None:
    answer = '{"days": 3, "kind": "sea"}'
    server = start(lambda path, body: (200, [answer]))
    assert ask(server, asked("a"), SHAPE) == [answer]
    described = server.requests[0][1]["response_format"]["json_schema"]
    assert described["schema"] == SHAPE.schema
    assert not described["strict"]  # vendors refuse it where a key may be missing


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        ('{"days": 3}', True),
        ('{"days": 3, "kind": "air"}', True),
        ('{"days": 3, "kind": "rail"}', False),
        ('{"days": true}', False),
        ('{"days": "3"}', False),
        ('{"kind": "air"}', False),
        ('{"days": 3, "more": 1}', False),
        ("3 days", False),
        ("[3]", False),
    ],
)
def test_whether_json_has_a_shape(answer: str, holds: bool) -> None:
    assert SHAPE.holds(answer) is holds


def test_whether_parts_of_json_have_theirs() -> None:
    shape = JsonShape({"type": ["array", "null"], "items": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"}})
    assert shape.holds('["A-1", "B-22"]')
    assert shape.holds("null")
    assert not shape.holds('["A-1", "b"]')
