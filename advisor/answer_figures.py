"""What ``ftadvisor rag evaluate`` shows of answers: how good they are, and what went wrong with which questions."""

from collections.abc import Iterator

from ..knowledge.messages import say
from ..rag.evaluate_answers import AnswerMetrics, OperatingPoint

_SHARES = ("exact_match", "f1", "citation_precision", "supported")


def answer_lines(metrics: AnswerMetrics) -> Iterator[str]:
    """Yield the figures and the failures, line by line."""
    yield say("answers.measured", questions=metrics.questions)
    shares = {name: getattr(metrics, name) for name in _SHARES}
    yield from (
        f"  {say(f'answers.share_{name}'):<28} {value:.4f}" for name, value in shares.items() if value is not None
    )
    yield say("answers.threshold_used", **_said(metrics.abstention))
    if metrics.fitted is not None:
        yield say("answers.threshold_fitted", **_said(metrics.fitted))
    for kind, failed in metrics.failures.items():
        if failed.count:
            share = f"{failed.count / metrics.questions:.1%}"
            yield say(f"answers.failure_{kind}", count=failed.count, share=share)
            yield from (
                f"    {each.question}" + (f" -> {each.answer}" if each.answer else "") for each in failed.examples
            )


def _said(point: OperatingPoint) -> dict[str, str]:
    return {
        "least": f"{point.least_evidence:.2f}",
        "answered": f"{point.answered:.1%}",
        "refused": f"{point.refused:.1%}",
    }
