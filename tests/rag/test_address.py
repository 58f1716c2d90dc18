"""Addresses of databases: what they name, and that nobody gets to see a password."""

from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.address import POINTER, Address, at, parse_address, place_of


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
            "postgresql://me@db/books?sslkey=k&sslpassword=se%26cret",
            "postgresql://me@db/books?sslkey=k",
            "ftadvisor",
            None,
        ),
        ("postgresql://me@db/books?Password=secret", "postgresql://me@db/books", "ftadvisor", "secret"),
        ("POSTGRESQL://me:se%2Fcret@db/books", "postgresql://me@db/books", "ftadvisor", "se/cret"),
        ("postgresql://me:se@cret@db/books", "postgresql://me@db/books", "ftadvisor", "se@cret"),
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
    assert isinstance(place_of("PostgreSQL://db/books"), Address)


def test_the_password_of_a_key_is_kept_and_not_shown() -> None:
    address = parse_address("postgresql://me@db/books?sslpassword=se%26cret")
    assert address.key_password is not None
    assert address.key_password.value == "se&cret"
    assert "cret" not in f"{address} {address!r}"


def test_a_pointer_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / POINTER).write_bytes(b"postgresql://\xff")
    with pytest.raises(UserError, match="damaged") as caught:
        at(tmp_path)
    assert str(tmp_path / POINTER) in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:secret@[db/books",
        "postgresql://me:/secret@db/books",
        "postgresql://me:secret#secret@db/books",
        "postgresql://me:5?x=secret@db/books",
        "postgresql://me:a@b?x=secret@db/books",
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
