"""Answers that should be JSON: how many are, how many keep the schema, and which of their fields are right."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors.constraint import JsonShape, Labels
from ftadvisor.executors.data import Row
from ftadvisor.executors.evaluate import Answering, compare
from ftadvisor.executors.form_scores import field_intervals, form_scores, object_scores, wanted_objects
from ftadvisor.executors.json_schema import Schema, read_json
from ftadvisor.executors.report.next_steps import primary_metric
from ftadvisor.executors.report.record import Evaluation
from ftadvisor.knowledge.errors import UserError

pytest.importorskip("jsonschema", reason="needs jsonschema, of the train extra")

SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {"days": {"type": "integer", "maximum": 30}, "kind": {"enum": ["sea", "air"]}},
    "required": ["days"],
    "additionalProperties": False,
}
RIGHT = ['{"days": 3, "kind": "sea"}', '{"days": 7, "kind": "air"}', '{"days": 1}', '{"days": 9, "kind": "sea"}']
WRITTEN = [
    '{"kind": "sea", "days": 3}',  # all right: the order does not count
    '```json\n{"days": 7, "kind": "air"}\n```',  # no JSON as it stands
    '{"days": 1, "more": true}',  # JSON, but not of this shape, with a field that nobody wanted
    '{"days": 31, "kind": "sea"}',
]
Shown = pytest.CaptureFixture[str]


def test_what_is_json_and_what_keeps_the_schema_are_told_apart() -> None:
    found = form_scores(WRITTEN, JsonShape(SHAPE), are_json=True)
    assert found == {"valid_json": [1, 0, 1, 1], "keeps_schema": [1, 0, 0, 0]}
    assert form_scores(WRITTEN, None, are_json=True).keys() == {"valid_json"}
    assert form_scores(["sea", "by sea"], Labels(("sea", "air")), are_json=False) == {"allowed_answer": [1, 0]}
    assert form_scores(WRITTEN, None, are_json=False) == {}


@pytest.mark.parametrize("text", ["NaN", '{"days": Infinity}', "{'days': 3}", '{"days": 3} as asked', "", "[" * 99_999])
def test_what_is_nearly_json_is_none(text: str) -> None:
    assert read_json(text) is None


def test_fields_are_compared_one_by_one() -> None:
    objects = wanted_objects(RIGHT)
    assert object_scores(WRITTEN, objects) == {"json_fields": [1, 0, 0.5, 0.5], "json_whole": [1, 0, 0, 0]}
    fields = field_intervals(WRITTEN, objects, ["0", "1", "2", "3"], seed=1)
    assert fields["days"]["value"] == 0.5
    assert fields["kind"]["value"] == pytest.approx(2 / 3)  # the row without it does not count
    assert fields["days"]["low"] < 0.5 < fields["days"]["high"]
    assert wanted_objects([*RIGHT, "three days"]) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": true}', '{"a": 1}', False),
        ('{"a": 1.0}', '{"a": 1}', True),
        ('{"a": [1, {"b": "X"}]}', '{"a": [1, {"b": "x."}]}', True),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
        ('{"a": null}', "{}", False),
    ],
)
def test_values_are_the_same_as_json_has_them(one: str, other: str, same: bool) -> None:
    assert object_scores([one], wanted_objects([other]))["json_whole"] == [float(same)]


def test_a_comparison_tells_what_the_form_buys_and_decides_by_fields() -> None:
    rows = [Row(line=n, id=str(n), question="?", answer=answer) for n, answer in enumerate(RIGHT, 1)]
    answerings = {"few_shot": Answering(WRITTEN, 1.0), "constrained": Answering(RIGHT, 1.0)}
    found = Evaluation(rows=4, **compare(rows, answerings, None, [], "constrained", 1, JsonShape(SHAPE)))  # type: ignore[arg-type]
    assert {name: found.arms["few_shot"][name].value for name in ("valid_json", "keeps_schema")} == {
        "valid_json": 0.75,
        "keeps_schema": 0.25,
    }
    assert found.arms["constrained"]["keeps_schema"].low < 1
    assert found.differences["few_shot"]["keeps_schema"].value == 0.75
    assert primary_metric(found) == "json_fields"
    assert found.json_fields["few_shot"]["days"].value == 0.5


def test_a_schema_is_applied_whole() -> None:
    nested = Schema({"$defs": {"id": {"pattern": "^[A-Z]-[0-9]+$"}}, "items": {"$ref": "#/$defs/id"}, "minItems": 1})
    assert nested.allows(["A-1"])
    assert not nested.allows(["a1"])
    assert not nested.allows([])


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "127.0.0.1:9"),  # which nobody asks for it
        ({"patternProperties": {"(": {}}}, "("),
    ],
)
def test_a_schema_that_cannot_be_applied_is_refused_before_anything_is_asked(
    schema: dict[str, Any], named: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="answer_schema"):
        JsonShape(schema).holds(RIGHT[0])
    Path("test.jsonl").write_text(json.dumps({"question": "?", "answer": RIGHT[0]}))
    Path("schema.json").write_text(json.dumps(schema))
    command = ["evaluate", "test.jsonl", "--model", str(tiny_model), "--set=arms=[base]", "--quiet"]
    assert main([*command, f"--set=answer_schema={tmp_path / 'schema.json'}"]) == WRONG_INPUT
    assert named in capsys.readouterr().err
    assert not list(Path("runs").rglob("base.jsonl"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_screen_and_reports_show_them_for_every_way_to_answer(
    language: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    pytest.importorskip("llguidance", reason="needs llguidance, of the train extra")
    monkeypatch.chdir(tmp_path)
    Path("test.jsonl").write_text("".join(json.dumps({"question": "?", "answer": one}) + "\n" for one in RIGHT))
    Path("schema.json").write_text(json.dumps(SHAPE))
    given = {"arms": "[base, constrained]", "max_new_tokens": 30, "answer_schema": tmp_path / "schema.json"}
    command = ["evaluate", "test.jsonl", "--model", str(tiny_model), "--language", language]
    assert main([*command, *[f"--set={key}={value}" for key, value in given.items()], "--quiet"]) == DONE
    screen = capsys.readouterr().out
    [run] = Path("runs").iterdir()
    names = {"zh": ["符合 JSON Schema", "JSON 字段正确"], "en": ["Keeps the JSON Schema", "JSON fields right"]}
    told = json.loads((run / "report.json").read_bytes())["evaluation"]
    assert told["arms"]["constrained"]["keeps_schema"]["value"] > told["arms"]["base"]["keeps_schema"]["value"]
    assert {*told["json_fields"]["base"]} == {"days", "kind"}
    for page in (screen, (run / "report.html").read_text(), (run / "report.md").read_text()):
        assert all(name in page for name in names[language])
    assert {"zh": "JSON 的各个字段", "en": "JSON field by field"}[language] in (run / "report.html").read_text()
