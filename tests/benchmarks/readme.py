"""Write the tables and pictures of README.md from what they describe.

    python tests/benchmarks/readme.py [--run RUN]

The commands come from their summaries. The results come from the run of a finished ``ftadvisor demo``; without one they
stay as they are.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from ftadvisor.advisor.cli import command_names
from ftadvisor.executors.report.bars import metric_bars
from ftadvisor.executors.report.names import arm_name, metric_name
from ftadvisor.executors.report.record import Interval, Metrics, Report
from ftadvisor.executors.report.svg import with_style
from ftadvisor.knowledge.messages import Language, say, speaking

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
PICTURES = Path("knowledge/examples/returns")
LANGUAGES: tuple[Language, Language] = ("en", "zh")


def main() -> None:
    """Rewrite the blocks between ``<!-- name: ... -->`` and ``<!-- end -->``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="folder of a finished run of ftadvisor demo")
    run = parser.parse_args().run
    text = replaced(README.read_text(encoding="utf-8"), "commands", commands_table())
    if run is not None:
        report = Report.model_validate_json((run / "report.json").read_bytes())
        text = replaced(text, "results", "\n\n".join([results_table(report), pictures(report)]))
    README.write_text(text, encoding="utf-8")


def replaced(text: str, block: str, content: str) -> str:
    """Return the text with the content of one block replaced."""
    pattern = re.compile(rf"(<!-- {block}: [^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
    assert pattern.search(text), block
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def commands_table() -> str:
    """Return one row per command, with its summary in both languages."""
    rows = [
        f"| `ftadvisor {name}` | {' | '.join(_both(say, f'commands.{name}.summary'))} |" for name in command_names()
    ]
    session = "| `ftadvisor` | the interactive session: from the first question to the run | 问答：从第一个问题到执行 |"
    return "\n".join(["| command | what it does | 做什么 |", "| --- | --- | --- |", session, *rows])


def results_table(report: Report) -> str:
    """Return one row per arm: its metrics, and by how much the main arm is ahead of it, with 95 % intervals."""
    assert report.evaluation is not None
    assert report.arm is not None
    arms = report.evaluation.arms
    metrics = list(arms[report.arm])
    heads = [*(_in_both(metric_name, metric) for metric in metrics), f"ahead 领先：{_in_both(metric_name, metrics[0])}"]
    lines = [f"| {report.evaluation.rows} rows 题 | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for arm, measured in arms.items():
        lead = report.differences.get(arm, {}).get(metrics[0])
        figures = [*(_share(measured[metric]) for metric in metrics), _points(lead) if lead else ""]
        lines.append(f"| {_in_both(arm_name, arm)} | {' | '.join(figures)} |")
    return "\n".join(lines)


def pictures(report: Report) -> str:
    """Draw the first metric of all arms once per language, and return the lines that show it."""
    assert report.evaluation is not None
    assert report.arm is not None
    metric = next(iter(report.evaluation.arms[report.arm]))
    return "\n".join(_picture(report.evaluation.arms, report.arm, metric, language) for language in LANGUAGES)


def _picture(arms: dict[str, Metrics], main: str, metric: str, language: Language) -> str:
    with speaking(language):
        title = metric_name(metric)
        bars = metric_bars(title, {arm_name(arm): found[metric] for arm, found in arms.items()}, arm_name(main))
    path = PICTURES / f"results.{language}.svg"
    (REPOSITORY / path).write_text(with_style(bars), encoding="utf-8")
    return f"![{title}]({path})"


def _in_both(name: Callable[[str], str], key: str) -> str:
    """Return a name in both languages, once where they are the same."""
    return " ".join(dict.fromkeys(_both(name, key)))


def _both(said: Callable[[str], str], key: str) -> list[str]:
    texts = []
    for language in LANGUAGES:
        with speaking(language):
            texts.append(said(key))
    return texts


def _share(found: Interval) -> str:
    return f"{found.value:.0%} [{found.low:.0%}, {found.high:.0%}]"


def _points(found: Interval) -> str:
    return f"{100 * found.value:+.0f} [{100 * found.low:+.0f}, {100 * found.high:+.0f}]"


if __name__ == "__main__":
    main()
