"""Show an answer in the terminal: its sentences with numbers, the sources that they name, and warnings."""

import re
from collections.abc import Iterator

from ..knowledge.messages import current_language, say
from ..rag.answer import Answer, Citation

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_IN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])")
_QUOTED_CHARACTERS = 160
PLACES = ("page", "last_page", "slide", "last_slide", "sheet", "row", "heading")


def harmless(text: str) -> str:
    """Return a document's text without characters that steer a terminal or turn the direction of writing."""
    return _CONTROL.sub("\ufffd", text)


def on_one_line(text: str) -> str:
    """Return a text whose lines are put together, with a space between words and none between ideographs."""
    return " ".join(_LINE_IN_CHINESE.sub("", text).split())


class AnswerView:
    """Print an answer, in whole sentences; the few words that answer it are wrong too often to stand above them.

    Args:
        streams: Whether the draft is shown as it comes; the checked answer follows.
    """

    def __init__(self, streams: bool) -> None:
        self._streams = streams
        self._streamed = ""

    def ask(self, question: str) -> None:
        """Print a question."""
        print(f"> {harmless(question)}")

    def piece(self, text: str) -> None:
        """Print a piece of the draft."""
        if self._streams:
            self._streamed += text
            print(harmless(text), end="", flush=True)

    def show(self, answer: Answer) -> None:
        """Print the checked answer with its sources; what was streamed already and holds is not printed again."""
        if self._streamed:
            print("\n")
        sources = list(dict.fromkeys(_key(each) for one in answer.statements for each in one.citations))
        if answer.searched != answer.question:
            print(say("answers.searched", question=harmless(answer.searched)))
        print(harmless("".join(_sentences(answer, sources))))
        cited = {_key(each): each for one in answer.statements for each in one.citations}
        for number, key in enumerate(sources, start=1):
            print("  " + _source(number, cited[key]))
        if answer.cut:
            print(say("answers.cut"))
        if answer.injected:
            print(say("answers.injected", count=len(answer.injected)))
            for each in answer.injected:
                print(f"  {each.document}: {_quoted(each.text)}")
        print()


def _key(citation: Citation) -> tuple[str, int, int]:
    return citation.document, citation.start, citation.end


def _sentences(answer: Answer, sources: list[tuple[str, int, int]]) -> Iterator[str]:
    if answer.abstained:
        yield answer.text
        return
    gap = "" if current_language() == "zh" else " "
    for each in answer.statements:
        numbers = "".join(f"[{sources.index(_key(citation)) + 1}]" for citation in each.citations)
        yield f"{on_one_line(each.text)}{numbers or say('answers.unsupported')}{gap}"


def _source(number: int, citation: Citation) -> str:
    comma = "，" if current_language() == "zh" else ", "
    known = [(key, citation.place[key]) for key in PLACES if key in citation.place]
    place = "".join(comma + say(f"answers.place.{key}", value=harmless(str(value))) for key, value in known)
    said = {"number": number, "document": harmless(citation.document), "start": citation.start, "end": citation.end}
    return say("answers.source", **said, place=place)


def _quoted(text: str) -> str:
    line = harmless(on_one_line(text))
    return line if len(line) <= _QUOTED_CHARACTERS else line[:_QUOTED_CHARACTERS] + " ..."
