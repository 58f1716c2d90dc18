"""An endpoint that reads descriptions: what is sent, what is believed, and what happens when it fails."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.describe.endpoint import EndpointError, complete, configured
from ftadvisor.advisor.describe.reader import read_description
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.endpoint import Endpoint

TEXT = "Our lab wants to sort letters from patients, 400 of them labelled, and the letters are a sensitive matter."
Answer = tuple[int, str]


class Server:
    """Answer on this machine as an OpenAI-compatible server does."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests, self.keys = list(answers), list[dict[str, Any]](), list[str]()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                server.keys.append(self.headers.get("Authorization", ""))
                status, content = server.answers.pop(0)
                body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{self.http.server_port}/v1", "reader", "secret")


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*answers: Answer) -> Server:
        started.append(Server(*answers))
        return started[-1]

    yield start
    for server in started:
        server.http.shutdown()
        server.http.server_close()


def said(*answers: tuple[str, Any, str]) -> str:
    rows = [{"field": field, "value": value, "words": words} for field, value, words in answers]
    return json.dumps({"answers": rows, "not_understood": ["Our lab", "not in the text"]})


def test_its_answers_are_added_and_people_are_told_that_the_text_leaves(serve: Callable[..., Server]) -> None:
    server, told = serve((200, said(("privacy", "onprem_required", "a sensitive matter")))), list[str]()
    found = read_description(TEXT, server.endpoint, told.append)
    answers = {read.field: read for read in found.answers}
    assert answers["privacy"].words == "a sensitive matter"
    assert answers["labelled_examples"].value == 400
    assert found.left == ("Our lab",)
    assert found.reader == "reader"
    assert server.endpoint.url in told[0]
    assert server.keys == ["Bearer secret"]
    assert server.requests[0]["messages"][1]["content"] == TEXT


def test_numbers_are_believed_as_this_machine_reads_them(serve: Callable[..., Server]) -> None:
    server = serve((200, said(("labelled_examples", 4000, "400 of them labelled"))))
    found = read_description(TEXT, server.endpoint, lambda _: None)
    assert next(read.value for read in found.answers if read.field == "labelled_examples") == 400


@pytest.mark.parametrize(
    "answer",
    [
        ("privacy", "onprem_required", "words that nobody said"),
        ("privacy", "perhaps", "a sensitive matter"),
        ("colour", "blue", "a sensitive matter"),
    ],
)
def test_what_is_not_in_the_text_or_not_allowed_is_not_believed(
    serve: Callable[..., Server], answer: tuple[str, Any, str]
) -> None:
    found = read_description(TEXT, serve((200, said(answer))).endpoint, lambda _: None)
    assert found.answers == understand(TEXT).answers


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"answers": 3}', '{"answers": [{"field": "privacy"}]}', ""])
def test_an_answer_of_another_form_is_told_and_the_lexicons_read(serve: Callable[..., Server], content: str) -> None:
    told: list[str] = []
    assert read_description(TEXT, serve((200, content)).endpoint, told.append) == understand(TEXT)
    assert len(told) == 2


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(serve: Callable[..., Server]) -> None:
    busy = serve((503, ""), (429, ""), (200, "fine"))
    assert complete(busy.endpoint, "system", "user", (0.0, 0.0)) == "fine"
    refusing = serve((401, ""))
    with pytest.raises(EndpointError, match="401"):
        complete(refusing.endpoint, "system", "user", (0.0, 0.0))


def test_a_server_on_this_machine_is_asked_past_any_proxy(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert complete(serve((200, "fine")).endpoint, "system", "user", ()) == "fine"


def test_a_server_that_does_not_know_the_form_is_asked_without_it(serve: Callable[..., Server]) -> None:
    server = serve((400, ""), (200, "fine"))
    assert complete(server.endpoint, "system", "user", (0.0, 0.0)) == "fine"
    assert "response_format" not in server.requests[1]


def test_nobody_answering_is_told() -> None:
    with pytest.raises(EndpointError):
        complete(Endpoint("http://127.0.0.1:9", "reader"), "system", "user", (0.0,))


def test_a_wrong_address_and_a_missing_model_are_the_users_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTADVISOR_DESCRIBE_MODEL", raising=False)
    with pytest.raises(UserError, match="localhost"):
        configured("localhost:8000", "m")
    with pytest.raises(UserError):
        configured("http://localhost:8000", None)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://[::1",
        "http://localhost:port",
        "http://local host",
        "http://localhost/v1\n",
        "https://例子/v1",
    ],
)
def test_an_address_that_cannot_be_asked_is_the_users_mistake(url: str) -> None:
    with pytest.raises(UserError):
        configured(url, "m")


@pytest.mark.parametrize("key", ["secret\n", "密钥", "two words"])
def test_a_key_that_cannot_be_sent_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("FTADVISOR_DESCRIBE_KEY", key)
    with pytest.raises(UserError, match="FTADVISOR_DESCRIBE_KEY") as raised:
        configured("https://localhost", "m")
    assert key not in str(raised.value)


def test_a_key_is_not_sent_in_the_clear_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTADVISOR_DESCRIBE_KEY", "secret")
    with pytest.raises(UserError, match="example"):
        configured("http://models.example/v1", "m")
    assert configured("https://models.example/v1", "m") is not None
    assert configured("http://localhost:8000/v1", "m") is not None
    monkeypatch.delenv("FTADVISOR_DESCRIBE_KEY")
    assert configured("http://models.example/v1", "m") is not None


class Odd:
    """Answer every request with the bytes given, and then keep the line open or close it."""

    def __init__(self, answer: bytes, drip: bool = False) -> None:
        self.listener, self.asked = socket.create_server(("127.0.0.1", 0)), 0
        self.answer, self.drip = answer, drip
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            self.asked += 1
            with line, contextlib.suppress(OSError):
                line.recv(65536)
                line.sendall(self.answer)
                while self.drip:
                    line.sendall(b" ")
                    time.sleep(0.05)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1", "reader", "secret")


def test_nobody_is_followed_to_another_address() -> None:
    other = Odd(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    moved = Odd(f"HTTP/1.1 302 Found\r\nLocation: {other.endpoint.url}\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(EndpointError, match="302"):
        complete(moved.endpoint, "system", "user", (0.0,))
    assert (moved.asked, other.asked) == (1, 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbroken off",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + b" " * 4_100_000,
        b"no protocol at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
    ],
)
def test_a_broken_endless_or_odd_answer_is_told_and_the_lexicons_read(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftadvisor.advisor.describe.endpoint.time.sleep", lambda _: None)
    told: list[str] = []
    assert read_description(TEXT, Odd(answer).endpoint, told.append) == understand(TEXT)
    assert len(told) == 2


def test_a_key_that_an_odd_answer_repeats_is_not_shown() -> None:
    odd = Odd(b"Bearer secret-of-the-user\r\n\r\n")
    with pytest.raises(EndpointError) as error:
        complete(odd.endpoint._replace(key="secret-of-the-user"), "s", "u", ())
    assert "Bearer ***" in str(error.value)
    assert "secret-of-the-user" not in str(error.value)


def test_a_server_that_drips_is_left() -> None:
    drips = Odd(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", drip=True)
    with pytest.raises(EndpointError):
        complete(drips.endpoint, "system", "user", (), total_seconds=0.5)


def test_variables_name_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTADVISOR_DESCRIBE_ENDPOINT", raising=False)
    assert configured(None, None) is None
    monkeypatch.setenv("FTADVISOR_DESCRIBE_ENDPOINT", "http://localhost:8000/v1/")
    monkeypatch.setenv("FTADVISOR_DESCRIBE_MODEL", "m")
    monkeypatch.setenv("FTADVISOR_DESCRIBE_KEY", "k")
    assert configured(None, None) == Endpoint("http://localhost:8000/v1", "m", "k")


def test_the_command_asks_the_endpoint_that_its_options_name(
    serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve((200, said(("privacy", "onprem_required", "a sensitive matter"))))
    options = ["--describe-endpoint", server.endpoint.url, "--describe-model", "reader"]
    assert main(["recommend", "--describe", TEXT, *options, "--brief", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["understood"]["reader"] == "reader"
    assert server.endpoint.url in shown.err
