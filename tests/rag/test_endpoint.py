"""What a stream of events tells of its end and of errors is heeded."""

import json
import threading
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ftadvisor.knowledge.errors import RefusedError
from ftadvisor.rag import endpoint

from .chat_server import ChatServer


def test_the_error_that_a_server_tells_within_its_answer_is_shown() -> None:
    server = ChatServer(lambda path, body: (200, b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'))
    with pytest.raises(RefusedError, match="out of memory"):
        next(endpoint.post_stream(endpoint.Endpoint(server.url, "m"), "chat", {}))
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
        stream = endpoint.post_stream(endpoint.Endpoint(f"http://127.0.0.1:{server.server_port}", "m"), "chat", {})
        assert [next(stream), next(stream)] == events
        with nullcontext() if whole else pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
            assert [*stream] == []
        server.shutdown()
