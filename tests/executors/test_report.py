import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ftadvisor.executors.plan import ModelSource, Plan
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.report.next_steps import next_steps
from ftadvisor.executors.report.record import Evaluation, Training
from ftadvisor.executors.report.svg import ticks
from ftadvisor.executors.step import EarlierResult, Result, StepContext, parse_step
from ftadvisor.executors.steps.report import execute
from ftadvisor.knowledge.messages import Language
from ftadvisor.knowledge.progress import silent

ARMS = {"base": 0.31, "prompting": 0.42, "rag": 0.55, "finetuned": 0.61, "combined": 0.87, "shuffled": 0.48}


def interval(value: float, width: float = 0.05) -> dict[str, float]:
    return {"value": value, "low": value - width, "high": value + width}


def confusion(right: float) -> dict[str, dict[str, int]]:
    values = ["支持退货", "不支持退货", "需要补充材料"]
    table = {value: dict.fromkeys([*values, "-"], round(10 * (1 - right))) for value in values}
    for value in values:
        table[value][value] = round(60 * right)
    return table


def evaluation(**changes: Any) -> Result:
    ours = ARMS["combined"]
    shown = {arm: f"第 {place} 条:支持退货。很抱歉给您带来不便。" for place, arm in enumerate(ARMS, 1)}
    result = {
        "rows": 180,
        "arms": {
            arm: {
                "decision": interval(right),
                "clause": interval(right - 0.08),
                "format": interval(min(0.99, right + 0.1), 0.01),
            }
            for arm, right in ARMS.items()
        },
        "differences": {
            arm: {
                "decision": interval(ours - right, 0.08),
                "clause": interval(ours - right, 0.09),
                "format": interval(0.1),
            }
            for arm, right in ARMS.items()
            if arm != "combined"
        },
        "confusion": {arm: {"decision": confusion(right)} for arm, right in ARMS.items()},
        "retrieval": {"recall": {"1": 0.71, "2": 0.84, "3": 0.93}, "rows": 180, "top_k": 3},
        "seconds": dict.fromkeys(ARMS, 21.5),
        "examples": [
            {
                "id": "1",
                "question": '洗了一次就<掉色>了,能退吗 | "真的"?',
                "answer": "依据质量条款第 3 条:支持退货。",
                "expected": {"decision": "支持退货"},
                "answers": shown,
                "passages": ["质量条款第 3 条 正常洗涤后褪色的,支持退货。"],
            }
        ]
        * 2,
    }
    return {**result, **changes}


def training(name: str, best: int = 180, **changes: Any) -> Result:
    noise = random.Random(name)
    loss = [[step, 2.4 / (1 + step / 30) + noise.random() * 0.1] for step in range(5, 241, 5)]
    validation = [[step, 0.6 + abs(step - best) / 300] for step in range(30, 241, 30)]
    result = {
        "name": name,
        "method": "lora",
        "trainable_parameters": 73_728,
        "total_parameters": 11_900_000,
        "steps": 240,
        "seconds": 93.0,
        "tokens_per_second": 4210.0,
        "peak_memory_bytes": 712 * 2**20,
        "estimated_memory_bytes": 655 * 2**20,
        "loss": loss,
        "validation_loss": validation,
        "best_step": best,
    }
    return {**result, **changes}


def context(folder: Path, language: Language, results: list[tuple[dict[str, Any], Result]]) -> StepContext:
    """A run that has done these steps and is about to report."""
    steps = [parse_step(values) for values, _ in results]
    plan = Plan(
        title="退货助手" if language == "zh" else "Returns assistant",
        language=language,
        label="rag+finetune:lora",
        seed=17,
        knowledge="0.1.0",
        model=ModelSource(source="builtin:tiny"),
        prompt=Prompt(),
        steps=(*steps, parse_step({"kind": "report"})),
    )
    made = {
        "python": "3.13.1",
        "packages": {"ftadvisor": "0.1.0"},
        "machine": {"system": "Linux"},
        "threads": {"usable": 2},
    }
    folder.joinpath("environment.json").write_text(json.dumps(made))
    pairs = enumerate(zip(steps, results, strict=True), 1)
    earlier = tuple(EarlierResult(number, step, result, 12.5 * number) for number, (step, (_, result)) in pairs)
    return StepContext(folder, folder, plan, len(plan.steps), earlier, silent, lambda name, /, **values: None)


TRAIN = {"kind": "train", "train": "rows.jsonl"}
WHOLE: list[tuple[dict[str, Any], Result]] = [
    ({"kind": "build_index", "sources": ["policies"]}, {"output": "index"}),
    ({**TRAIN, "name": "combined", "output": "adapters/combined"}, training("combined")),
    ({**TRAIN, "name": "closed_book", "output": "adapters/closed_book"}, training("closed_book", best=60)),
    ({"kind": "evaluate", "test": "test.jsonl", "arms": ["base"]}, evaluation()),
]


def write(folder: Path, language: Language, results: list[tuple[dict[str, Any], Result]]) -> dict[str, Any]:
    made = context(folder, language, results)
    execute(parse_step({"kind": "report"}), made)  # type: ignore[arg-type]
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def test_a_chinese_report_names_methods_and_the_path_in_chinese(tmp_path: Path) -> None:
    results = [(step, {**result, "method": "full"} if "method" in result else result) for step, result in WHOLE]
    write(tmp_path, "zh", results)
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text("utf-8")
        assert "全参数微调" in text
        assert "路径 RAG + 微调（LoRA）" in text


class Tags(HTMLParser):
    """Check that every tag is closed, and collect what would be fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path, language: Language) -> None:
    write(tmp_path, language, WHOLE)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.fetched == []
    assert "&lt;掉色&gt;" in page
    assert "<掉色>" not in page
    assert ("RAG + 微调" in page) == (language == "zh")
    assert "None" not in page
    assert "nan" not in page


def test_pictures_are_well_formed_files_that_the_markdown_shows(tmp_path: Path) -> None:
    write(tmp_path, "zh", WHOLE)
    pictures = {path.name for path in tmp_path.glob("figures/*.svg")}
    shown = set(re.findall(r"\(figures/(.*?)\)", (tmp_path / "report.md").read_text(encoding="utf-8")))
    assert pictures == shown
    assert {"metric-decision.svg", "difference-decision.svg", "memory.svg", "time.svg", "learning-1.svg"} < pictures
    for name in pictures:
        root = ElementTree.parse(tmp_path / "figures" / name).getroot()
        assert root.tag.endswith("svg")
        assert root.find("{http://www.w3.org/2000/svg}title") is not None


def test_the_json_has_the_shape_that_programs_rely_on(tmp_path: Path) -> None:
    report = write(tmp_path, "en", WHOLE)
    assert {"plan", "status", "estimated", "measured", "metrics", "baselines", "artefacts", "next"} <= set(report)
    assert report["metrics"]["test"]["decision"] == interval(0.87)
    assert set(report["baselines"]) == set(ARMS) - {"combined"}
    assert report["estimated"]["memory_bytes"]["combined"] == 655 * 2**20
    assert report["artefacts"] == ["outputs/index", "outputs/adapters/combined", "outputs/adapters/closed_book"]
    assert report["status"] == "finished"


@pytest.mark.parametrize(
    "results", [[], WHOLE[:1], WHOLE[:2], WHOLE[3:]], ids=["nothing", "index", "train", "evaluate"]
)
def test_a_run_of_few_steps_has_a_report_too(tmp_path: Path, results: list[tuple[dict[str, Any], Result]]) -> None:
    assert write(tmp_path, "en", results)["next"]


def test_two_trainings_that_are_measured_apart_are_both_reported(tmp_path: Path) -> None:
    def measured(name: str, value: float) -> tuple[dict[str, Any], Result]:
        arms: Result = {"base": {"rouge_l": interval(0.2)}, name: {"rouge_l": interval(value)}}
        step = {"kind": "measure", "name": name, "task": "seq2seq", "adapter": name, "output": f"answers/{name}"}
        apart = {"base": {"rouge_l": interval(value - 0.2)}}
        return step, {"rows": 50, "arms": arms, "differences": apart, "seconds": {name: 2.0}}

    report = write(tmp_path, "en", [measured("lora", 0.5), measured("full", 0.6)])
    assert report["metrics"]["test"]["rouge_l"] == interval(0.6)
    assert report["baselines"] == {"lora": {"rouge_l": interval(0.5)}, "base": {"rouge_l": interval(0.2)}}
    assert report["differences"]["base"]["rouge_l"] == interval(0.6 - 0.2)
    assert report["evaluation"]["seconds"] == {"lora": 2.0, "full": 2.0}
    assert "50 %" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_training_that_took_no_more_memory_than_was_there_is_reported_beside_another(tmp_path: Path) -> None:
    step = {**TRAIN, "name": "again", "output": "adapters/again"}
    report = write(tmp_path, "en", [WHOLE[1], (step, training("again", peak_memory_bytes=0))])
    assert [one["name"] for one in report["measured"]["training"]] == ["combined", "again"]
    assert "again" not in (tmp_path / "figures" / "memory.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(("trained", "share"), [(11_900_000, "(100 %)"), (11_890_000, "(100 %)"), (73_728, "(0.62 %)")])
def test_the_trained_share_is_written_for_people(tmp_path: Path, trained: int, share: str) -> None:
    write(tmp_path, "en", [(WHOLE[1][0], training("combined", trainable_parameters=trained))])
    assert share in (tmp_path / "report.md").read_text(encoding="utf-8")


def advice(changes: dict[str, Any], *trainings: Result) -> str:
    found = Evaluation.model_validate(evaluation(**changes))
    return "\n".join(next_steps("combined", found, [Training.model_validate(each) for each in trainings]))


def against(other: str, low: float, high: float) -> dict[str, Any]:
    return {"differences": {other: {"decision": {"value": (low + high) / 2, "low": low, "high": high}}}}


@pytest.mark.usefixtures("english")
class TestNextSteps:
    def test_a_rival_that_is_better_is_recommended(self) -> None:
        assert "Use “RAG only” instead" in advice(against("rag", -0.2, -0.1))

    def test_an_open_comparison_says_how_many_rows_would_close_it(self) -> None:
        assert "~720 test rows" in advice(against("rag", -0.05, 0.15))
        assert ">10,000 test rows" in advice(against("rag", -0.1, 0.1))
        assert "is open" in advice(against("rag", 0.0, 0.0))

    def test_a_clear_win_is_not_talked_about(self) -> None:
        assert "RAG only" not in advice(against("rag", 0.1, 0.2))

    def test_passages_that_are_not_used_are_noticed(self) -> None:
        assert "does not use what was retrieved" in advice(against("shuffled", -0.02, 0.03))
        assert "does not use" not in advice(against("shuffled", 0.2, 0.3))

    def test_weak_retrieval_comes_before_training(self) -> None:
        recall = {"1": 0.4, "3": 0.62}
        assert "only 62 %" in advice({"retrieval": {"recall": recall, "top_k": 3}})
        assert "Raise top_k" in advice({"retrieval": {"recall": {**recall, "5": 0.95}, "top_k": 3}})
        assert "passage" not in advice({"retrieval": {"recall": {**recall, "5": 0.95}, "top_k": 5}})

    def test_the_most_frequent_mistake_is_named(self) -> None:
        table = {"yes": {"yes": 5, "no": 3, "-": 0}, "no": {"yes": 1, "no": 9, "-": 0}}
        said = advice({"confusion": {"combined": {"decision": table}}})
        assert "“yes” answered as “no” (3 of 8 rows)" in said

    def test_one_class_for_all_rows_is_said_instead_of_the_mistakes(self) -> None:
        table = {"yes": {"yes": 0, "no": 30, "-": 0}, "no": {"yes": 0, "no": 9, "-": 0}}
        head = training("x", task="sequence_classification")
        said = advice({"confusion": {"combined": {"label": table}}}, head)
        assert "all 39 rows as “no”" in said
        assert "weighted" in said
        assert "“yes” answered" not in said
        table["yes"] = {"yes": 1, "no": 29, "-": 0}
        said = advice({"confusion": {"combined": {"label": table}}}, head)
        assert "all" not in said
        assert "“yes” answered as “no” (29 of 30 rows)" in said

    def test_what_is_worse_than_guessing_is_not_to_be_replaced_by_it(self) -> None:
        said = advice(against("majority", -0.2, -0.1))
        assert "of no use yet" in said
        assert "Use “" not in said

    def test_a_short_training_is_said_to_still_improve_but_not_to_have_ended_late(self) -> None:
        for best, loss, more in ((60, [[30, 1.4], [60, 1.2]], True), (30, [[30, 1.2], [60, 1.4]], False)):
            found = Training.model_validate(training("x", best=best, steps=60, validation_loss=loss))
            shown = "\n".join(next_steps(None, None, [found]))
            assert ("More epochs may help" in shown) == more
            assert "fewer epochs" not in shown

    def test_few_rows_are_noticed(self) -> None:
        assert "only 40 test rows" in advice({"rows": 40})

    @pytest.mark.parametrize(("best", "said"), [(60, "fewer epochs"), (240, "More epochs may help"), (180, "")])
    def test_training_that_ran_too_long_or_too_short_is_noticed(self, best: int, said: str) -> None:
        found = "\n".join(next_steps(None, None, [Training.model_validate(training("x", best=best))]))
        assert said in found
        assert said or "epochs" not in found

    def test_what_is_no_language_model_is_to_be_measured_by_its_own_task(self) -> None:
        found = Training.model_validate(training("x", task="token_classification", adapter="a folder"))
        shown = "\n".join(next_steps(None, None, [found]))
        assert "ftadvisor evaluate TEST.jsonl --adapter 'a folder'" in shown
        assert "RAG" not in shown
        assert "RAG" in "\n".join(next_steps(None, None, [Training.model_validate(training("x", task="causal_lm"))]))

    def test_a_validation_loss_that_stays_is_said_neither_to_rise_nor_to_fall(self) -> None:
        even = [[step, 5.983934951410061] for step in range(30, 241, 30)]
        for best, said in ((30, "neither fell nor rose"), (240, "")):
            found = Training.model_validate(training("x", best=best, validation_loss=even))
            shown = "\n".join(next_steps(None, None, [found]))
            assert said in shown
            assert "and rose" not in shown
            assert "still falling" not in shown

    def test_a_model_that_broke_down_is_not_told_how_long_to_learn(self) -> None:
        collapsed = {"kind": "collapsed", "text": "it broke down", "fix": "lower the rate"}
        found = Training.model_validate(training("x", best=60, advice=[collapsed]))
        shown = "\n".join(next_steps(None, None, [found]))
        assert "it broke down" in shown
        assert "epochs" not in shown


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.3, 0.45), (0, 241), (0, 3e-5), (5, 5)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 1 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
