from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from ftadvisor.executors.data import Row
from ftadvisor.executors.examples import Built, ExampleOptions, build_examples
from ftadvisor.executors.prompt import Prompt
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.records import Chunk, Document, Hit
from hypothesis import given, settings
from hypothesis import strategies as some

PROMPT = Prompt(instruction="Answer from the passages.")
ITEMS = ["shoe", "coat", "lamp", "book", "ring", "vase", "desk", "sofa"]
DOCUMENTS = {
    item: f"About the {item}. The {item} may come back within {day + 3} days." for day, item in enumerate(ITEMS)
}


class FixedIndex(SimpleNamespace):
    """Rank each document as one chunk: those that share a word with the question first, the others after."""

    def search_many(self, questions: Sequence[str], top_k: int) -> list[list[Hit]]:
        return [self._search(question, top_k) for question in questions]

    def _search(self, question: str, top_k: int) -> list[Hit]:
        ranked = sorted(self.chunks, key=lambda chunk: chunk.document not in question)
        return [Hit(c.document, c.number, c.start, c.end, 1.0, c.text) for c in ranked[:top_k]]


def index(documents: dict[str, str] = DOCUMENTS, chunk_size: int = 10_000) -> FixedIndex:
    chunks = [
        Chunk(name, number, start, min(start + chunk_size, len(text)), text[start : start + chunk_size])
        for name, text in documents.items()
        for number, start in enumerate(range(0, len(text), chunk_size))
    ]
    return FixedIndex(documents={name: Document(name, text) for name, text in documents.items()}, chunks=chunks)


def row(number: int, **changes: Any) -> Row:
    item, days = ITEMS[number % 8], number % 8 + 3
    values = {"question": f"Until when can the {item} come back?", "answer": f"Until day {days}."}
    quote = {"quote": f"within {days} days"}
    return Row.model_validate({"line": number + 1, "id": f"r{number}"} | values | quote | changes)


def build(rows: list[Row], over: FixedIndex | None = None, seed: int = 17, **options: Any) -> Built:
    return build_examples(rows, over or index(), PROMPT, ExampleOptions.model_validate(options), seed)


def oracles(example: dict[str, Any]) -> list[str]:
    return [passage["document"] for passage in example["passages"] if passage["oracle"]]


def test_context_is_in_the_exported_prompt_exactly_as_served() -> None:
    (example,) = build([row(2)], oracle_rate=1, top_k=3).rows
    texts = [DOCUMENTS[passage["document"]] for passage in example["passages"]]
    assert example["messages"] == PROMPT.messages(row(2).question, texts, "Until day 5.")
    assert oracles(example) == ["lamp"]
    assert len(texts) == 3


@settings(max_examples=30, deadline=None)
@given(
    some.integers(1, 60),
    some.sampled_from([0.0, 0.3, 0.9, 1.0]),
    some.integers(0, 5),
    some.integers(0, 9),
    some.booleans(),
)
def test_properties(count: int, rate: float, distractors: int, seed: int, rank_order: bool) -> None:
    rows = [row(number) for number in range(count)]
    options = {"oracle_rate": rate, "distractors": distractors, "rank_order": rank_order, "refusal": "No."}
    built = build(rows, seed=seed, **options)
    assert built == build(rows, seed=seed, **options)
    assert built.left_out == []
    assert sum(bool(oracles(example)) for example in built.rows) == round(rate * count)
    for source, example in zip(rows, built.rows, strict=True):
        names = [passage["document"] for passage in example["passages"]]
        assert len(set(names)) == len(names) == distractors + 1
        holding = [name for name in names if source.quote in DOCUMENTS[name]]
        assert holding == oracles(example)
        assert example["messages"][-1]["content"] == (source.answer if holding else "No.")


def test_retrievers_order_or_a_shuffled_one() -> None:
    rows = [row(number) for number in range(64)]
    firsts = [oracles(example)[0] == example["passages"][0]["document"] for example in build(rows, oracle_rate=1).rows]
    assert all(firsts)
    shuffled = build(rows, oracle_rate=1, rank_order=False).rows
    firsts = [oracles(example)[0] == example["passages"][0]["document"] for example in shuffled]
    assert 10 < sum(firsts) < 35  # a third of 64


def test_oracle_that_the_retriever_missed_comes_last() -> None:
    missed = row(5, question="When?")  # the vase is sixth, beyond what is served
    (example,) = build([missed], oracle_rate=1, top_k=2).rows
    assert [passage["oracle"] for passage in example["passages"]] == [False, True]


def test_passages_with_the_answer_or_the_same_text_are_no_distractors() -> None:
    documents = {
        "a": "Within 3 days.",
        "b": "Elsewhere: within 3 days, too.",
        "c": "Other.",
        "d": " other. ",
        "e": "More.",
    }
    asked = Row(line=1, id="x", question="a", answer="3 days", relevant=("a",))
    (example,) = build([asked], index(documents), oracle_rate=1, top_k=4).rows
    assert [passage["document"] for passage in example["passages"]] == ["a", "c", "e"]


def test_quote_across_a_border_makes_both_sides_oracles() -> None:
    over = index({"a": "0123456789within 3 days0123456789", "b": "nothing"}, chunk_size=16)
    asked = Row(line=1, id="x", question="a", answer="yes", quote="within 3 days")
    (example,) = build([asked], over, oracle_rate=1, top_k=2).rows
    assert example["passages"] == [
        {"document": "a", "chunk": 0, "oracle": True},
        {"document": "a", "chunk": 2, "oracle": False},
    ]


def test_without_a_quote_the_answers_words_decide_and_unknown_rows_are_left_out() -> None:
    known = row(0, quote=None, answer="within 3  DAYS")
    unknown = row(1, quote=None, answer="elsewhere")
    built = build([known, unknown], oracle_rate=1)
    assert [example["id"] for example in built.rows] == ["r0"]
    assert oracles(built.rows[0]) == ["shoe"]
    assert built.left_out == [2]
    with pytest.raises(UserError):
        build([unknown])


def test_wrong_quotes_and_documents_are_all_told_with_their_lines(english: None) -> None:
    rows = [row(0), row(1, quote="within 99 days"), row(2, quote=None, relevant=("hat",)), row(3)]
    with pytest.raises(UserError) as error:
        build(rows)
    assert [line.split(":")[0] for line in error.value.message.splitlines()[1:]] == ["line 2", "line 3"]
    assert "within 99 days" in error.value.message
    assert "hat" in error.value.message


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, "The passages do not hold the answer."),
        ({"question": "鞋子 shoe 几天能退?"}, "资料中没有答案。"),
        ({"language": "zh"}, "资料中没有答案。"),
    ],
)
def test_refusal_speaks_the_rows_language(changes: dict[str, str], refusal: str) -> None:
    (example,) = build([row(0, **changes)], oracle_rate=0).rows
    assert example["messages"][-1]["content"] == refusal
