import os
from pathlib import Path

import pytest
from ftadvisor.executors.adapters import load_adapted, save_adapter
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_training_made_is_on_the_disk_before_it_counts(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    base, module = ModelSource(source=str(tiny_model)), method_module(method)
    model = module.attach(load_model(base), module.Options())
    flushed: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.add(os.fstat(handle).st_ino))
    folder = tmp_path / "adapters" / "combined"
    save_adapter(model, load_tokenizer(str(tiny_model)), folder, base, method)
    assert {path.stat().st_ino for path in folder.iterdir()} <= flushed
    assert load_adapted(base, folder) is not None
