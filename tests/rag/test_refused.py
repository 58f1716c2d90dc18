"""Who refuses, or is not the endpoint that was meant, is told with the likely cause and with what to write instead."""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest
from ftadvisor.knowledge.errors import RefusedError
from ftadvisor.knowledge.messages import Language, speaking
from ftadvisor.rag import exchange
from ftadvisor.rag.endpoint import Endpoint
from ftadvisor.rag.refused import MisnamedError

from .chat_server import ChatServer, without_waits

KEY = "sk-SECRETKEY1234567890ABCDEFGHIJ"
PAGE = b"<!doctype html>\n<html><title>Web UI</title></html>"
Answering = Callable[..., ChatServer]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """Return a function that starts a server with one answer to everything."""
    without_waits(monkeypatch)
    servers: list[ChatServer] = []

    def start(status: int, content: Any, **headers: str) -> ChatServer:
        servers.append(ChatServer(lambda path, body: (status, content), MappingProxyType(headers)))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def refusal(url: str, ask: Callable[..., Any] = exchange.post_whole) -> MisnamedError:
    with pytest.raises(MisnamedError) as error:
        ask(Endpoint(url, "m", KEY), "chat/completions", {})
    assert KEY not in f"{error.value.message} {error.value.hint}"
    return error.value


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("named", "meant"), [("", "/v1"), ("/v1/chat/completions", "/v1"), ("/api", "/api")])
@pytest.mark.parametrize(("status", "content"), [(404, b"no such page"), (405, b""), (200, PAGE)])
def test_a_wrong_path_is_told_with_the_address_that_is_likely_meant(
    answering: Answering, language: Language, named: str, meant: str, status: int, content: bytes
) -> None:
    host = answering(status, content).url.removesuffix("/v1")
    with speaking(language):
        found = refusal(f"{host}{named}")
    assert f"{host}{meant}#m" in found.hint
    assert ("<!doctype html>" in found.message) == (content == PAGE)


def test_an_unknown_model_is_told_from_a_wrong_path(answering: Answering) -> None:
    server = answering(404, {"error": {"message": f"The model `m` does not exist, {KEY}"}})
    with speaking("en"):
        found = refusal(server.url)
    assert "no model called m" in found.hint
    assert f"{server.url}/models" in found.hint
    assert f"{server.url}#m" in refusal(f"{server.url}/chat/completions").hint  # which explains it, whatever was said


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_on_and_the_new_address_is_told(answering: Answering, status: int) -> None:
    server = answering(status, b"", Location=f"https://elsewhere.example/v2/chat/completions?key={KEY}")
    found = refusal(server.url)
    assert "https://elsewhere.example/v2#m" in found.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "location", ["/login?next=v1", "https://elsewhere.example/login", "", "/v1/chat/completions", "http://[no"]
)
def test_a_login_page_is_no_address_to_name(answering: Answering, location: str, language: Language) -> None:
    server = answering(302, b"", Location=location)
    with speaking(language):
        found = refusal(server.url)
    assert f"{server.url}#m" in found.hint  # is to be checked
    assert "elsewhere.example/login#m" not in found.hint
    assert ("login" in found.hint) == (language == "en")


@pytest.mark.parametrize("ask", [exchange.post_json, exchange.post_whole])
@pytest.mark.parametrize("content", [b"{torn", b"[1, 2]x", b"OK"])
def test_what_is_no_json_is_shown(answering: Answering, content: bytes, ask: Callable[..., Any]) -> None:
    found = refusal(answering(200, content).url, ask)
    assert content.decode() in found.message
    assert found.hint


def test_a_server_that_does_not_run_is_no_wrong_name(monkeypatch: pytest.MonkeyPatch) -> None:
    without_waits(monkeypatch)
    server = ChatServer(lambda path, body: (200, {}))
    server.close()
    with pytest.raises(RefusedError) as error:
        exchange.post_whole(Endpoint(server.url, "m"), "chat/completions", {})
    assert not isinstance(error.value, MisnamedError)
    assert server.url in error.value.hint
