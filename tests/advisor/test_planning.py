"""Plans: every path has one, every value its reason, and what is planned fits and runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.answer_form import recognise
from ftadvisor.advisor.base_model import describe
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.device import Device
from ftadvisor.advisor.draft import PlanDraft
from ftadvisor.advisor.files import Files
from ftadvisor.advisor.fitting import GIBIBYTE
from ftadvisor.advisor.labels import LABELS
from ftadvisor.advisor.model_choice import suitable_models
from ftadvisor.advisor.plan_output import plan_summary
from ftadvisor.advisor.plan_training import UNKNOWN_LENGTH, set_up
from ftadvisor.advisor.planning import make_plan
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.executors.data import Row
from ftadvisor.executors.method import method_ids, method_module
from ftadvisor.executors.plan_file import read_plan, write_plan
from ftadvisor.executors.step import step_module
from ftadvisor.executors.steps.train import Options as TrainStep
from ftadvisor.knowledge.handwork import Handwork
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.method import MethodCard
from ftadvisor.knowledge.setting import Setting
from ftadvisor.knowledge.sources import Evidence

RETURNS = Files(
    documents=("builtin:returns/policies",),
    train="builtin:returns/dialogues.train.jsonl",
    validation="builtin:returns/dialogues.validation.jsonl",
    test="builtin:returns/dialogues.test.jsonl",
)
EVERY_LABEL = sorted({*LABELS, "rag+finetune:lora", "rag+finetune:qlora", "rag+finetune:adapter"})
SMALL = "qwen2.5-0.5b"
HALF_WIDTH = re.compile(r"[;,:] ?[\u4e00-\u9fff]|[\u4e00-\u9fff）] ?[;,:(]")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def planned(label: str, folder: Path, files: Files = RETURNS, **answers: object) -> PlanDraft:
    """Return the plan of a label for some answers."""
    profile = Profile.model_validate({"task_type": "dialogue", "vram_gb": 24} | answers)
    recommendation = recommend(profile).model_copy(update={"label": label, "base": "llm<=8b"})
    return make_plan(profile, recommendation, files=files, folder=folder, model=SMALL)


@pytest.mark.parametrize(
    ("label", "files"), [*((label, Files()) for label in EVERY_LABEL), ("rag+finetune:lora", RETURNS), ("rag", RETURNS)]
)
def test_every_label_has_a_plan_that_reads_back(label: str, files: Files, tmp_path: Path) -> None:
    draft = planned(label, tmp_path, files)
    assert draft.plan is not None
    write_plan(draft.plan, tmp_path / "plan.yaml", draft.comments)
    assert read_plan(tmp_path / "plan.yaml") == draft.plan
    assert draft.remaining


@pytest.mark.parametrize("label", EVERY_LABEL)
def test_a_chinese_plan_is_chinese_throughout(label: str, tmp_path: Path) -> None:
    """No method is called by its English name, and no English sign joins Chinese words."""
    use_language("zh")
    draft = planned(label, tmp_path)
    advice = recommend(Profile(task_type="dialogue")).model_copy(update={"label": label})
    told = [*draft.comments.values(), *plan_summary(draft, advice, tmp_path / "plan.yaml")]
    titles = [card.title for card in load(MethodCard).values()]
    english = [title.en for title in titles if title.en != title.zh]
    assert len(english) >= 4
    assert not [text for text in told if any(name in text for name in english)]
    assert not [text for text in told if HALF_WIDTH.search(text)]


def test_the_combined_path_trains_with_and_without_passages_and_compares_all_arms(tmp_path: Path) -> None:
    plan = planned("rag+finetune:lora", tmp_path).plan
    assert plan is not None
    kinds = [step.kind for step in plan.steps]
    assert kinds == ["build_index", "build_examples", "train", "train", "evaluate", "report"]
    combined, closed_book, evaluate = (plan.steps[place].model_dump() for place in (2, 3, 4))
    assert combined["train"] == "examples/train.jsonl"
    assert closed_book["train"] == RETURNS.train
    assert set(evaluate["arms"]) == {"base", "prompting", "rag", "finetuned", "combined", "shuffled"}
    same = set(combined) - {"name", "train", "validation", "output"}
    assert {name: combined[name] for name in same} == {name: closed_book[name] for name in same}


def test_what_cannot_be_trained_here_is_said_instead_of_promised(tmp_path: Path) -> None:
    profile = Profile(task_type="image_classification", modality="image", labelled_examples=8000)
    draft = make_plan(profile, recommend(profile), files=Files(), folder=tmp_path)
    assert draft.plan is None
    assert any("images or speech" in text for text in draft.remaining)


@pytest.mark.parametrize("method", method_ids())
def test_the_recommended_method_is_the_one_that_runs(method: str, tmp_path: Path) -> None:
    draft = planned(f"finetune:{method}", tmp_path)
    assert draft.plan is not None
    assert draft.plan.steps[0].model_dump()["method"] == method


def test_files_that_are_not_there_yet_are_to_be_prepared(tmp_path: Path) -> None:
    remaining = planned("rag+finetune:lora", tmp_path, Files()).remaining
    assert [name for name in ("documents", "train.jsonl", "test.jsonl") if any(name in text for text in remaining[:3])]
    (tmp_path / "test.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    assert not any("rows that are not trained on" in text for text in planned("prompting", tmp_path, Files()).remaining)


def test_rows_without_a_source_are_counted(project: Path) -> None:
    (project / "train.jsonl").write_text('{"question": "q", "answer": "a"}\n{"question": "r", "answer": "b"}\n')
    remaining = planned("rag+finetune:lora", project, Files(documents=("docs",), train="train.jsonl")).remaining
    assert any(text.startswith("2 of 2 training rows") for text in remaining)


def test_every_chosen_value_of_a_training_has_its_reason_with_a_source(tmp_path: Path) -> None:
    comments = planned("finetune:lora", tmp_path).comments
    for name in ("learning_rate", "epochs", "warmup", "batch_size", "method_options.rank"):
        assert "[" in comments[f"steps.0.{name}"], name


@pytest.mark.parametrize("method", method_ids())
@pytest.mark.parametrize("rows", [None, 200, 8000, 100_000])
def test_every_method_gets_its_values_from_its_card_or_a_setting(method: str, rows: int | None) -> None:
    device = Device(has_gpu=True, memory_bytes=80 * GIBIBYTE)
    options = set_up(method, describe("qwen2.5-7b", ""), device, rows, 300).options
    card = load(MethodCard)[method].settings
    for name in ("learning_rate", "epochs", "warmup", "weight_decay", "patience", "batch_size"):
        assert "[" in options[name].reason, name
    own = options.get("method_options", {})
    assert set(own) == {name for name in method_module(method).Options.model_fields if name in card}
    for name, given in (options | own).items():
        if name in card and card[name].low is not None and name != "batch_size":
            assert card[name].low <= given.value <= card[name].high, name
            assert set(given.reason.rpartition("[")[2].rstrip("]").split(", ")) <= set(load(Evidence)), name


def test_short_runs_learn_faster_and_large_models_slower() -> None:
    device = Device(has_gpu=True, memory_bytes=80 * GIBIBYTE)

    def rate(method: str, model: str, rows: int) -> float:
        value: float = set_up(method, describe(model, ""), device, rows, 300).options["learning_rate"].value
        return value

    assert rate("lora", "qwen2.5-7b", 200) == pytest.approx(15 * rate("full", SMALL, 200))
    assert rate("lora", "qwen2.5-7b", 3000) == pytest.approx(10 * rate("full", SMALL, 3000))
    assert rate("full", "qwen2.5-7b", 3000) < rate("full", SMALL, 3000)


def test_a_small_gpu_takes_the_measures_of_the_ladder_in_their_order() -> None:
    base = describe("qwen2.5-7b", "")
    wide, narrow = (
        set_up("lora", base, Device(has_gpu=True, memory_bytes=gib * GIBIBYTE), 3000, 800) for gib in (80, 10)
    )
    assert wide.method == "lora"
    assert wide.options["batch_size"].value > narrow.options["batch_size"].value
    assert narrow.method == "qlora"
    assert narrow.quantisation == "nf4"
    assert narrow.memory.index("checkpointing") < narrow.memory.index("4 bits")
    for training in (wide, narrow):
        assert training.options["batch_size"].value * training.options["accumulation"] == 16


def test_the_largest_model_that_fits_is_taken_and_the_larger_ones_are_told(tmp_path: Path) -> None:
    def started(gib: float, method: str = "lora") -> PlanDraft:
        profile = Profile(task_type="dialogue", language="zh", vram_gb=gib)
        found = recommend(profile).model_copy(update={"label": f"finetune:{method}", "base": "llm<=8b", "model": None})
        return make_plan(profile, found, files=Files(), folder=tmp_path)

    large, small, tiny = started(80), started(8), started(4)
    sizes = [describe(draft.plan.model.source, "").parameters for draft in (large, small, tiny) if draft.plan]
    assert sizes == sorted(sizes, reverse=True)
    assert len({*sizes}) == 3
    assert any("Qwen3 8B: QLoRA takes" in text for text in small.lost)
    assert not any("8B" in text for text in large.lost)
    full = started(24, "full")
    assert full.plan is not None
    assert "fits" in full.memory
    assert "does not fit" not in full.memory


def test_the_other_ways_to_train_say_why_they_lost() -> None:
    def lost(method: str, gib: int) -> str:
        device = Device(has_gpu=True, memory_bytes=gib * GIBIBYTE)
        return "\n".join(set_up(method, describe("qwen2.5-7b", ""), device, 3000, 800, {"full": "it forgets"}).lost)

    assert "Full fine-tuning: takes" in lost("lora", 24)
    assert "and there are 24.0 GiB" in lost("lora", 24)
    assert "QLoRA: takes only" in lost("lora", 24)
    assert "in pure bf16" in lost("lora", 80)
    assert "would fit, but: it forgets" in lost("lora", 140)
    assert "LoRA: takes" in lost("lora", 12)  # which runs as QLoRA there
    assert "would fit as well" in lost("ia3", 80)


def test_rows_of_unknown_length_are_planned_shorter_before_nothing_fits() -> None:
    base = describe("qwen3-8b", "")
    tokens = [
        set_up("qlora", base, Device(has_gpu=True, memory_bytes=gib * GIBIBYTE), 3000, length).options.get("max_length")
        for gib, length in ((24, 0), (11, 0), (11, 900))
    ]
    assert tokens[0] is None
    assert tokens[1].value < UNKNOWN_LENGTH
    assert tokens[2] is None


@pytest.mark.parametrize(
    ("base", "language", "first"),
    [
        ("encoder", "zh", "hfl/chinese-roberta-wwm-ext"),
        ("encoder", "en", "FacebookAI/roberta-large"),
        ("cnn", None, "google/vit-large-patch16-224"),
        ("asr", "zh", "openai/whisper-large-v3"),
        ("llm<=8b", "zh", "Qwen/Qwen3-8B"),
    ],
)
def test_the_proposed_model_suits_the_task_and_the_language(base: str, language: str | None, first: str) -> None:
    cards = suitable_models(base, language, 9e9)
    assert cards[0].hub_id == first
    assert all(card.commercial_use != "no" for card in cards)
    assert [card.commercial_use for card in cards] == sorted((card.commercial_use for card in cards), reverse=True)


def test_a_language_that_no_model_of_the_kind_knows_gets_none() -> None:
    assert suitable_models("encoder", "sw", 9e9) == []
    assert suitable_models("vision_llm", "en", 9e9) == []


@pytest.mark.parametrize("method", [method for method in method_ids() if "nf4" in method_module(method).BASES])
def test_every_method_over_frozen_weights_may_store_them_in_4_bits(method: str) -> None:
    narrow = set_up(method, describe("qwen2.5-7b", ""), Device(has_gpu=True, memory_bytes=14 * GIBIBYTE), 3000, 300)
    assert narrow.method == ("qlora" if method == "lora" else method)
    assert narrow.quantisation == "nf4"
    assert ": fits" in narrow.memory


def test_what_does_not_fit_at_all_is_said() -> None:
    training = set_up("full", describe("qwen2.5-7b", ""), Device(has_gpu=True, memory_bytes=8 * GIBIBYTE), 3000, 800)
    assert "does not fit" in training.memory


def test_more_rows_take_a_higher_rank() -> None:
    base, device = describe(SMALL, ""), Device(has_gpu=True, memory_bytes=24 * GIBIBYTE)
    ranks = [
        set_up("lora", base, device, rows, 300).options["method_options"]["rank"].value for rows in (500, 5000, 50000)
    ]
    assert ranks == sorted(ranks)
    assert ranks[0] < ranks[-1]


@pytest.mark.parametrize("setting", load(Setting).values(), ids=lambda setting: setting.id)
def test_settings_name_options_that_exist_and_known_sources(setting: Setting) -> None:
    assert {source for chosen in setting.options.values() for source in chosen.evidence} <= set(load(Evidence))
    if setting.step == "prompt":  # not a step: the prompt stands at the head of a plan
        return
    options = TrainStep.model_fields if setting.step == "train" else step_module(setting.step).Options.model_fields
    assert {name.partition(".")[0] for name in setting.options} <= set(options)


@pytest.mark.parametrize("entry", load(Handwork).values(), ids=lambda entry: entry.id)
def test_handwork_names_only_known_files_and_sources(entry: Handwork) -> None:
    for step in entry.steps:
        for text in (step.zh, step.en):
            text.format(train="", test="", documents="", model="", plan="", vendor="", url="")
    assert set(entry.evidence) <= set(load(Evidence))


def test_the_house_format_is_recognised_in_both_languages() -> None:
    rows = [
        row
        for number in range(30)
        for row in (
            _row(f"条款:R{number}\n决定:同意\n回复:您好{number}", clause=f"R{number}", decision="同意"),
            _row(f"Clause: R{number}\nDecision: no\nReply: dear {number}", clause=f"R{number}", decision="no"),
        )
    ]
    form = recognise(rows)
    assert form.format is not None
    assert len(form.outlines) == 2
    assert {field.name: field.values or field.pattern for field in form.fields} == {
        "clause": r"[A-Z]+\d+",
        "decision": ("no", "同意"),
    }


def test_free_answers_have_no_format() -> None:
    assert recognise([_row(f"Some words about {number}.") for number in range(10)]).format is None


def _row(answer: str, **expected: str) -> Row:
    return Row(line=1, id="1", question="?", answer=answer, expected=expected)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a profile, documents and rows, as a user has them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profile.yaml").write_text("task_type: qa\nlanguage: en\nvram_gb: 0\n")
    (tmp_path / "docs").mkdir()
    colours = ["blue", "red", "green", "grey", "white", "black"]
    for number, colour in enumerate(colours):
        (tmp_path / "docs" / f"{number}.md").write_text(f"# Thing {number}\n\nThing {number} is {colour}.\n")
    rows = [
        {
            "question": f"colour of thing {n}?",
            "answer": f"Colour: {c}",
            "quote": f"Thing {n} is {c}.",
            "expected": {"c": c},
        }
        for n, c in enumerate(colours)
    ]
    for name, part in (("train", rows[:4]), ("test", rows[4:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    return tmp_path


def test_the_command_writes_a_plan_and_names_the_next_command(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--model", SMALL, "--label", "rag", "--documents", "docs", "--test", "test.jsonl"]) == 0
    assert "ftadvisor run plan.yaml" in capsys.readouterr().out
    assert not (project / "prepared").exists()
    assert read_plan(project / "plan.yaml").label == "rag"


def test_a_plan_is_never_replaced_unasked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "plan.yaml").write_text("mine")
    command = ["plan", "--model", SMALL, "--label", "prompting"]
    assert main(command) == 2
    assert "--force" in capsys.readouterr().err
    assert (project / "plan.yaml").read_text() == "mine"
    assert main([*command, "--force"]) == 0


def test_paths_are_written_as_seen_from_the_plan(project: Path) -> None:
    (project / "plans").mkdir()
    main(["plan", "--model", SMALL, "--label", "prompting", "--test", "test.jsonl", "-o", "plans/plan.yaml"])
    assert read_plan(project / "plans" / "plan.yaml").steps[0].model_dump()["test"] == "../test.jsonl"


@pytest.mark.parametrize(
    "words",
    [
        ["--test", "absent.jsonl"],
        ["--label", "magic"],
        ["--model", "no-such-model"],
        ["--profile", "absent.yaml"],
        ["-o", "absent/plan.yaml"],
    ],
)
def test_wrong_input_is_told_with_exit_code_2(project: Path, words: list[str]) -> None:
    assert main(["plan", *words]) == 2
    assert not (project / "plan.yaml").exists()


def test_a_wrong_row_is_told_with_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "train.jsonl").write_text('{"question": "q", "answer": "a"}\n{"question": "q"}\n')
    assert main(["plan", "--model", SMALL, "--label", "finetune:lora", "--train", "train.jsonl"]) == 2
    assert "2" in capsys.readouterr().err


def test_comments_speak_the_users_language(project: Path) -> None:
    main(["plan", "--model", SMALL, "--label", "finetune:lora", "--language", "zh"])
    text = (project / "plan.yaml").read_text(encoding="utf-8")
    assert "还需要人来做的事" in text
    assert "language: zh" in text


def test_a_written_plan_runs(project: Path, tiny_model: Path) -> None:
    words = ["--documents", "docs", "--train", "train.jsonl", "--test", "test.jsonl"]
    assert main(["plan", "--model", str(tiny_model), "--label", "rag+finetune:lora", *words]) == 0
    shorter = (project / "plan.yaml").read_text(encoding="utf-8").replace("max_new_tokens: 64", "max_new_tokens: 4")
    (project / "plan.yaml").write_text(shorter, encoding="utf-8")
    assert main(["run", "plan.yaml", "--quiet"]) == 0
    assert list(project.glob("runs/*/report.md"))
