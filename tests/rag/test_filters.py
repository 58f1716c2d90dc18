"""Conditions on metadata are met before hits are counted."""

from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index
from ftadvisor.rag.filters import parse_where
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.records import IndexOptions

from .conftest import write_rows


@pytest.fixture(params=["bm25", "dense", "hybrid"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    rows: list[dict[str, object]] = [
        {"id": f"d{number}", "text": f"the river Thames number {number}", "metadata": {"year": 2000 + number % 10}}
        for number in range(200)
    ]
    rows[7]["metadata"] = {"year": 2007, "tags": ["far", "near"], "checked": True}
    build_index([write_rows(tmp_path / "rows.jsonl", rows)], tmp_path / "index", IndexOptions(retriever=request.param))
    return open_index(tmp_path / "index")


def test_as_many_hits_come_back_as_satisfy_the_condition(index: Index) -> None:
    hits = index.search("river Thames", 20, parse_where(["year=2003"]))
    assert len(hits) == 20
    assert {int(hit.document[1:]) % 10 for hit in hits} == {3}


def test_values_of_a_key_are_alternatives_and_keys_must_all_hold(index: Index) -> None:
    hits = index.search("river Thames", 100, parse_where(["year=2003", "year=2007"]))
    assert {int(hit.document[1:]) % 10 for hit in hits} == {3, 7}
    both = index.search("river Thames", 100, parse_where(["year=2007", "tags=near", "checked=true"]))
    assert [hit.document for hit in both] == ["d7"]
    assert index.search("river Thames", 100, parse_where(["year=2003", "tags=near"])) == []
    assert [hit.document for hit in index.search("river Thames", 9, parse_where(["document=d5"]))] == ["d5"]


def test_a_key_that_no_document_has_is_told_with_those_there_are(index: Index) -> None:
    with pytest.raises(UserError, match=r"years.*year"):
        index.search("river", 5, parse_where(["years=2003"]))


@pytest.mark.parametrize("condition", ["year", "=2003", ""])
def test_a_condition_without_key_or_sign_is_refused(condition: str) -> None:
    with pytest.raises(UserError, match="KEY=VALUE"):
        parse_where([condition])
