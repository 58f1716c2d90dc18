"""What a stream of events tells of its end and of errors is heeded."""

import json
import threading
from collections.abc import Callable
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ftadvisor.knowledge.errors import RefusedError
from ftadvisor.rag import exchange
from ftadvisor.rag.endpoint import Endpoint

from .chat_server import ChatServer, without_waits

KEY = "sk-SECRETKEY1234567890ABCDEFGHIJ"


def test_the_error_that_a_server_tells_within_its_answer_is_shown() -> None:
    server = ChatServer(lambda path, body: (200, b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'))
    with pytest.raises(RefusedError, match="out of memory"):
        next(exchange.post_stream(Endpoint(server.url, "m"), "chat", {}))
    server.close()


@pytest.mark.parametrize(("end", "whole"), [("", False), ("stop", True)])
def test_a_stream_of_unknown_length_that_says_no_end_is_broken_off(end: str, whole: bool) -> None:
    events = [
        {"choices": [{"delta": {"content": "It was"}}]},
        {"choices": [{"delta": {}, "finish_reason": end or None}]},
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            for event in events:
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stream = exchange.post_stream(Endpoint(f"http://127.0.0.1:{server.server_port}", "m"), "chat", {})
        assert [next(stream), next(stream)] == events
        with nullcontext() if whole else pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
            assert [*stream] == []
        server.shutdown()


@pytest.mark.parametrize("status", [400, 503, 200])
@pytest.mark.parametrize("before", [1960, 1975, 1990])
@pytest.mark.parametrize("ask", [exchange.post_json, exchange.post_whole])
def test_no_part_of_a_key_stays_where_an_error_is_cut(
    monkeypatch: pytest.MonkeyPatch, status: int, before: int, ask: Callable[..., Any]
) -> None:
    without_waits(monkeypatch)
    said = "x" * before + f" Bearer {KEY} " + "y" * 5000
    server = ChatServer(lambda path, body: (status, {"error": said} if status == 200 else said.encode()))
    with pytest.raises(RefusedError, match="xxxx") as error:
        ask(Endpoint(server.url, "m", KEY), "chat", {})
    server.close()
    assert "sk-" not in f"{error.value.message} {error.value.hint}"
    assert len(error.value.message) < 2200  # it is cut all the same


def test_a_key_in_the_name_of_a_status_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_waits(monkeypatch)
    server = ChatServer(lambda path, body: (503, b"later"), reason=f"denied Bearer {KEY}")
    with pytest.raises(RefusedError, match="later"):
        exchange.post_json(Endpoint(server.url, "m", KEY), "chat", {})
    server.close()
    told = capsys.readouterr().err
    assert "denied Bearer ***" in told
    assert KEY not in told
