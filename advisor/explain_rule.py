"""Explain rules, questions and sources."""

from collections.abc import Iterator

from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.method import MethodCard
from ..knowledge.question import Option, Question
from ..knowledge.rule import Case, Effect, Rule
from ..knowledge.sources import Evidence
from .explain_parts import address, bullets, heading, part, sources
from .sentences import without_numbers
from .trace_view import condition_text, word


def rule_lines(rule: Rule, width: int) -> Iterator[str]:
    """Yield when a rule holds, what it does, why, its examples, and who says so."""
    yield heading("rule", str(rule.title), rule.id)
    yield part("because", without_numbers(rule), width)
    yield part("when", "" if rule.when else say("advice.explain.always"), width)
    yield from bullets(map(condition_text, rule.when), width)
    yield part("effect", "", width)
    yield from bullets(map(_effect, rule.effect), width)
    yield part("examples", "", width)
    yield from bullets(map(_case, rule.case), width)
    yield from sources(rule.evidence, width)


def question_lines(question: Question, width: int) -> Iterator[str]:
    """Yield a question, why it is asked, how to find out, its answers, and the rules that it decides."""
    yield heading("question", str(question.name), question.id)
    yield part("asks", question.text, width)
    yield part("why", question.why, width)
    yield part("find_out", question.find_out, width)
    yield part("options", "", width)
    yield from bullets(map(_answer, question.option), width)


def evidence_lines(entry: Evidence, width: int) -> Iterator[str]:
    """Yield what a source says, where it is, and what relies on it."""
    yield heading("evidence", entry.title, entry.id)
    yield part("says", entry.says, width)
    yield part(
        "where", say("advice.explain.where_text", url=address(entry), year=entry.year, checked=entry.checked), width
    )
    used = [rule.id for rule in load(Rule).values() if entry.id in rule.evidence]
    used += [card.id for card in load(MethodCard).values() if entry.id in card.evidence]
    if used:
        yield part("used_by", ", ".join(used), width)


def _answer(option: Option) -> str:
    text = say("advice.semicolon").join(str(part) for part in (option.label, option.help))
    return say("advice.named", name=word(option.value), text=text)


def _effect(effect: Effect) -> str:
    labels = say("advice.comma").join(effect.labels)
    if effect.by_wording:
        return say(f"advice.effect.{effect.kind}_worded", labels=labels)
    return say(f"advice.effect.{effect.kind}", labels=labels, weight=effect.weight)


def _case(case: Case) -> str:
    answers = ", ".join(f"{name}={word(value)}" for name, value in case.answers.items()) or "-"
    return say(f"advice.fires.{case.fires}", answers=answers)
