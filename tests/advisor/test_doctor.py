"""``ftadvisor doctor`` on machines of several kinds."""

import json
import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from ftadvisor.advisor import accelerators, extras, machine
from ftadvisor.advisor.cli import main
from ftadvisor.knowledge.conflict import Conflict, VersionRange
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.sources import Evidence

Shown = pytest.CaptureFixture[str]

SMI = """#!{python}
print({answer!r})
"""


def driver(folder: Path, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an ``nvidia-smi`` with a fixed answer first on the search path."""
    program = folder / "nvidia-smi"
    program.write_text(SMI.format(python=sys.executable, answer=answer))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def pretend_versions(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None]) -> None:
    """Pretend that packages have other versions; None for a missing one."""
    real = extras.version

    def version(name: str) -> str:
        found = versions.get(name, "real")
        if found is None:
            raise PackageNotFoundError(name)
        return real(name) if found == "real" else found

    monkeypatch.setattr(extras, "version", version)


def test_reads_what_the_driver_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, "NVIDIA GeForce RTX 3090, 24576, 24000, 550.54, 8.6", monkeypatch)
    (gpu,) = machine.find_gpus()
    assert (gpu.name, gpu.memory_bytes, gpu.capability) == ("NVIDIA GeForce RTX 3090", 24576 * 2**20, "8.6")


def test_a_gpu_without_memory_of_its_own_is_still_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, "NVIDIA GB10, [N/A], [N/A], 580.1, 12.1", monkeypatch)
    (gpu,) = machine.find_gpus()
    assert gpu.memory_bytes is None


def test_no_driver_means_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.find_gpus() == ()


def test_a_missing_extra_names_the_command_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend_versions(monkeypatch, {"peft": None})
    assert main(["doctor", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert problems[0]["fix"] == "pip install 'ftadvisor[train]'"
    assert "peft" in problems[0]["text"]


def test_a_known_bad_pair_is_told_with_its_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend_versions(monkeypatch, {"peft": "0.17.1", "transformers": "5.2.0"})
    assert main(["doctor", "--language", "zh"]) == 1
    shown = capsys.readouterr().out
    assert "HybridCache" in shown
    assert "https://github.com/huggingface/peft/issues/3333" in shown
    assert "需要处理的问题" in shown


def test_a_pytorch_without_the_gpu_that_is_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    driver(tmp_path, "NVIDIA GeForce RTX 3090, 24576, 24000, 550.54, 8.6", monkeypatch)
    pretend_versions(monkeypatch, {"torch": "2.13.0+cpu"})
    assert main(["doctor", "--json"]) == 1
    assert "2.13.0+cpu" in json.loads(capsys.readouterr().out)["problems"][-1]["text"]


@pytest.mark.parametrize(("kind", "program"), [("rocm", "rocm-smi"), ("ascend", "npu-smi")])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_other_accelerators_are_told_and_that_they_are_untested(
    kind: str, program: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    (tmp_path / program).write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    pretend_versions(monkeypatch, {"torch": "2.13.0", "torch-npu": None})
    assert machine.look().untested == (kind,)
    assert main(["doctor", "--language", language]) == 1
    shown = capsys.readouterr().out
    assert {"rocm": "ROCm", "ascend": "torch-npu"}[kind] in shown.split("+ torch")[1]
    assert ("没有测试过" if language == "zh" else "Untested") in shown


def test_apples_gpu_is_found_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(accelerators.platform, "machine", lambda: "arm64")
    assert "mps" in accelerators.find_untested()


def test_a_machine_without_any_says_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if machine.look().untested:
        pytest.skip("there is one here")
    main(["doctor", "--language", "en"])
    shown = capsys.readouterr().out
    assert "no accelerator of AMD (ROCm), Apple (MPS) or Ascend (NPU)" in shown
    assert "Tested devices: CPUs and NVIDIA GPUs" in shown


def test_passwords_in_mirror_addresses_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://someone:secret@mirror.example/simple")
    main(["doctor"])
    shown = capsys.readouterr().out
    assert "mirror.example" in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("version", "inside"),
    [("0.17.1", True), ("0.18.0", False), ("0.18", False), ("0.9.9", True), ("1.0", False), ("0.17.1+cpu", True)],
)
def test_versions_compare_as_numbers(version: str, inside: bool) -> None:
    assert VersionRange(package="peft", below="0.18").holds(version) is inside


@pytest.mark.parametrize("conflict", load(Conflict).values(), ids=lambda conflict: conflict.id)
def test_every_conflict_names_packages_of_ours_and_known_sources(conflict: Conflict) -> None:
    ours = {package.name for package in extras.packages()} | {"triton"}
    assert {wanted.package for wanted in conflict.packages} <= ours
    assert set(conflict.evidence) <= set(load(Evidence))
