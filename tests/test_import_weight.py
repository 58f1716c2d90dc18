"""Light modules stay light: importing any of ours, and deciding, loads none of the heavy libraries.

Deciding on input that is in order does without pydantic too, which alone takes longer than the rest of a start.
"""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

PROFILE = Path(__file__).parents[1] / "knowledge" / "examples" / "returns" / "profile.yaml"
HEAVY = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "bitsandbytes",
    "sentence_transformers",
    "tokenizers",
    "safetensors",
    "numpy",
    "faiss",
    "bm25s",
    "questionary",
)

ONLY_IN_DOUBT = ("pydantic", "pydantic_core", "annotated_types", "importlib.metadata", "difflib")

IMPORT_ALL = """
    import sys
    from importlib import import_module
    from pkgutil import walk_packages

    built_on_peft = "ftadvisor.executors.tuners."  # derived from that library's classes, and imported in functions only
    heavy, seen = set(sys.argv[1:]), 0
    for top in ("advisor", "executors", "rag", "knowledge"):
        package = import_module(f"ftadvisor.{top}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.startswith(built_on_peft):
                continue
            import_module(module.name)
            seen += 1
            for name in sorted(heavy & set(sys.modules)):
                print(f"{module.name} loads {name}")
                heavy.remove(name)
    assert seen > 30, seen
"""

RUN_COMMAND = """
    import sys
    from ftadvisor.advisor.cli import main

    heavy, words = sys.argv[1].split(","), sys.argv[2:]
    try:
        code = main(words)
    except SystemExit as end:
        code = end.code
    print(f"exit code {code}, loaded:", *[name for name in heavy if name in sys.modules], file=sys.stderr)
"""


def test_importing_any_module_loads_no_heavy_library() -> None:
    assert _python(IMPORT_ALL, *HEAVY).stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["recommend", "--help"],
        ["recommend", "--profile", str(PROFILE)],
        ["recommend", "--profile", str(PROFILE), "--json"],
        ["estimate", "--model", "7b", "--method", "qlora"],
        ["estimate", "--model", "7b", "--method", "lora", "--json"],
        ["list", "methods"],
        ["explain", "lora"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_deciding_loads_no_heavy_library(words: list[str]) -> None:
    run = _python(RUN_COMMAND, ",".join(HEAVY), *words)
    assert run.stderr.splitlines()[-1] == "exit code 0, loaded:", run.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["recommend", "--help"],
        ["estimate", "--help"],
        ["recommend", "--profile", str(PROFILE)],
        ["recommend", "--profile", str(PROFILE), "--json", "--set", "vram_gb=24", "--set", "labelled_examples=5k"],
        ["recommend", "--set", "task_type=qa", "--set", "needs_citations=yes", "--language", "zh"],
        ["recommend", "--describe", "有5000条标注，一张3090 to classify news", "--json"],
        ["estimate", "--model", "7b", "--method", "qlora"],
        ["estimate", "--model", "7b", "--method", "lora", "--rank", "8", "--dropout", "0.1", "--gpu", "a100-80gb"],
        ["estimate", "--model", "7b", "--compare", "--json"],
    ],
    ids=" ".join,
)
def test_deciding_on_sound_input_starts_without_pydantic(words: list[str]) -> None:
    run = _python(RUN_COMMAND, ",".join(ONLY_IN_DOUBT), *words)
    assert run.stderr.splitlines()[-1] == "exit code 0, loaded:", run.stderr


def _python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", dedent(code), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True)
