"""Base models in a text: names of the catalogue and of known families, and sizes such as 7B."""

import re
from collections.abc import Iterator
from functools import cache

from ...knowledge.find import model_names
from ...knowledge.find import plain as plain_name
from ..facts import CLOSED
from .denial import denied
from .finding import Finding

#: Names by which families of models begin; what follows them in a name is version, size and kind.
FAMILIES = (
    "llama", "code-?llama", "tinyllama", "qwen", "qwq", "mistral", "mixtral", "ministral", "codestral", "gemma",
    "chatglm", "glm", "baichuan", "internlm", "internvl", "deepseek", "falcon", "bloomz?", "gpt-?2", "gpt-?j",
    "gpt-?neox?", "pythia", "olmo", "starcoder", "santacoder", "codegen", "minicpm", "aquila", "ernie",
    "flan-?t5", "flan-?palm", "mt5", "t5", "bart", "mbart", "pegasus", "nllb", "marian",
    "(?:distil|al|mac|sci|bio|legal|fin|m|mod(?:ern)?)?bert", "(?:xlm-?)?(?:distil)?roberta", "xlm-?r",
    "(?:m?deberta)(?:-?v3)?", "electra", "minilm", "whisper", "wav2vec-?2?", "conformer", "paraformer",
    "vit", "resnet", "efficientnet", "dinov2", "llava", "minigpt", "cogvlm", "smollm", "granite", "command-?r",
    "nemotron", "powerlm", "stable-?diffusion", "hunyuan", "mobilenet", "yolo",
)  # fmt: skip
#: The same, for names that are also words: they count only with a number behind them.
WORDS = ("yi", "opt", "clip", "phi", "sam", "palm", "kimi", "e5", "gte", "bge", "mpt")
_PART = (
    r"(?:[\s\-_]?(?:v?\d+(?:\.\d+)*(?:x\d+)?[bm]?|vl|moe|base|large|small|tiny|mini|medium|nano|xl"
    r"|xxl|instruct|chat|it|coder|math|distill?|uncased|cased|chinese|multilingual|wwm|ext|r1|v3"
    r"|turbo|pro|plus|max|flash|neox?|patch\d+|a\d+b|qwen|llama)(?![a-z0-9]))"
)
_SIZE = re.compile(
    r"(?<![a-z0-9.])(?:(?P<low>\d{1,4}(?:\.\d+)?)\s?(?P<low_unit>[bm])?\s*(?:-|to|~|到"
    r"|至)\s*)?(?P<size>\d{1,4}(?:\.\d+)?)\s?(?P<unit>b|bn|billion|m|million)(?:\s+"
    r"|-)?(?P<what>param(?:eter)?s?|parameters?|参数|(?:dense\s+|open\s+|local\s+|base\s+|chat\s+"
    r"|instruction-tuned\s+|vision-language\s+|language\s+)*(?:models?|llms?|backbones?|decoders?"
    r"|encoders?|模型|底座|大模型|级别?|的?模型|规模|量级))?(?![a-z0-9])"
)
_CHINESE_SIZE = re.compile(
    r"(?P<size>\d+(?:\.\d+)?|[一二两三四五六七八九十百千零]+)\s*(?P<unit>亿|万)(?:个)?(?:的)?(?:参数|规模的模型)"
)
_SIZE_BEFORE = re.compile(r"(?<![a-z0-9.])(?P<size>\d{1,3}(?:\.\d+)?)\s?b\s*(?:的|参数的|规模的|版的?|version of)?\s*$")
_COMPARED = re.compile(
    r"(?:near|(?<!would\s)(?<!'d\s)(?<!should\s)like|than|as\s+good\s+as|close\s+to|match(?:es|ing)?"
    r"|beat(?:s|ing)?|approach(?:es|ing)?|rival(?:s|ling)?|replac\w+|instead\s+of|away\s+from"
    r"|distil\w*\s+(?:from\s+)?|from|compar\w+\s+(?:to|with)|vs\.?|versus|outperform\w*|not|接近|达到"
    r"|超过|超越|媲美|对标|比|替代|替换|取代|类似|不输|蒸馏|相当于|逼近|追上|换掉)\s*(?:a\s+|the\s+"
    r"|到|出|自)?$"
)
_USED = re.compile(
    r"(?:fine-?tun\w*|tun(?:e|ing)|adapt\w*|train\w*|customi[sz]\w*|on\s+top\s+of|based\s+on|用|微调"
    r"|精调|训练|基于|us(?:e|ing)|run\w*|上用|上微调|在|底座|基座|base(?:\s+model)?|backbone|使用|选)"
    r"(?:\s*(?:的|是|为|定为|选|model|模型|already|an?|our|the|with|on|of|to|is|:|：|openai's|openai"
    r"|anthropic's|google's))*\s*$"
)
_GOOD_BYE = re.compile(r"too\s+(?:expensive|slow|costly)|太贵|太慢|成本太?高|贵")


def find_models(plain: str, text: str) -> Iterator[Finding]:
    """Yield the base model that is wanted and its size in billions of parameters.

    Args:
        plain: The text to search in.
        text: The text as it was written, for names in their own case.
    """
    names = list(_names().finditer(plain))
    for match in names:
        if _is_wanted(plain, match):
            yield from _named(plain, text, match)
    for match in _SIZE.finditer(plain):
        inside = any(match.start() < name.end() and name.start() < match.end() for name in names)
        if not inside and _is_size(plain, match):
            exact = match["low"] is None
            yield Finding("base_model_params_b", _billions(match), match.start(), match.end(), 3, exact)
    for match in _CHINESE_SIZE.finditer(plain):
        yield Finding("base_model_params_b", _chinese_billions(match), match.start(), match.end(), 3)


def _named(plain: str, text: str, match: re.Match[str]) -> Iterator[Finding]:
    name = match[0].rstrip(" -_")
    start, end = match.start(), match.start() + len(name)
    written = text[start:end]
    closed = any(word in name for word in CLOSED)
    size = _SIZE.search(re.sub("[-_]", " ", name))
    if size is None and (before := _SIZE_BEFORE.search(plain[:start])):  # 70B Llama 3.1
        start, written = before.start(), f"{written}-{before['size']}B"
    yield Finding("base_model", written, start, end, 2 if closed else 3)
    if closed:
        yield Finding("weights", "closed", start, end, 3)
        return
    card = model_names().get(model_key(name)) or model_names().get(model_key(name).replace("-", ""))
    if card and (size is None or "x" in name):
        yield Finding("base_model_params_b", _shortened(card.parameters / 1e9), start, end, 3)
    elif size:
        yield Finding("base_model_params_b", _billions(size), start, end, 3)


def model_key(name: str) -> str:
    """Return a model's name as the catalogue lists it: without organisation, and without what chat versions add."""
    return re.sub(r"-(?:instruct|chat|it|hf)$", "", plain_name(name).rpartition("/")[2])


def _shortened(billions: float) -> float:
    return float(f"{billions:.3g}")


def _is_wanted(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 40) : match.start()]
    if _COMPARED.search(before) or denied(text, match.start(), match.end()):
        return False
    if any(word in match[0] for word in CLOSED):
        return bool(_USED.search(before)) and not _GOOD_BYE.search(text[match.end() : match.end() + 40])
    return True


def _is_size(text: str, match: re.Match[str]) -> bool:
    """Tell whether a number with B or M is a model's size, and not an amount of money, text or bytes."""
    before, after = text[max(0, match.start() - 30) : match.start()], text[match.end() : match.end() + 14]
    if _COMPARED.search(before) or re.search(r"[$¥€£]\s*$", before):
        return False
    if match["what"]:
        return True
    return match["unit"] == "b" and not re.match(
        r"\s*(?:tokens?|词|字|rows|requests|用户|users|条|ytes|of\s+text)", after
    )


def _billions(match: re.Match[str]) -> float:
    """Return a size; the lower end of a range, which is what must work."""
    unit = match["low_unit"] or match["unit"]
    size = float(match["low"] or match["size"]) / (1000 if unit.startswith("m") else 1)
    return int(size) if size.is_integer() else round(size, 4)


def _chinese_billions(match: re.Match[str]) -> float:
    from .number import find_numbers

    size = find_numbers(f"{match['size']}{match['unit']}个")[0].value / 1e9
    return int(size) if size.is_integer() else round(size, 4)


@cache
def _names() -> re.Pattern[str]:
    closed = [re.escape(name).replace("\\-", "[ -]?") for name in CLOSED]
    known = [
        re.escape(name).replace("\\-", "[ -_]?")
        for name in model_names()
        if "/" not in name and re.match("[a-z]{3}", name)
    ]
    names = "|".join(sorted((*closed, *known), key=len, reverse=True))
    families, words = "|".join(FAMILIES), "|".join(WORDS)
    any_name = rf"{names}|(?:{families})(?![a-z])|(?:{words})(?=[ -]?v?\d|-[a-z]+)"
    return re.compile(rf"(?<![a-z0-9])(?:[a-z0-9-]+/)?(?:{any_name}){_PART}*(?![a-z])")
