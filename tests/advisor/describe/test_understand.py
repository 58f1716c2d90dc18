"""What is read in a description: numbers, GPUs, models, denials, and the words that each answer came from."""

import re
from typing import Any

import pytest
from ftadvisor.advisor.describe.base_model import FAMILIES, WORDS
from ftadvisor.advisor.describe.number import find_numbers
from ftadvisor.advisor.describe.plain_text import plain_text
from ftadvisor.advisor.describe.understand import Read, understand

BROKER = "我们是券商，要从新闻里识别信用债违约风险，有5000条标注，一张3090"


def read(text: str) -> dict[str, Any]:
    return {one.field: one.value for one in understand(text).answers}


def one(text: str, field: str) -> Read:
    return next(read for read in understand(text).answers if read.field == field)


def test_a_description_fills_the_profile_with_the_users_own_words() -> None:
    found = understand(BROKER)
    assert found.profile().answers() == {
        "task_type": "classification",
        "language": "zh",
        "labelled_examples": 5000,
        "vram_gb": 24,
    }
    assert set(found.profile().origins.values()) == {"described"}
    assert all(read.words in BROKER for read in found.answers)


@pytest.mark.parametrize(
    ("text", "value", "exact"),
    [
        ("5,000", 5000, True),
        ("３０００条", 3000, True),
        ("5k", 5000, True),
        ("1.2万", 12_000, True),
        ("1万2", 12_000, True),
        ("两万三条", 23_000, True),
        ("五千三百条", 5300, True),
        ("5w条", 50_000, True),
        ("几百条", 300, False),
        ("十几万条", 150_000, False),
        ("一两百条", 150, False),
        ("上千条", 1000, False),
        ("a few hundred", 300, False),
        ("two dozen", 24, True),
        ("half a million", 500_000, False),
        ("tens of thousands of rows", 30_000, False),
        ("two hundred thousand and five", 200_005, True),
        ("3-5k", 3000, False),
        ("三到五千条", 3000, False),
        ("between 3 and 5 thousand", 3000, False),
        ("1,2 million", 1_200_000, True),
        ("1,200", 1200, True),
        ("1.6M", 1_600_000, True),
        ("三四百条", 350, False),
        ("三、四百条", 350, False),
        ("三百首", 300, True),
        ("八千件", 8000, True),
    ],
)
def test_numbers_are_read_however_they_are_written(text: str, value: float, exact: bool) -> None:
    (number,) = find_numbers(plain_text(text))
    assert (number.value, number.exact) == (value, exact)


@pytest.mark.parametrize("text", ["统一的一些要求，一起做，十分重要", "one of them", "qwen2.5", "每天一次"])
def test_words_that_only_look_like_counts_are_no_examples(text: str) -> None:
    assert "labelled_examples" not in read(text)


@pytest.mark.parametrize(
    ("text", "vram_gb"),
    [
        ("一张3090", 24),
        ("two 3090s", 48),
        ("8xA100 80G", 640),
        ("A100 40GB", 40),
        ("A100*8", 640),
        ("两台8卡A100", 1280),
        ("双卡4090", 48),
        ("4张24G的卡", 96),
        ("a pair of 80GB H100s", 160),
        ("one A100 (80 GB) and two RTX 3090s", 128),
        ("显存只有8G", 8),
        ("2 GPUs with 24 GB each", 48),
        ("8GB gaming GPU", 8),
        ("一张8G的游戏显卡", 8),
        ("RTX 4060 8G", 8),
        ("80G A100 八张", 640),
        ("两张RTX 4060 8G", 16),
        ("GTX 1660 6GB", 6),
        ("没有显卡", 0),
        ("there is no GPU", 0),
        ("以前有四张A100，现在只剩一块3060 12G", 12),
        ("Our competitor has 64 H100s. We own a single L4.", 24),
    ],
)
def test_the_memory_of_all_own_gpus_is_read(text: str, vram_gb: float) -> None:
    assert read(text)["vram_gb"] == vram_gb


@pytest.mark.parametrize(
    ("text", "n_gpus"),
    [
        ("两张3090", 2),
        ("2x 3090", 2),
        ("8xA100 80G", 8),
        ("80G A100 八张", 8),
        ("两台8卡A100", 16),
        ("双卡4090", 2),
        ("4张24G的卡", 4),
        ("2 GPUs with 24 GB each", 2),
        ("one A100 (80 GB) and two RTX 3090s", 3),
        ("一张3090", None),
        ("8GB gaming GPU", None),
        ("We have one 3090 and can rent eight H100s.", None),
    ],
)
def test_several_gpus_are_counted_since_a_model_has_to_fit_one(text: str, n_gpus: int | None) -> None:
    assert read(text).get("n_gpus") == n_gpus


def test_memory_of_the_computer_is_not_that_of_a_gpu() -> None:
    assert "vram_gb" not in read("a server with 64 GB RAM")
    assert "vram_gb" not in read("10 GB of text")


@pytest.mark.parametrize(
    ("text", "model", "size"),
    [
        ("Qwen2.5-7B", "Qwen2.5-7B", 7),
        ("fine-tune a 3B Llama 3.2", "Llama 3.2-3B", 3),
        ("基于 meta-llama/Llama-3.3-70B-Instruct 微调", "meta-llama/Llama-3.3-70B-Instruct", 70),
        ("bert-base-chinese", "bert-base-chinese", 0.102),
        ("用70亿参数的模型", None, 7),
        ("330M parameters", None, 0.33),
        ("We ruled out Llama; it is Qwen3-14B.", "Qwen3-14B", 14),
    ],
)
def test_the_wanted_model_and_its_size_are_read(text: str, model: str | None, size: float) -> None:
    found = read(text)
    assert found.get("base_model") == model
    assert found["base_model_params_b"] == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize(
    "text", ["quality near GPT-4", "GPT-4 is too expensive", "效果接近 GPT-4", "2B tokens of text"]
)
def test_a_model_to_compare_with_is_not_the_base(text: str) -> None:
    assert not {"base_model", "base_model_params_b", "weights"} & read(text).keys()


def test_a_number_per_class_is_multiplied_by_the_classes() -> None:
    assert read("12 intents, 20 examples per intent")["labelled_examples"] == 240
    assert read("10 个类别，每类 50 条")["labelled_examples"] == 500
    assert read("not 4k per class, 4k overall, across 17 intents")["labelled_examples"] == 4000


def test_vague_words_are_marked_as_such() -> None:
    assert not one("有大量标注", "labelled_examples").exact
    assert not one("a few hundred labels", "labelled_examples").exact
    assert one("300 labels", "labelled_examples").exact


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Citations are not needed.", "needs_citations", False),
        ("不需要给出处", "needs_citations", False),
        ("不能调用外部接口", "privacy", "onprem_required"),
        ("可以调用外部接口", "privacy", "api_ok"),
        ("没有口吻要求", "style_need", "none"),
        ("我们没有权限管理的要求", "deletion_duty", False),
        ("There is no GPU, and it stays on our own servers.", "privacy", "onprem_required"),
    ],
)
def test_denials_reach_as_far_as_their_clause(text: str, field: str, value: object) -> None:
    assert read(text)[field] == value


def test_what_says_nothing_is_told() -> None:
    found = understand("We sort tickets into 12 categories. The office has a nice garden.")
    assert found.left == ("The office has a nice garden",)


def test_the_same_text_is_read_the_same_in_both_widths() -> None:
    assert read("有５０００条标注，一张３０９０") == read("有5000条标注，一张3090")


@pytest.mark.parametrize("text", ["", "。。。", "？", "\n", "🙂🙂", "0", "3-", "1,2,3,", "二", "<n>", "((("])
def test_any_text_can_be_read(text: str) -> None:
    assert understand(text).profile().problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "Fine-tune a 0.1B encoder.",
        "The API is too expensive and we serve millions of users.",
        "The training loop, the soft prompts and the trainable parameters are ready; a low-rank attempt failed.",
        "我们试验软提示和可训练参数的数量。",
        "Past dialogues are available.",
        "手里有历史对话",
    ],
)
def test_no_number_of_examples_is_made_up(text: str) -> None:
    assert "labelled_examples" not in read(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("The game needs a new level.", "task_type"),
        ("The delivery tasks arrive each morning.", "task_type"),
        ("Tens of thousands of customers trust us.", "volume"),
        ("Nothing special at our scale.", "volume"),
        ("low cost and latency", "latency"),
        ("保持产品的身世", "style_need"),
        ("what is going wrong", "failure_mode"),
        ("synthetic data: a large synthetic set", "labelled_examples"),
    ],
)
def test_words_of_one_published_case_mean_nothing_by_themselves(text: str, field: str) -> None:
    assert field not in read(text)


@pytest.mark.parametrize(
    "text", ["no training data", "No training set exists.", "no training examples", "no training budget", "无训练数据"]
)
def test_missing_data_does_not_forbid_training(text: str) -> None:
    assert "training_allowed" not in read(text)


@pytest.mark.parametrize(
    "text",
    [
        "We can't finetune.",
        "we cant fine-tune",
        "Company policy forbids us to fine-tune models.",
        "policy forbids fine-tuning",
        "公司政策不允许我们微调",
        "模型微调不了",
        "no training, please",
    ],
)
def test_training_that_is_forbidden_is_understood(text: str) -> None:
    assert read(text)["training_allowed"] is False


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Two teams use the bot.", "n_classes", None),
        ("两个部门在用这个机器人", "n_classes", None),
        ("Forward each letter to one of our 7 teams.", "n_classes", 7),
        ("We serve 100 million users and no training data exists.", "labelled_examples", 0),
        ("100 million users and no training data", "labelled_examples", 0),
        ("We can rent 8 H100s but have only 2 A100 80GB.", "vram_gb", 160),
        ("We have no GPU, but plan to rent an H100.", "vram_gb", 0),
        ("没有显卡，打算租一张H100", "vram_gb", 0),
        ("我们有一张3090，可以租八张A100", "vram_gb", 24),
        ("We plan to fine-tune on one A100 80GB.", "vram_gb", 80),
        ("计划用一张3090微调", "vram_gb", 24),
        ("We plan to use our two 3090s.", "vram_gb", 48),
        ("以前标了5000条", "labelled_examples", 5000),
        ("我们之前标了5000条，都丢了", "labelled_examples", None),
        ("We originally wrote 4,000 labelled tickets.", "labelled_examples", 4000),
        ("我们以前标了5000条", "labelled_examples", 5000),
        ("A competitor originally wrote 4,000 labelled tickets.", "labelled_examples", None),
    ],
)
def test_what_is_said_of_others_or_planned_is_not_ones_own(text: str, field: str, value: object) -> None:
    assert read(text).get(field) == value


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("1.6M labeled", "labelled_examples", 1_600_000),
        ("120 hours of audio", "labelled_examples", None),
        ("120 hours of transcribed audio", "labelled_examples", 5000),  # that many hours are many utterances
        ("12 hours of audio, 7,300 transcribed clips", "labelled_examples", 7300),
        ("标了120小时的录音", "labelled_examples", None),
        ("400 tables, schema changes monthly", "volume", None),
        ("400 requests monthly", "volume", "low"),
        ("1,2 million labelled docs", "labelled_examples", 1_200_000),
    ],
)
def test_a_number_counts_what_stands_behind_it(text: str, field: str, value: object) -> None:
    assert read(text).get(field) == value


@pytest.mark.parametrize(
    "text", ["20 years of scripts with coverage", "The prompt has 60 examples and is slow.", "提示词里塞了六十个例子"]
)
def test_years_and_what_the_prompt_holds_are_no_count_of_examples(text: str) -> None:
    assert "labelled_examples" not in {one.field for one in understand(text, lexicons_only=True).answers}


def test_names_of_families_can_be_written() -> None:
    assert not [name for name in FAMILIES if re.search(r"\s", name)]
    assert not set(FAMILIES) & set(WORDS)
