"""Addresses of databases: what they name, and that nobody gets to see a password."""

from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.address import Address, parse_address, place_of


@pytest.mark.parametrize(
    ("text", "server", "index", "password"),
    [
        ("postgresql://me@db.example:5433/books", "postgresql://me@db.example:5433/books", "ftadvisor", None),
        ("postgres://db.example/books?index=old", "postgresql://db.example/books", "old", None),
        ("postgresql://me:se%40cret@db/books", "postgresql://me@db/books", "ftadvisor", "se@cret"),
        ("postgresql://me@db/books?password=se%26cret&index=a", "postgresql://me@db/books", "a", "se&cret"),
        ("postgresql:///books?host=/tmp&index=索引", "postgresql:///books?host=/tmp", "索引", None),
        ("postgresql://?service=books&index=b", "postgresql://?service=books", "b", None),
        (
            "postgresql://a,b:5433/books?sslmode=require",
            "postgresql://a,b:5433/books?sslmode=require",
            "ftadvisor",
            None,
        ),
    ],
)
def test_parts(text: str, server: str, index: str, password: str | None) -> None:
    address = parse_address(text)
    assert (address.server, address.index) == (server, index)
    assert (address.password.value if address.password else None) == password
    assert "cret" not in f"{address} {address!r}"
    assert parse_address(str(address)).index == index, "what is shown can be used again"
    assert parse_address(str(address)).server == server


def test_everything_else_is_a_folder() -> None:
    assert place_of("index") == Path("index")
    assert isinstance(place_of("postgresql://db/books"), Address)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:secret@[db/books",
        "postgresql://me:secret@db/books?index",
        "postgresql://me:secret@db/books?index=pg_catalog",
        'postgresql://me:secret@db/books?index=a"; DROP',
        "postgresql://me:secret@db/books?index=a%23b",
        "postgresql://me:secret@db/books?index=" + "a" * 41,
    ],
)
def test_what_cannot_be_an_address_is_refused_without_telling_the_password(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_address(text)
    assert caught.value.hint
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.__context__ is None or caught.value.__suppress_context__
