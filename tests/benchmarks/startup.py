"""How long the commands that decide take to start and finish, against importing the two libraries they rest on.

    python tests/benchmarks/startup.py [--rounds 15]

Prints one line per command: its median wall time and the ratio to ``python -c "import pydantic, rich"``, measured in
turns so that a busy machine slows both alike. The first row shows how much of that the libraries themselves put off
until a first model and a first console are made. Ends with exit code 1 when a command's ratio is above the bar.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

BAR = 2.5
# Installed packages are compiled already; ours must be allowed to be.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PROFILE = Path(__file__).parents[2] / "knowledge" / "examples" / "returns" / "profile.yaml"
YARDSTICK = [sys.executable, "-c", "import pydantic, rich"]
FTADVISOR = [sys.executable, "-c", "import sys; from ftadvisor.advisor.cli import main; sys.exit(main())"]
FIRST_USE = "from pydantic import BaseModel; from rich.console import Console; Model = type('Model', (BaseModel,), {})"
COMMANDS = {
    "ftadvisor --help": ["--help"],
    "ftadvisor recommend --profile ...": ["recommend", "--profile", str(PROFILE)],
    "ftadvisor estimate --model 7b --method qlora": ["estimate", "--model", "7b", "--method", "qlora"],
}


def main() -> int:
    """Measure, print the table, and say by the exit code whether every ratio is within the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command")
    rounds = parser.parse_args().rounds
    print("| process | median, ms | ratio |\n| --- | ---: | ---: |")
    _compare("pydantic and rich at first use", [sys.executable, "-c", FIRST_USE], rounds)
    ratios = [_compare(title, [*FTADVISOR, *words], rounds) for title, words in COMMANDS.items()]
    print(f"\nhighest ratio {max(ratios):.2f}, bar {BAR}")
    return int(max(ratios) > BAR)


def _compare(title: str, command: list[str], rounds: int) -> float:
    pairs = [(_seconds(YARDSTICK), _seconds(command)) for _ in range(rounds + 1)][1:]  # the first fills caches
    yardstick, measured = (median(column) for column in zip(*pairs, strict=True))
    print(f"| `{title}` | {measured * 1000:.0f} | {measured / yardstick:.2f} |")
    return measured / yardstick


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
