"""``ftadvisor doctor``: what this machine has, what is missing, what is known not to work."""

import argparse

from pydantic import BaseModel, ConfigDict

from ...knowledge.conflict import Conflict
from ...knowledge.load import load
from ...knowledge.messages import say
from ...knowledge.sources import Evidence
from ..cli import DONE, FAILED
from ..extras import EXTRAS, Package, install_command, installed_versions, packages
from ..machine import Gpu, Machine, look
from ..output import print_json
from ..terminal import Terminal

GIBIBYTE = 2**30
TESTED_PYTHON = ("3.11", "3.12", "3.13")
DEMO_DISK_BYTES = 2 * GIBIBYTE


class Problem(BaseModel):
    """One thing that stands in the way, and the command that removes it."""

    model_config = ConfigDict(frozen=True)

    text: str
    fix: str
    sources: tuple[str, ...] = ()


class Diagnosis(BaseModel):
    """All that ``doctor`` found."""

    model_config = ConfigDict(frozen=True)

    machine: Machine
    packages: tuple[Package, ...]
    problems: tuple[Problem, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--json", action="store_true", help=say("doctor.json_help"))
    parser.epilog = say("doctor.epilog")


def run(arguments: argparse.Namespace) -> int:
    """Print the diagnosis; return 0 when everything is there and 1 when something is missing."""
    diagnosis = diagnose()
    if arguments.json:
        print_json(diagnosis.model_dump(mode="json"))
    else:
        lines = [*_machine_lines(diagnosis.machine), "", *_package_lines(diagnosis), "", *_verdict(diagnosis)]
        Terminal().tell("\n".join(lines))
    return FAILED if diagnosis.problems else DONE


def diagnose() -> Diagnosis:
    """Look at the machine and its packages and collect what is wrong."""
    machine, found = look(), packages()
    return Diagnosis(
        machine=machine, packages=found, problems=(*_gaps(found), *_conflicts(), *_limits(machine), *_idle_gpu(machine))
    )


def _gaps(found: tuple[Package, ...]) -> list[Problem]:
    problems = []
    for extra in ("", *EXTRAS):
        bad = [package for package in found if package.extra == extra and not package.usable]
        if bad:
            names = ", ".join(_wanted(package) for package in bad)
            fix = install_command([extra]) if extra else "pip install -U ftadvisor"
            problems.append(Problem(text=say("doctor.missing", packages=names), fix=fix))
    return problems


def _wanted(package: Package) -> str:
    if package.installed is None:
        return package.name
    return say("doctor.too_old", name=package.name, installed=package.installed, minimum=package.minimum)


def _conflicts() -> list[Problem]:
    problems = []
    for conflict in load(Conflict).values():
        versions = installed_versions(tuple(wanted.package for wanted in conflict.packages))
        if conflict.present(versions):
            pair = ", ".join(f"{name} {number}" for name, number in versions.items())
            sources = tuple(load(Evidence)[name].url for name in conflict.evidence)
            problems.append(Problem(text=f"{pair}: {conflict.harm}", fix=conflict.fix, sources=sources))
    return problems


def _limits(machine: Machine) -> list[Problem]:
    problems = []
    if machine.disk_free_bytes < DEMO_DISK_BYTES:
        problems.append(Problem(text=say("doctor.little_disk", free=_gib(machine.disk_free_bytes)), fix="df -h ."))
    if machine.python.rpartition(".")[0] not in TESTED_PYTHON:
        tested = ", ".join(TESTED_PYTHON)
        problems.append(
            Problem(text=say("doctor.python", version=machine.python, tested=tested), fix="python3.13 -m venv .venv")
        )
    return problems


def _idle_gpu(machine: Machine) -> list[Problem]:
    """Return the problem of a PyTorch that was built without the GPU that is there."""
    version = installed_versions(("torch",)).get("torch", "")
    if machine.gpus and version.endswith("+cpu"):
        return [Problem(text=say("doctor.cpu_torch", version=version), fix="pip install --force-reinstall torch")]
    if "rocm" in machine.untested and version and "+rocm" not in version:
        return [Problem(text=say("doctor.no_rocm_torch", version=version), fix=say("doctor.rocm_torch"))]
    if "ascend" in machine.untested and version and not installed_versions(("torch-npu",)):
        return [Problem(text=say("doctor.no_npu_torch"), fix="pip install torch-npu")]
    return []


def _machine_lines(machine: Machine) -> list[str]:
    lines = [
        say("doctor.system", system=machine.system, python=machine.python),
        say(
            "doctor.resources",
            cores=machine.cores,
            memory=_gib(machine.memory_bytes),
            disk=_gib(machine.disk_free_bytes),
        ),
    ]
    found = [*map(_gpu_line, machine.gpus), *(say(f"doctor.{kind}") for kind in machine.untested)]
    lines += [*(found or [say("doctor.no_gpu")]), say("doctor.tested")]
    return lines + [say("doctor.mirror", name=name, value=value) for name, value in machine.mirrors.items()]


def _gpu_line(gpu: Gpu) -> str:
    return say(
        "doctor.gpu",
        name=gpu.name,
        memory=_gib(gpu.memory_bytes),
        free=_gib(gpu.free_bytes),
        driver=gpu.driver,
        capability=gpu.capability,
    )


def _package_lines(diagnosis: Diagnosis) -> list[str]:
    lines = []
    for extra in ("", *EXTRAS):
        lines.append(say("doctor.extra", name=extra) if extra else say("doctor.core"))
        for package in diagnosis.packages:
            if package.extra == extra:
                state = package.installed or say("doctor.absent")
                lines.append(f"  {'+' if package.usable else '-'} {package.name:<24} {state}")
    return lines


def _verdict(diagnosis: Diagnosis) -> list[str]:
    if not diagnosis.problems:
        return [say("doctor.well")]
    lines = [say("doctor.problems", count=len(diagnosis.problems))]
    for problem in diagnosis.problems:
        lines += [f"- {problem.text}", say("doctor.fix", command=problem.fix)]
        lines += [say("doctor.source", url=url) for url in problem.sources]
    return lines


def _gib(count: int | None) -> str:
    return "?" if count is None else f"{count / GIBIBYTE:.1f} GiB"
