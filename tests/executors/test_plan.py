import json
from pathlib import Path

import pytest
from ftadvisor.executors.plan import ModelSource, Plan
from ftadvisor.executors.plan_file import read_plan, write_plan
from ftadvisor.executors.prompt import Example, Prompt
from ftadvisor.executors.step import parse_step
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.messages import use_language
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("toy_steps", "english")

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
multiline = st.lists(words, max_size=3).map("\n".join)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    index = {"kind": "build_index", "words": draw(st.lists(words, max_size=3)), "top_k": draw(st.integers(1, 100))}
    train = {"kind": "train", "name": draw(words), "epochs": draw(st.integers(-5, 5))}
    return Plan(
        title=draw(words),
        language=draw(st.sampled_from(["zh", "en"])),
        label="rag+finetune:lora",
        seed=draw(st.integers(0, 2**32 - 1)),
        knowledge="0.1.0",
        model=ModelSource(source=draw(words.filter(bool)), revision=draw(st.none() | words)),
        prompt=Prompt(instruction=draw(multiline), examples=(Example(question=draw(multiline), answer="1"),)),
        steps=(parse_step(index | {"weight": draw(st.floats(1e-9, 1e9))}), parse_step(train)),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(plan=plans(), reason=words)
def test_a_written_plan_reads_back_the_same(tmp_path: Path, plan: Plan, reason: str) -> None:
    places = ("title", "seed", "model", "model.source", "prompt.instruction", "steps.0.words", "steps.1.epochs")
    write_plan(plan, tmp_path / "plan.yaml", dict.fromkeys(places, reason))
    assert read_plan(tmp_path / "plan.yaml") == plan


def test_a_plan_survives_json(toy_plan: Path) -> None:
    plan = read_plan(toy_plan)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_every_option_is_written_and_its_comment_stands_with_it(toy_plan: Path) -> None:
    write_plan(read_plan(toy_plan), toy_plan, {"steps.0.top_k": "three were best", "seed": "any will do"})
    lines = toy_plan.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("seed: 17") and line.endswith("# any will do") for line in lines)
    assert any("top_k: 3" in line and line.endswith("# three were best") for line in lines)
    assert any("weight: 0.5" in line and line.endswith("# how much") for line in lines)
    comment = next(place for place, line in enumerate(lines) if "# what goes in" in line)
    assert lines[comment + 1].strip() == "words:"


def refusal(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        read_plan(path)
    return caught.value


def test_all_problems_are_told_at_once_with_their_lines(toy_plan: Path) -> None:
    toy_plan.write_text(
        """\
version: 1
titel: wrong
language: fr
label: x
seed: -1
knowledge: 0.1.0
model:
  source: m
  dtype: int1
prompt: {instruction: 5}
steps:
  - kind: build_index
    top_k: many
    output: ../elsewhere
  - kind: knit
  - 7
  - kind: train
""",
        encoding="utf-8",
    )
    error = refusal(toy_plan)
    assert error.message.splitlines()[1:] == [
        "line 1: title: is missing",
        "line 2: titel: there is no such option (its value is 'wrong')",
        "line 3: language: cannot be 'fr'; allowed: 'zh' or 'en'",
        "line 5: seed: must be at least 0, not -1",
        "line 9: model.dtype: cannot be 'int1'; allowed: 'auto', 'float32', 'bfloat16' or 'float16'",
        "line 10: prompt.instruction: must be 'key: value' pairs, not 5",
        "line 10: prompt.instruction: must be text, not 5",
        "line 13: steps[1].top_k: must be a whole number, not 'many'",
        "line 14: steps[1].output: must be a name inside the run folder",
        *error.message.splitlines()[10:],
    ]
    assert [line.split(":")[0] for line in error.message.splitlines()[10:]] == ["line 15", "line 16", "line 17"]
    assert "knit" in error.message
    assert error.hint


@pytest.mark.parametrize("language", ["zh", "en"])
def test_problems_are_told_in_the_language_of_the_user(toy_plan: Path, language: str) -> None:
    use_language("zh" if language == "zh" else "en")
    text = toy_plan.read_text(encoding="utf-8").replace("seed: 17", "seed: x")
    toy_plan.write_text(text.replace("language: en", "language: fr"), encoding="utf-8")
    told = refusal(toy_plan).message
    assert ("应为整数" in told) == (language == "zh")
    assert ("'zh' 或 'en'" if language == "zh" else "'zh' or 'en'") in told


def test_what_steps_say_of_their_options_is_chinese(tmp_path: Path) -> None:
    use_language("zh")
    steps = [
        {"kind": "classify", "name": "a", "train": "a.csv", "output": "../a"},
        {"kind": "evaluate", "test": "a.jsonl", "arms": ["base"], "format": "("},
        {"kind": "evaluate", "test": "a.jsonl", "arms": ["base"], "fields": [{"name": "a"}]},
    ]
    head = {"version": 1, "title": "a", "language": "zh", "label": "a", "seed": 1, "knowledge": "1"}
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps({**head, "model": {"source": "a"}, "prompt": {}, "steps": steps}), encoding="utf-8")
    told = refusal(path).message.splitlines()
    for part in ("应为运行文件夹内的名字", "“(”不是正则表达式", "需要 values（列出所有的值）或 pattern"):
        assert any(part in line for line in told), told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2", "line "),
        ("a: 1\na: 2", "line 2"),
        ("- 1\n- 2", "key: value"),
        ("", "key: value"),
        ("a: 1\n\tb: 2", "line 2"),
        ("steps: []", "steps: must not be empty"),
        ("steps: 3", "steps: must be a list"),
        ("steps: {a: 1}", "steps: must be a list"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(toy_plan: Path, text: str, said: str) -> None:
    toy_plan.write_text(text, encoding="utf-8")
    assert said in refusal(toy_plan).message


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    tmp_path.joinpath("latin.yaml").write_bytes("title: é".encode("latin-1"))
    assert "no file" in refusal(tmp_path / "absent.yaml").message
    assert "UTF-8" in refusal(tmp_path / "latin.yaml").message
    assert str(tmp_path) in refusal(tmp_path).message
