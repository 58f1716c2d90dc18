"""Every text exists in both languages with the same placeholders; code asks for each key, and only for those."""

import ast
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ftadvisor.knowledge.messages import say, use_language

REPOSITORY = Path(__file__).parents[1]
AREAS = sorted((REPOSITORY / "knowledge" / "messages").glob("*.toml"))
SOURCES = [
    path for folder in ("advisor", "executors", "rag", "knowledge") for path in (REPOSITORY / folder).rglob("*.py")
]
KNOWN = REPOSITORY / "knowledge"
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "CHANGELOG.md"]
NARROW = re.compile(r"[\u4e00-\u9fff》）][(),;:?!]|[(),;?!][\u4e00-\u9fff]|\([^()]*[\u4e00-\u9fff][^()]*\)")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_message_is_said_in_both_languages() -> None:
    lacking = [key for key, texts in _messages().items() if set(texts) != {"zh", "en"} or not all(texts.values())]
    assert not lacking, "\n".join(lacking)


def test_both_languages_use_the_same_placeholders() -> None:
    different = [key for key, texts in _messages().items() if _placeholders(texts["zh"]) != _placeholders(texts["en"])]
    assert not different, "\n".join(different)


def test_each_language_is_in_its_place() -> None:
    """A text may be the same in both, such as a command; or hold no words at all, only placeholders."""
    different = {key: texts for key, texts in _messages().items() if texts["zh"] != texts["en"]}
    swapped = [
        key
        for key, texts in different.items()
        if _chinese(texts["zh"]) < _chinese(texts["en"]) or (_has_words(texts["en"]) and not _chinese(texts["zh"]))
    ]
    assert not swapped, "\n".join(swapped)


def test_chinese_is_written_with_full_width_signs() -> None:
    """Beside a Chinese character stands no half-width bracket, comma, colon, semicolon or mark of question or cry."""
    narrow = [f"{place}: {text}" for place, text in _chinese_texts() if NARROW.search(text)]
    assert not narrow, "\n".join(narrow)


@pytest.mark.parametrize("text", ["显卡(空闲)", "名称, 大小", "真的?", "共 (三个)", "《甲》(b)"])
def test_half_width_signs_in_chinese_are_found(text: str) -> None:
    assert NARROW.search(text)


@pytest.mark.parametrize("text", ["显卡（空闲）", "modelscope:名字", "f(x) 的值", "3 (a, b)"])
def test_signs_of_code_and_english_are_left_alone(text: str) -> None:
    assert not NARROW.search(text)


def test_every_key_that_code_asks_for_exists() -> None:
    known = _messages()
    missing = [
        f"{path.relative_to(REPOSITORY)}:{call.lineno}: {pattern.pattern}"
        for path, call, pattern in _calls()
        if not any(pattern.fullmatch(key) for key in known)
    ]
    assert not missing, "\n".join(missing)


def test_every_placeholder_is_filled() -> None:
    known = _messages()
    unfilled = [
        f"{path.relative_to(REPOSITORY)}:{call.lineno}: {key} lacks {sorted(_placeholders(known[key]['en']) - given)}"
        for path, call, key in _literal_calls()
        if None not in (given := {keyword.arg for keyword in call.keywords}) and _placeholders(known[key]["en"]) - given
    ]
    assert not unfilled, "\n".join(unfilled)


def test_no_message_is_idle() -> None:
    """A key counts as used when some string of the code, with or without placeholders, can be that key."""
    nodes = [node for path in SOURCES for node in ast.walk(_tree(path))]
    exact = {node.value for node in nodes if isinstance(node, ast.Constant)}
    patterns = {_pattern(node) for node in nodes if isinstance(node, ast.JoinedStr)} - {".+"}
    made = [re.compile(pattern) for pattern in patterns if re.match(r"\w+\\\.", pattern)]
    idle = [key for key in _messages() if key not in exact and not any(one.fullmatch(key) for one in made)]
    assert not idle, "\n".join(idle)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_can_be_said(language: str) -> None:
    use_language(language)  # type: ignore[arg-type]
    try:
        for key, texts in _messages().items():
            assert say(key, **dict.fromkeys(_placeholders(texts["en"]), 1)), key
    finally:
        use_language(None)


def _messages() -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for path in AREAS:
        found |= _leaves(tomllib.loads(path.read_text(encoding="utf-8")), f"{path.stem}.")
    return found


def _chinese_texts() -> Iterator[tuple[str, str]]:
    """Yield every Chinese text of the knowledge files, and the lines of the documents, with where they stand."""
    for path in KNOWN.glob("*/*.toml"):
        for text in _under_zh(tomllib.loads(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(REPOSITORY)), text
    for path in DOCUMENTS:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield f"{path.name}:{number}", line


def _under_zh(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "zh" and isinstance(inner, str):
                yield inner
            else:
                yield from _under_zh(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _under_zh(inner)


def _leaves(table: Mapping[str, object], prefix: str) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for name, value in table.items():
        assert isinstance(value, dict), f"{prefix}{name} is not a table with zh and en"
        found |= {prefix + name: value} if "en" in value or "zh" in value else _leaves(value, f"{prefix}{name}.")
    return found


def _chinese(text: str) -> int:
    return len(CHINESE.findall(text))


def _has_words(text: str) -> bool:
    return any(re.search(r"[A-Za-z]", literal) for literal, _, _, _ in string.Formatter().parse(text))


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _calls() -> Iterator[tuple[Path, ast.Call, re.Pattern[str]]]:
    """Yield each call of `say` whose key is at least partly written there, with a pattern of the keys."""
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                pattern = _pattern(node.args[0])
                if pattern != ".+":
                    yield path, node, re.compile(pattern)


def _literal_calls() -> Iterator[tuple[Path, ast.Call, str]]:
    known = _messages()
    for path, call, _ in _calls():
        key = call.args[0]
        if isinstance(key, ast.Constant) and key.value in known:
            yield path, call, key.value


def _pattern(key: ast.expr) -> str:
    """Return a pattern of the keys an expression can stand for; `.+` where it says nothing."""
    if isinstance(key, ast.Constant):
        return re.escape(key.value)
    if isinstance(key, ast.JoinedStr):
        return "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in key.values)
    if isinstance(key, ast.IfExp):
        return f"(?:{_pattern(key.body)}|{_pattern(key.orelse)})"
    return ".+"


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
