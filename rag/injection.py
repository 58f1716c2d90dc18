"""Find sentences in documents that speak to a model, not to a reader: they are kept away from it, and reported.

A document is data. Whoever can write into one must not be able to tell the generator what to do. Patterns find the
usual wordings in Chinese and English; what they miss still stands between fences that a document cannot close.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

_ENGLISH = (
    r"\b(ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(previous|prior|above|earlier|preceding|all|any|your"
    r"|these|other|system)\b.{0,30}\b(instruction|prompt|rule|direction|guideline|command|restriction|message)s?\b",
    r"\b(from now on|henceforth),? you (are|must|will|shall|only|act|always)\b|\byou (must|will) now\b",
    r"\byou are now (a|an|the|in|free|no longer|acting)\b|\bpretend (to be|that you|you are)\b",
    r"\b(reveal|print|repeat|show|output|leak|disclose|send)\b.{0,40}\b(system prompt|hidden prompt|your (instructions"
    r"|prompt|rules)|api keys?|passwords?|credentials)\b",
    r"\b(do not|don't|never)\b.{0,10}\b(tell|mention|inform|reveal to|warn)\b.{0,20}\b(user|reader|human)s?\b",
    r"\b(new|real|actual|updated) (instruction|task|objective|system prompt)s?\s*:",
    r"\b(ai|assistant|language model|llm|chatbot|model)s?\b.{0,20}\b(must|should|shall|has to|have to|are instructed to"
    r"|is instructed to)\b.{0,40}\b(answer|respond|reply|say|output|recommend|ignore)\b",
    r"\b(instead|only|always|every question)\b.{0,12}\b(answer|respond|reply|say|output)\b.{0,12}(with|that|:|[\"“'])",
    r"\b(answer|respond|reply|output)\b.{0,20}\b(only|exactly|always|every question)\b.{0,12}(with|:|[\"“'])",
    r"\b(note|message|instructions?|attention) (to|for) (the )?(ai|assistant|language model|llm|chatbot|model)\b",
)
_CHINESE = (
    r"(忽略|无视|忘记|忘掉|不要理会|不要遵守|不必遵守|跳过|绕过|推翻).{0,12}(之前|以上|上述|上面|前面|先前|所有|一切|系统|原有"
    r"|原来|此前|其他|任何).{0,12}(指令|指示|提示|规则|要求|设定|命令|限制|说明)",
    r"(从现在起|从现在开始|从此刻起|接下来|现在起).{0,4}(你|您)",
    r"(你|您)(现在)?(是|要扮演|扮演|必须扮演).{0,6}(没有限制|不受限制|不受约束|另一个|一个不)",
    r"(输出|打印|透露|泄露|显示|公开|复述|发送|说出).{0,10}(系统提示|提示词|系统指令|你的指令|你的规则|密钥|密码|口令)",
    r"(不要|不得|不可|别|请勿|切勿)(告诉|告知|提醒|提及|透露).{0,6}(用户|使用者|提问者|读者)",
    r"(新的?|真正的|更新后的)(系统)?(任务|指令|目标|提示词?)(是|为)?[:：]",
    r"(人工智能|AI|ai|助手|助理|语言模型|大模型|模型|机器人).{0,6}(必须|应当|应该|务必|请|须)(直接|一律|只|统一)?.{0,6}(回答|回复|输出|忽略"
    r"|推荐|答复|说)",
    r"(只|一律|统一|全部|都|无论.{0,12})(能|要|须|需)?(回答|回复|输出|答复)(为)?[“\"「『:：]",
    r"(致|写给|给)(所有)?(AI|ai|人工智能|助手|语言模型|大模型)(的|读者)?.{0,4}(指令|指示|说明|留言|提示|[:：])",
)
_FORMS = (
    r"<\|?/?\s*(im_start|im_end|system|assistant|user|endoftext|passage|instructions?)\b[^>]{0,40}\|?>",
    r"\[/?INST\]|<</?SYS>>|^\s*#{0,6}\s*(system|assistant|developer)\s*[:：]|^\s*(系统|助手)\s*[:：]",
    r"!\[[^\]]*\]\(\s*https?://[^)]*[?&][^)]*\)",
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_TAGS = re.compile("[\U000e0020-\U000e007e]{8}")  # letters that no screen shows; a flag has six at most
_SIMPLE = str.maketrans(
    "無視記說系統規則設對這從現開始個複發給語報當應須務", "无视记说系统规则设对这从现开始个复发给语报当应须务"
)


def which_speak(sentences: Sequence[str]) -> list[bool]:
    """Tell which of some neighbouring sentences speak to a model; one may do so only together with the next."""
    alone = [speaks_to_model(sentence) for sentence in sentences]
    both = [speaks_to_model(f"{one} {two}") for one, two in pairwise(sentences)]
    joint = [found and not alone[place] and not alone[place + 1] for place, found in enumerate(both)]
    return [
        here or (place < len(joint) and joint[place]) or (place > 0 and joint[place - 1])
        for place, here in enumerate(alone)
    ]


def speaks_to_model(sentence: str) -> bool:
    """Tell whether a sentence of a document reads like an instruction to a language model.

    Args:
        sentence: One sentence; invisible characters, widths and traditional characters hide nothing.
    """
    if _TAGS.search(sentence):
        return True
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", sentence)).translate(_SIMPLE)
    return _pattern().search(" ".join(plain.split())) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in (*_ENGLISH, *_CHINESE, *_FORMS)), re.IGNORECASE)
