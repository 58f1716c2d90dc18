"""Write the tables of README.md from what they describe.

    python tests/benchmarks/readme.py [--report RUN/report.json]

The commands come from their summaries. The results come from the report of a finished ``ftadvisor demo``; without one
they stay as they are.
"""

import argparse
import re
from pathlib import Path

from ftadvisor.advisor.cli import command_names
from ftadvisor.knowledge.messages import Language, say, use_language

README = Path(__file__).parents[2] / "README.md"


def main() -> None:
    """Rewrite the blocks between ``<!-- name: ... -->`` and ``<!-- end -->``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    text = README.read_text(encoding="utf-8")
    README.write_text(replaced(text, "commands", commands_table()), encoding="utf-8")


def replaced(text: str, block: str, content: str) -> str:
    """Return the text with the content of one block replaced."""
    pattern = re.compile(rf"(<!-- {block}: [^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
    assert pattern.search(text), block
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def commands_table() -> str:
    """Return one row per command, with its summary in both languages."""
    rows = [f"| `ftadvisor {name}` | {_summary(name, 'en')} | {_summary(name, 'zh')} |" for name in command_names()]
    session = "| `ftadvisor` | the interactive session: from the first question to the run | 问答:从第一个问题到执行 |"
    return "\n".join(["| command | what it does | 做什么 |", "| --- | --- | --- |", session, *rows])


def _summary(name: str, language: Language) -> str:
    use_language(language)
    return say(f"commands.{name}.summary")


if __name__ == "__main__":
    main()
