"""Fixtures: quick steps that stand in for the real ones, and a tiny random Llama with its own tokenizer."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.executors import steps
from ftadvisor.executors.step import step_kinds

TOY_STEPS = Path(__file__).parent / "toy_steps"

TOY_PLAN = """\
version: 1
title: a toy
language: en
label: rag+finetune:lora
seed: 17
knowledge: 0.1.0
model: {source: 'builtin:tiny'}
prompt: {instruction: Answer.}
steps:
  - {kind: build_index, words: [x, y]}
  - {kind: train, name: combined, epochs: 2}  # short
"""


@pytest.fixture
def toy_plan(tmp_path: Path) -> Path:
    """A plan of two quick steps."""
    path = tmp_path / "plan.yaml"
    path.write_text(TOY_PLAN, encoding="utf-8")
    return path


@pytest.fixture
def toy_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the quick steps in ``toy_steps`` take the place of the real ones of the same names."""
    names = {path.stem: f"{steps.__name__}.{path.stem}" for path in TOY_STEPS.glob("*.py")}
    real = {name: sys.modules.pop(module, None) for name, module in names.items()}
    monkeypatch.setattr(steps, "__path__", [str(TOY_STEPS), *steps.__path__])
    step_kinds.cache_clear()
    yield
    step_kinds.cache_clear()
    for name, module in names.items():
        sys.modules.pop(module, None)
        vars(steps).pop(name, None)
        if found := real[name]:
            sys.modules[module] = found
            setattr(steps, name, found)
