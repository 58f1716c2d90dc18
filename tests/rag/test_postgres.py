"""What people are told about databases, and what is kept in them."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.address import Address, parse_address
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.inspect import inspect_index
from ftadvisor.rag.postgres import structure
from ftadvisor.rag.postgres.connection import Session
from ftadvisor.rag.postgres.words import Retriever
from ftadvisor.rag.records import IndexOptions

from ..postgres_server import PASSWORD, Server
from .conftest import write_rows

HYBRID = IndexOptions(retriever="hybrid")


@pytest.fixture
def index(policies: Path, postgres: Server) -> Address:
    address = postgres.address()
    build_index([policies], address, HYBRID)
    return address


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """A database without pgvector."""
    postgres.sql("CREATE DATABASE bare")
    yield "bare"
    postgres.sql("DROP DATABASE bare WITH (FORCE)")


def schemas(postgres: Server, index: Address) -> list[str]:
    rows = postgres.sql(f"SELECT nspname FROM pg_namespace WHERE nspname ~ '^{index.index}(#|$)' ORDER BY 1")
    return [name for (name,) in rows]


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ftadvisor.advisor", "rag", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})


def test_unreachable(policies: Path) -> None:
    address = parse_address("postgresql://me:secret@127.0.0.1:9/books")
    for use in (lambda: build_index([policies], address), lambda: open_index(address)):
        with pytest.raises(UserError, match="cannot be reached") as caught:
            use()
        assert "postgresql://me@127.0.0.1:9/books" in caught.value.message
        assert "pg_isready" in caught.value.hint
        assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1:abc", "127.0.0.1:99999", ".bad"])
def test_a_host_or_port_that_cannot_be_one(host: str) -> None:
    with pytest.raises(UserError, match="address cannot be read") as caught:
        open_index(parse_address(f"postgresql://me:secret@{host}/books"))
    assert caught.value.__suppress_context__, "the reason may tell the password"


def test_the_password_of_a_key_reaches_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed")
    given: list[str] = []

    async def connect(server: str, **_: object) -> None:
        given.append(server)

    monkeypatch.setattr(asyncpg, "connect", connect)
    Session(parse_address("postgresql://me@db/books?sslkey=k&sslpassword=a%26b"))
    assert given == ["postgresql://me@db/books?sslkey=k&sslpassword=a%26b"]


def test_no_database(postgres: Server) -> None:
    with pytest.raises(UserError, match="no such database"):
        open_index(postgres.address(database="nowhere"))


def test_passwords_come_from_the_address_the_environment_or_a_file(
    index: Address, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = schemas(postgres, index)[1]
    postgres.sql(f'GRANT USAGE ON SCHEMA "{index.index}", "{schema}" TO guarded')
    postgres.sql(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{index.index}", "{schema}" TO guarded')
    guarded = postgres.address("guarded", index=index.index)
    with pytest.raises(UserError, match="lets nobody in") as caught:
        open_index(guarded)
    assert "PGPASSWORD" in caught.value.hint
    told = parse_address(str(guarded).replace("guarded@", f"guarded:{quote(PASSWORD, safe='')}@"))
    assert open_index(told).search("Islands")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert open_index(guarded).search("Islands")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(UserError, match="lets nobody in"):
        open_index(guarded)
    monkeypatch.delenv("PGPASSWORD")
    service = f"[books]\nhost=127.0.0.1\nport={postgres.port}\ndbname=postgres\nuser=guarded\npassword={PASSWORD}\n"
    (tmp_path / "services").write_text(service)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert open_index(parse_address(f"postgresql://?service=books&index={index.index}")).search("Islands")
    (tmp_path / "pass").write_text(f"127.0.0.1:{postgres.port}:*:guarded:{PASSWORD}\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    assert open_index(guarded).search("Islands")


def test_who_may_not_write_is_told_what_to_ask_for(index: Address, postgres: Server, policies: Path) -> None:
    password = {"PGPASSWORD": PASSWORD}
    for words in (
        ["build", str(policies), "-o", str(postgres.address("guarded"))],
        ["query", str(postgres.address("guarded", index=index.index)), "Islands"],
    ):
        done = run(*words, **password)
        assert done.returncode == 2
        assert "a right is missing" in done.stderr
        assert "GRANT" in done.stderr
        assert "Traceback" not in done.stderr


def test_no_pgvector(postgres: Server, database: str, policies: Path) -> None:
    postgres.sql(f"ALTER DATABASE {database} SET extension_control_path = '/nowhere'")
    with pytest.raises(UserError, match="lacks the extension pgvector") as caught:
        build_index([policies], postgres.address(database=database))
    assert "CREATE EXTENSION vector" in caught.value.hint


def test_the_extension_is_created_where_that_is_allowed(postgres: Server, database: str, policies: Path) -> None:
    address = postgres.address(database=database)
    build_index([policies], address)
    assert open_index(address).search("Islands")


def test_a_schema_of_somebody_else_is_left_alone(postgres: Server, policies: Path) -> None:
    postgres.sql("CREATE SCHEMA sales")
    postgres.sql("CREATE TABLE sales.orders (id integer)")
    with pytest.raises(UserError, match="schema 'sales' that is no index"):
        build_index([policies], postgres.address(index="sales"))
    assert postgres.sql("SELECT count(*) FROM sales.orders") == [(0,)]
    assert schemas(postgres, postgres.address(index="sales")) == ["sales"]


def test_another_embedder_of_the_same_name_is_noticed(index: Address, postgres: Server) -> None:
    manifest = f'"{index.index}".ftadvisor_index'
    postgres.sql(f"UPDATE {manifest} SET manifest = replace(manifest, 'hashed-2048', 'hashed-1024')")
    with pytest.raises(UserError, match="hashed-1024") as caught:
        open_index(index)
    assert "rag build" in caught.value.hint


def test_an_index_of_another_version_is_built_again(index: Address, postgres: Server, policies: Path) -> None:
    manifest = f'"{index.index}".ftadvisor_index'
    postgres.sql(f"""UPDATE {manifest} SET manifest = replace(manifest, '"format":2', '"format":1')""")
    with pytest.raises(UserError, match="another version"):
        open_index(index)
    build_index([policies], index, HYBRID)
    assert open_index(index).search("Islands")


def test_numbers_that_no_json_has_are_kept_as_nothing(postgres: Server, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "text": "Islands", "size": NaN, "weight": -1e999}\n')
    address = postgres.address()
    build_index([tmp_path], address, IndexOptions(retriever="bm25"))
    assert open_index(address).documents["a"].metadata == {"size": None, "weight": None}


def test_a_source_that_no_database_can_keep_is_refused_before_the_work(
    index: Address, postgres: Server, policies: Path, tmp_path: Path
) -> None:
    source = tmp_path / os.fsdecode(b"docs\xff")
    policies.rename(source)
    fresh = postgres.address()
    for use in (lambda: build_index([source], fresh), lambda: update_index([source], index)):
        with pytest.raises(UserError, match="not UTF-8") as caught:
            use()
        assert r"docs\xff" in caught.value.message
        caught.value.message.encode()
    assert schemas(postgres, fresh) == [], "nothing was begun"


@pytest.mark.parametrize("lost", ['SCHEMA "{schema}"', 'TABLE "{schema}".vectors', 'TABLE "{schema}".documents'])
def test_lost_tables_are_damage_that_a_build_mends(lost: str, index: Address, postgres: Server, policies: Path) -> None:
    postgres.sql(f"DROP {lost.format(schema=schemas(postgres, index)[1])} CASCADE")
    for use in (lambda: update_index([], index), lambda: open_index(index).search("Islands take a week")):
        with pytest.raises(UserError, match="damaged") as caught:
            use()
        assert "rag build" in caught.value.hint
    build_index([policies], index, HYBRID)
    assert open_index(index).search("Islands take a week")


def test_tables_of_a_later_build_are_left_alone(index: Address, postgres: Server) -> None:
    """Another build may begin and end between a build's commit and its look for what is left over."""
    postgres.sql(f'CREATE SCHEMA "{index.index}#7"')
    update_index([], index)
    assert schemas(postgres, index) == [index.index, f"{index.index}#1", f"{index.index}#7"]


def test_two_builds_at_once(index: Address, postgres: Server, policies: Path) -> None:
    with Session(index) as other:
        other.run("BEGIN")
        other.rows("SELECT pg_advisory_xact_lock(hashtextextended('ftadvisor ' || $1, 0))", index.index)
        with pytest.raises(UserError, match="Another process is building the index"):
            update_index([], index)
        build_index([policies], postgres.address(), HYBRID)
    update_index([], index)


def test_a_lost_connection_is_told(index: Address, postgres: Server) -> None:
    reader = open_index(index)
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ftadvisor'")
    with pytest.raises(UserError, match="lost") as caught:
        reader.search("Islands")
    assert str(index) in caught.value.message


def test_old_tables_are_dropped_once_nobody_reads_them(index: Address, postgres: Server, policies: Path) -> None:
    reader = open_index(index)
    build_index([policies], index, IndexOptions(chunker="whole"))
    assert schemas(postgres, index) == [index.index, f"{index.index}#1", f"{index.index}#2"]
    assert reader.search("Islands take a week")
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ftadvisor'")
    build_index([policies], index, HYBRID)
    assert schemas(postgres, index) == [index.index, f"{index.index}#3"]


def test_nothing_of_a_deleted_document_stays(index: Address, postgres: Server, policies: Path) -> None:
    (policies / "shipping.md").unlink()
    update_index([], index)
    schema = f'"{index.index}#1"'
    for table, column in (("documents", "text"), ("chunks", "text")):
        assert postgres.sql(f"SELECT count(*) FROM {schema}.{table} WHERE {column} LIKE '%slands%'") == [(0,)]
    assert postgres.sql(
        f"SELECT count(*) FROM {schema}.vectors WHERE chunk NOT IN (SELECT id FROM {schema}.chunks)"
    ) == [(0,)]
    entries = f"SELECT (unnest(entries) >> 32)::integer FROM {schema}.postings"
    assert postgres.sql(
        f"SELECT count(*) FROM ({entries}) e(chunk) WHERE chunk NOT IN (SELECT id FROM {schema}.chunks)"
    ) == [(0,)]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE {schema}.documents SET text = text || '.' WHERE place = 0",
        "UPDATE {schema}.chunks SET text = replace(text, 'week', 'year')",
        "DELETE FROM {schema}.chunks WHERE number = 0",
        "DELETE FROM {schema}.postings WHERE token IN (SELECT token FROM {schema}.postings LIMIT 1)",
    ],
)
def test_inspection_notices_what_was_changed_behind_its_back(damage: str, index: Address, postgres: Server) -> None:
    assert inspect_index(index, verify=True).documents == 2
    postgres.sql(damage.format(schema=f'"{index.index}#1"'))
    with pytest.raises(UserError, match="damaged"):
        inspect_index(index, verify=True)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(UserError, match="asyncpg") as caught:
        open_index(parse_address("postgresql://me@127.0.0.1:9/books"))
    assert caught.value.hint == "pip install 'ftadvisor[postgres]'"


def test_the_command_line_shows_no_password(postgres: Server, policies: Path, index: Address) -> None:
    secret = str(replace(index)).replace("postgres@", "postgres:topsecret@")
    for words in (["build", str(policies), "-o", secret], ["query", secret, "Islands"], ["inspect", secret]):
        done = run(*words)
        assert done.returncode == 0, done.stderr
        assert "topsecret" not in done.stdout + done.stderr
    assert "slands" in run("query", secret, "Islands").stdout


def test_a_graph_is_measured_and_found_chunks_are_scored_exactly(
    minilm: str, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        f"parcel {number} of shop {number % 13} is {word}" for number in range(40) for word in ("late", "blue", "lost")
    ]
    for number, text in enumerate(rows):
        (tmp_path / f"{number}.txt").write_text(text)
    exact, graph = postgres.address(), postgres.address()
    options = IndexOptions(embedder=minilm, retriever="dense")
    build_index([tmp_path], exact, options)
    build_index([tmp_path], graph, options.model_copy(update={"structure": "hnsw"}))
    entry = open_index(graph).manifest.structure
    assert entry is not None
    assert (entry.kind, entry.reason, entry.sample) == ("hnsw", "chosen", structure._SAMPLE)
    assert entry.recall >= 0.95
    found, wanted = (open_index(each).search("which parcel did not arrive in time?", 5) for each in (graph, exact))
    assert [(hit.document, hit.score) for hit in found] == [(hit.document, hit.score) for hit in wanted]
    (tmp_path / "new.txt").write_text("another parcel")
    update_index([], graph)
    assert open_index(graph).manifest.structure == entry, "one chunk more is no reason to measure again"
    assert open_index(graph).search("another parcel", 1)[0].document == "new.txt"


def test_a_graph_is_measured_again_after_many_changes_that_leave_the_count(
    minilm: str, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        (tmp_path / f"{number}.txt").write_text(f"parcel {number} of shop {number % 13} is late")
    graph = postgres.address()
    build_index([tmp_path], graph, IndexOptions(embedder=minilm, retriever="dense", structure="hnsw"))
    real, measured = structure._measured, []

    def noted(*arguments: Any) -> Any:
        measured.append(True)
        return real(*arguments)

    monkeypatch.setattr(structure, "_measured", noted)
    for first, expected in ((0, 0), (8, 1), (16, 1)):  # 8 of 120 go and 8 come, of which 24 together may
        for number in range(first, first + 8):
            (tmp_path / f"{number}.txt").write_text(f"invoice {number} was paid")
        update_index([], graph)
        assert len(measured) == expected
    assert len(open_index(graph).documents) == 120


def test_counting_common_words_only_where_they_matter_changes_nothing(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the ranking in a folder, which is held to bm25s; most questions leave some chunks out."""
    chance = random.Random(5)
    words = [f"word{number}" for number in range(300)]
    weights = [1 / (rank + 1) for rank in range(300)]
    (tmp_path / "rows").mkdir()
    texts = (" ".join(chance.choices(words, weights, k=chance.randint(5, 40))) for _ in range(800))
    write_rows(tmp_path / "rows" / "rows.jsonl", [{"id": str(row), "text": text} for row, text in enumerate(texts)])
    places = (tmp_path / "index", postgres.address())
    for place in places:
        build_index([tmp_path / "rows"], place, IndexOptions(retriever="bm25", chunker="whole"))
    folder, database = (open_index(place).words for place in places)
    left_out = 0
    found = Retriever._promising

    def counted(*arguments: Any) -> list[int] | None:
        nonlocal left_out
        promising = found(*arguments)
        left_out += promising is not None
        return promising

    monkeypatch.setattr(Retriever, "_promising", counted)
    questions = [" ".join([*chance.choices(words, k=3), *chance.choices(words, weights, k=2)]) for _ in range(60)]
    for ranking, wanted in zip(database.rank(questions, 5), folder.rank(questions, 5), strict=True):
        assert [score for _, score in ranking] == pytest.approx([score for _, score in wanted], rel=1e-5)
        assert {place for place, score in ranking if score > wanted[-1][1] * 1.00001} == {
            place for place, score in wanted if score > wanted[-1][1] * 1.00001
        }
    assert 10 < left_out < 60, "both ways are tried"
