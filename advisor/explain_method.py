"""Explain a fine-tuning method."""

from collections.abc import Iterator

from ..executors.method import method_ids
from ..knowledge.messages import say
from ..knowledge.method import MethodCard, StartingValue
from .explain_parts import bullets, heading, part, sources


def method_lines(card: MethodCard, width: int) -> Iterator[str]:
    """Yield what a method trains, costs and suits, its starting values, and who says so."""
    yield heading("method", str(card.title), card.id)
    yield part("summary", card.summary, width)
    yield part("trains", f"{card.trains} {_share(card)}", width)
    yield part("inference", card.inference, width)
    memory = say(f"advice.level.{card.memory}")
    yield part("memory", say("advice.explain.memory_text", level=memory, note=card.memory_note), width)
    yield part("best_for", "", width)
    yield from bullets(map(str, card.best_for), width)
    yield part("avoid_when", "", width)
    yield from bullets(map(str, card.avoid_when), width)
    yield part("needs", say("advice.comma").join(say(f"advice.need.{need}") for need in card.needs), width)
    yield part("settings", "", width)
    yield from bullets((_setting(name, setting) for name, setting in card.settings.items()), width)
    if card.id in method_ids():
        from .explain_options import method_option_lines

        yield from method_option_lines(card.id, width)
    yield part("article", card.article, width)
    if card.since is not None:
        yield part("since", card.since, width)
    yield from sources(_evidence(card), width)


def _share(card: MethodCard) -> str:
    low, high = card.trainable_percent.low, card.trainable_percent.high
    return say("advice.explain.share", share=f"{low:g} %" if low == high else f"{low:g} - {high:g} %")


def _setting(name: str, setting: StartingValue) -> str:
    known = "" if setting.low is None else f" ({setting.low:g} - {setting.high:g})"
    text = f"{setting.because} [{', '.join(setting.evidence)}]"
    return say("advice.named", name=f"{name} = {setting.value}{known}", text=text)


def _evidence(card: MethodCard) -> list[str]:
    in_settings = [source for setting in card.settings.values() for source in setting.evidence]
    return [*card.evidence, *card.trainable_percent.evidence, *in_settings]
