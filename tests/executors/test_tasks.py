"""Plans of every task but the answering one, run by the command line; how their rows are read and measured."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.executors.entities import entities, tag_ratios
from ftadvisor.executors.intervals import interval
from ftadvisor.executors.layout import layout
from ftadvisor.executors.models import load_tokenizer
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.ratios import compared
from ftadvisor.executors.spans import best_span, span_ratios
from ftadvisor.executors.split_words import joined, token_places
from ftadvisor.executors.task import task_class
from ftadvisor.executors.written import text_compared
from ftadvisor.knowledge.errors import UserError

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.usefixtures("english")

PLAN = """\
version: 1
title: a task
language: en
label: finetune:METHOD
seed: 17
knowledge: 0.1.0
model: {source: MODEL}
prompt: {}
steps:
  - kind: train
    name: finetuned
    task: TASK
    task_options: OPTIONS
    method: METHOD
    train: train.jsonl
    validation_share: 0.2
    patience: 0
    epochs: EPOCHS
    batch_size: 4
    learning_rate: 0.01
    output: adapters/finetuned
  - {kind: measure, task: TASK, adapter: adapters/finetuned, test: test.jsonl}
  - {kind: report}
"""
PLACES = ("Rome", "Oslo", "Ulm", "Kyiv", "北京", "Bonn")
NAMES = ("Ann", "Bo", "李雷", "Eve", "Max")


def run(
    folder: Path, task: str, model: Path, method: str, rows: list[dict[str, Any]], epochs: int, **options: int
) -> tuple[Path, dict[str, Any]]:
    """Run a plan; every fifth row is measured on."""
    parts = {"train": [row for number, row in enumerate(rows) if number % 5], "test": rows[::5]}
    for name, part in parts.items():
        folder.joinpath(f"{name}.jsonl").write_text("\n".join(map(json.dumps, part)), encoding="utf-8")
    words = {"TASK": task, "MODEL": str(model), "METHOD": method, "EPOCHS": str(epochs), "OPTIONS": json.dumps(options)}
    plan = PLAN
    for word, value in words.items():
        plan = plan.replace(word, value)
    folder.joinpath("plan.yaml").write_text(plan, encoding="utf-8")
    assert main(["--quiet", "run", str(folder / "plan.yaml"), "--runs", str(folder / "runs")]) == 0
    made = next((folder / "runs").iterdir())
    return made, json.loads((made / "report.json").read_bytes())


def answers(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "outputs" / "answers" / "answers.jsonl").open("rb")]


def test_an_encoder_learns_to_tag_names(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    rows = [
        {"tokens": [name, "is", "in", place], "tags": ["B-PER", "O", "O", "B-LOC"]}
        for name in NAMES
        for place in PLACES
    ]
    made, report = run(tmp_path, "token_classification", tiny_of("bert"), "full", rows, 6)
    assert report["metrics"]["test"]["entity_f1"]["value"] > 0.9
    assert report["metrics"]["test"]["tag_accuracy"]["low"] > 0.5
    assert report["arm"] == "finetuned"
    assert {"tokens", "tags", "found"} == answers(made)[0].keys()
    assert "Entity F1" in (made / "report.md").read_text("utf-8")


def test_an_encoder_learns_where_answers_stand(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    rows = [
        {"question": "where?", "context": f"{name} is in {place} now", "answer": place}
        for name in NAMES
        for place in PLACES
    ]
    made, report = run(tmp_path, "question_answering", tiny_of("bert"), "full", rows, 12)
    assert report["metrics"]["test"]["f1"]["value"] > 0.8
    assert all(answer["answer"] in row["context"] for answer, row in zip(answers(made), rows[::5], strict=True))


def test_t5_is_compared_with_itself_before_training(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    said = "yes"
    rows = [{"instruction": f"say {name}", "input": str(one), "output": said} for name in NAMES for one in range(4)]
    made, report = run(tmp_path, "seq2seq", tiny_of("t5"), "full", rows, 40, max_new_tokens=4)
    assert set(report["baselines"]) == {"base"}
    assert report["differences"]["base"]["f1"]["value"] > 0.5
    assert answers(made)[0]["right"] == answers(made)[0]["answer"] == said


def test_more_pretraining_lowers_the_perplexity_of_held_out_texts(
    tiny_of: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = [{"text": f"{name} lives in {place} and likes it."} for name in NAMES for place in PLACES]
    made, report = run(tmp_path, "continued_pretraining", tiny_of("llama"), "full", rows, 6, block=32)
    ours, base = report["metrics"]["test"], report["baselines"]["base"]
    assert ours["perplexity"]["high"] < base["perplexity"]["low"]
    assert report["differences"]["base"]["token_accuracy"]["low"] > 0
    text = (made / "report.md").read_text("utf-8")
    assert "lower is better" in text
    assert f"{ours['perplexity']['value']:.4g}" in text


@pytest.mark.parametrize(
    ("task", "good", "bad", "said"),
    [
        ("token_classification", {"tokens": ["a"], "tags": ["O"]}, {"tokens": ["a", "b"], "tags": ["O"]}, "2"),
        ("question_answering", {"question": "q", "context": "c d", "answer": "d"}, {"question": "q"}, "context"),
        (
            "question_answering",
            {"question": "q", "context": "c d", "answer": "d"},
            {"question": "q", "context": "c d", "answer": "x"},
            "x",
        ),
        ("seq2seq", {"prompt": "p", "completion": "c"}, {"prompt": "p", "completion": ""}, "completion"),
        ("continued_pretraining", {"text": "t"}, {"text": ""}, "text"),
        ("causal_lm", {"instruction": "i", "output": "o"}, {"instruction": "i", "output": " "}, "output"),
        ("sequence_classification", {"text": "t", "label": "a"}, {"text": "t"}, "label"),
    ],
)
def test_each_bad_row_is_told_with_its_line(
    task: str, good: dict[str, Any], bad: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, [good, bad, good, bad])), encoding="utf-8")
    with pytest.raises(UserError) as error:
        task_class(task).read(path, Prompt())
    lines = error.value.message.splitlines()[1:]
    assert [("2" in line, "4" in line) for line in lines[:2]] == [(True, False), (False, True)] or said == "2"
    assert len(lines) == 2
    assert all(said in line for line in lines)


@pytest.mark.parametrize(
    ("task", "table"),
    [
        ("token_classification", "tokens,tags\nAnn left,B-PER O\n"),
        ("question_answering", "question,context,answer\nwho?,Ann left,Ann\n"),
        ("seq2seq", "prompt,completion\nsay a,a\n"),
        ("causal_lm", "instruction,input,output\nsay,a,a\n"),
        ("causal_lm", "question,answer\nsay a,a\n"),
        ("sequence_classification", "text,labels\nhi,a|b\n"),
        ("continued_pretraining", "text\nhi there\n"),
    ],
)
def test_tables_are_read_as_lines_are(task: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(table, encoding="utf-8")
    rows = task_class(task).read(path, Prompt())
    assert [row.line for row in rows] == [2]
    assert rows[0].asked


def test_names_are_found_as_conlleval_finds_them() -> None:
    tags = ["B-PER", "I-PER", "O", "I-LOC", "B-LOC", "S-ORG", "B-ORG", "E-ORG", "I-PER", "B-PER"]
    assert entities(tags) == {
        ("PER", 0, 2),
        ("LOC", 3, 4),
        ("LOC", 4, 5),
        ("ORG", 5, 6),
        ("ORG", 6, 8),
        ("PER", 8, 9),
        ("PER", 9, 10),
    }
    ratios = tag_ratios([["B-PER", "I-PER", "O"]], [["B-PER", "O", "O"]])  # half a name is no name
    assert {name: (sum(above), sum(below)) for name, (above, below) in ratios.items()} == {
        "entity_f1": (0, 2),
        "entity_precision": (0, 1),
        "entity_recall": (0, 1),
        "tag_accuracy": (2, 3),
    }
    assert set(tag_ratios([["NOUN", "VERB"]], [["NOUN", "NOUN"]])) == {"tag_accuracy"}


@pytest.mark.parametrize(
    "tags",
    [
        ["B-PER", "I-PER", "I-PER", "O", "B-LOC"],
        ["B-PER", "I-PER", "E-PER", "O", "S-LOC"],
        ["B-PER", "M-PER", "E-PER", "O", "S-LOC"],  # as Chinese corpora mark the middle of a name
        ["B-PER", "I-PER", "L-PER", "O", "U-LOC"],
        ["I-PER", "I-PER", "E-PER", "O", "E-LOC"],
    ],
)
def test_names_are_found_however_their_ends_are_marked(tags: list[str]) -> None:
    assert entities(tags) == {("PER", 0, 3), ("LOC", 4, 5)}
    assert layout("tagged").classes({"tokens": ["a"] * 5, "tags": tags}) == ("LOC", "PER")


def test_perfect_tags_are_not_said_to_be_surely_perfect() -> None:
    right = [["B-PER", "O"], ["O", "O"]] * 10  # half the rows hold no name
    ratios = tag_ratios(right, right)
    found: Any = compared(ratios, ratios, seed=1)
    assert found["metrics"]["entity_f1"] == interval([1.0] * 10, seed=1)
    assert found["differences"]["base"]["entity_f1"] == interval([0.0] * 10, seed=1, lowest=-1.0)
    assert found["differences"]["base"]["tag_accuracy"]["high"] > 0


def test_words_are_joined_as_texts_are_and_found_again(tiny_of: Callable[[str], Path]) -> None:
    words = ["Ann", "在", "北京", "today"]
    text, starts = joined(words)
    assert text == "Ann 在北京 today"
    tokenizer = load_tokenizer(str(tiny_of("roberta")))
    tokens, places = token_places(tokenizer, words)
    found = [tokenizer.decode(tokens[place:]).removesuffix("</s>").strip() for place in places]
    assert [text[start:].strip() for start in starts] == found
    assert token_places(tokenizer, words, limit=4)[1][-1] == -1


def test_the_best_span_is_forward_short_and_inside_the_passage() -> None:
    offsets = [(-1, -1), (0, 2), (2, 4), (4, 6), (-1, -1)]
    scores = torch.tensor([[9.0, 9.0], [0.0, 5.0], [3.0, 0.0], [4.0, 2.0], [9.0, 9.0]])
    assert best_span(scores, offsets, longest=3) == (6.0, (4, 6))  # not from the third back to the first
    scores[3] = torch.tensor([-9.0, 7.0])
    assert best_span(scores, offsets, longest=3)[1] == (2, 6)
    assert best_span(scores, offsets, longest=1)[1] == (0, 2)


def test_long_passages_are_read_in_windows(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"question": "where?", "context": "nothing at all here " * 30 + "but Oslo", "answer": "Oslo"}
    path.write_text(json.dumps(row), encoding="utf-8")
    kind = task_class("question_answering")
    rows = kind.read(path, Prompt())
    task = kind(kind.Options(overlap=16), kind.study(rows, path))  # type: ignore[call-arg]
    tokenizer = load_tokenizer(str(tiny_of("bert")))
    windows = [example for _, example in task.examples(tokenizer, rows, 64)]
    assert len(windows) > 4
    assert max(map(len, windows)) <= 64
    holding: list[Any] = [window for window in windows if window.span != (0, 0)]
    assert len(holding) == 1
    first, last = holding[0].span
    assert rows[0].context[holding[0].offsets[first][0] : holding[0].offsets[last][1]].strip() == "Oslo"


def test_scores_of_texts_and_their_intervals() -> None:
    texts: Any = text_compared(["the cat sat", "红色的花"], ["the cat is", "红花"], None, seed=1)
    assert texts["metrics"]["rouge_l"]["value"] == pytest.approx(2 * 2 / 6)
    assert span_ratios(["Oslo", ""], [["in Oslo", "Oslo"], []])["exact"][0] == [1.0, 1.0]
    found = compared({"f1": ([1, 0, 1, 1], [1, 1, 1, 1])}, {"f1": ([0, 0, 1, 0], [1, 1, 1, 1])}, seed=1)
    metric: Any = found["metrics"]
    assert metric["f1"]["value"] == 0.75
    assert metric["f1"]["low"] < 0.75 < metric["f1"]["high"]
    difference: Any = found["differences"]
    assert difference["base"]["f1"]["value"] == 0.5
