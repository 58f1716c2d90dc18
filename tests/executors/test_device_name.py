"""Each kind of device has a name, whether or not PyTorch's part for it tells one."""

import platform
from types import SimpleNamespace
from typing import Any

import pytest
from ftadvisor.executors.device_name import device_name, machine_name

torch = pytest.importorskip("torch", reason="needs the train extra")

MODULES: dict[str, Any] = {
    "cuda": SimpleNamespace(get_device_name=lambda: "NVIDIA GeForce RTX 3090"),
    "npu": SimpleNamespace(get_device_name=lambda: "Ascend910B"),
    "mps": SimpleNamespace(),
}


@pytest.mark.parametrize(
    ("device", "name"), [("cuda", "rtx-3090"), ("npu", "Ascend910B"), ("mps", f"mps {platform.machine()}")]
)
def test_the_part_of_pytorch_for_the_device_is_asked(device: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_device_module", MODULES.__getitem__)
    assert device_name(device) == machine_name(device) == name


def test_a_processor_is_named_without_asking() -> None:
    assert device_name("cpu") == "cpu"
    assert machine_name("cpu") == platform.machine()
