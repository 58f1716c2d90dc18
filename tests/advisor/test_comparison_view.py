"""The table of the ways to answer, as terminals of different widths show it."""

from io import StringIO
from typing import Any

import pytest
from ftadvisor.advisor.comparison_view import print_arms
from ftadvisor.executors.report.record import Evaluation
from ftadvisor.knowledge.messages import Language, speaking
from rich.cells import cell_len
from rich.console import Console

ARMS = ("base", "prompting", "rag", "finetuned", "combined")
METRICS = ("f1", "exact", "bleu", "chrf", "rouge_l")


def interval(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def shown(metrics: int | tuple[str, ...], width: int, language: Language, arms: tuple[str, ...] = ARMS) -> list[str]:
    measured = {name: interval(0.5) for name in (METRICS[:metrics] if isinstance(metrics, int) else metrics)}
    lead = {"base": {next(iter(measured)): interval(0.2)}}
    found = {"rows": 12, "arms": dict.fromkeys(arms, measured), "differences": lead}
    console = Console(file=StringIO(), width=width, highlight=False, markup=False)
    with speaking(language):
        print_arms(Evaluation.model_validate(found), "finetuned", console)
    file: Any = console.file
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("metrics", [1, 2, 5])
def test_no_name_is_cut_and_no_interval_is_broken(metrics: int, width: int, language: Language) -> None:
    lines = shown(metrics, width, language)
    text = "\n".join(lines)
    assert "…" not in text
    assert text.count("[45, 55]") == metrics * len(ARMS)
    assert text.count("+20 [+15, +25]") == 1
    assert max(map(len, lines)) <= width
    if metrics == 5:
        assert text.count("ROUGE-L") == (len(ARMS) if width < 120 else 1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_table_of_classifiers_is_whole_on_every_terminal(language: Language) -> None:
    wide = 0
    for width in range(60, 101):
        lines = shown(("macro_f1", "accuracy", "weighted_f1"), width, language, ("base", "prompting", "finetuned"))
        assert lines[-1][-1] in "┘╯"
        assert max(map(cell_len, lines)) <= width
        assert not any(
            cell.strip()[:1] in {"）", "：", "，"} for line in lines for cell in line.split("┃") if cell.strip()
        )
        wide += "┃" in lines[2]
    assert 10 < wide < 40  # both kinds of table were seen
