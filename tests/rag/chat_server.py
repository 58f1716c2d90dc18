"""An OpenAI-compatible server on this machine, for tests."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

import pytest
from ftadvisor.rag import patience

Reply = Callable[[str, dict[str, Any]], tuple[int, Any]]


class ChatServer:
    """Answer requests by a function of path and body, and remember them.

    A reply that is a list is streamed where the client asks for that, texts as pieces of the answer and choices as they
    are; any other is sent as JSON. A status of 0 sends half of the answer and breaks off.

    Args:
        reply: Gives a status and what is sent.
        headers: Are sent with every answer that is not streamed.
        reason: What a status is called; the usual name unless said otherwise.
    """

    def __init__(
        self, reply: Reply, headers: Mapping[str, str] = MappingProxyType({}), reason: str | None = None
    ) -> None:
        self.requests: list[tuple[str, dict[str, Any], str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append((self.path, body, self.headers.get("Authorization", "")))
                status, content = reply(self.path, body)
                if status and isinstance(content, list) and body.get("stream"):
                    self._stream(content)
                    return
                if isinstance(content, list):
                    content = {"choices": [{"message": {"content": "".join(content)}}]}
                sent = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status or 200, reason)
                self.send_header("Content-Length", str(len(sent)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent if status else sent[: len(sent) // 2])

            def _stream(self, pieces: list[Any]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for piece in pieces:
                    event = {"choices": [{"delta": {"content": piece}} if isinstance(piece, str) else piece]}
                    self.wfile.write(f": alive\n\ndata: {json.dumps(event)}\n\n".encode())
                    self.wfile.flush()
                self.wfile.write(b"data: [DONE]\n\n")

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two more tries follow at once where a server is busy or fails."""
    for name in ("FAULT_WAITS_SECONDS", "BUSY_WAITS_SECONDS"):
        monkeypatch.setattr(patience, name, (0.0, 0.0))


@contextmanager
def starting_servers() -> "Iterator[Callable[[Reply], ChatServer]]":
    """Give a function that starts a server; all end together."""
    servers: list[ChatServer] = []

    def started(reply: Reply) -> ChatServer:
        servers.append(ChatServer(reply))
        return servers[-1]

    yield started
    for server in servers:
        server.close()
