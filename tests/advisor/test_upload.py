"""What a vendor's tuning service would refuse is told before it is uploaded."""

import json

import pytest
from ftadvisor.advisor.upload import upload_note

GOOD = [{"role": "user", "content": "Which colour?"}, {"role": "assistant", "content": "Blue."}]


def lines(*conversations: list[dict[str, str]]) -> str:
    return "".join(json.dumps({"messages": turns}, ensure_ascii=False) + "\n" for turns in conversations)


@pytest.mark.usefixtures("english")
def test_a_file_that_is_right_is_measured() -> None:
    odd = [{"role": "system", "content": "Be\u2028brief."}, *GOOD]  # a line end for some readers, and none of JSON
    content = lines(*[GOOD] * 9, odd)
    note = upload_note("train.jsonl", content)
    assert f"10 conversations, {len(content.encode())} bytes" in note
    assert "refused" not in note


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("conversations", "told"),
    [
        ([GOOD] * 9, "9 conversations, and at least 10"),
        ([*[GOOD] * 10, GOOD[:1]], "the roles of line 11 are user"),
        ([GOOD[::-1], *[GOOD] * 10], "the roles of line 1 are assistant, user"),
        ([*[GOOD] * 10, [GOOD[0], {"role": "assistant", "content": " "}]], "line 11 has an empty turn"),
    ],
)
def test_what_would_be_refused_is_told(conversations: list[list[dict[str, str]]], told: str) -> None:
    assert told in upload_note("train.jsonl", lines(*conversations))


@pytest.mark.usefixtures("english")
def test_a_few_conversations_are_enough_to_choose_by() -> None:
    assert "3 conversations" in upload_note("prepared/plan/validation.jsonl", lines(*[GOOD] * 3))


@pytest.mark.usefixtures("english")
def test_of_many_problems_a_few_are_told() -> None:
    assert upload_note("train.jsonl", lines(*[GOOD[:1]] * 500)).count("the roles of line") == 5
