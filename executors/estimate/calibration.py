"""What ``ftadvisor estimate --calibrate`` measured on this machine, and estimates that rest on it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...knowledge.durable import write_json
from ..data_folder import data_folder
from .architectures.find import architecture_of
from .inputs import with_lengths
from .methods.find import method_of
from .operations import operations_of
from .request import EstimateRequest
from .result import Range
from .settings import filled
from .stacks import stack_named


@dataclass(frozen=True)
class Calibration:
    """Hold one device's measurements.

    Attributes:
        device: A GPU's id in the catalogue, its own name where it has no card, or ``cpu``.
        measured: Day and time.
        operations_per_second: Low, likely, high of a training step, by method.
        context_bytes: Memory that the driver and its libraries take; 0 on a CPU.
        made_with: Versions and threads.
    """

    device: str
    measured: str
    operations_per_second: dict[str, Range]
    context_bytes: int
    made_with: dict[str, str]


def calibration_file() -> Path:
    """Return the file: one entry per device."""
    return data_folder() / "calibration.json"


def keep(calibration: Calibration) -> None:
    """Add or replace a device's entry."""
    path = calibration_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_bytes()) if path.exists() else {}
    write_json(path, known | {calibration.device: asdict(calibration)})


def calibration_of(device: str) -> Calibration | None:
    """Return a device's entry; None where there is none that can be read."""
    try:
        return Calibration(**json.loads(calibration_file().read_bytes())[device])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def step_seconds(request: EstimateRequest, calibration: Calibration) -> Range | None:
    """Return low, likely, high seconds of an update on a measured device; None where the method was not measured.

    Methods that keep the base frozen compute alike, so the speed of LoRA stands for all of them; packed weights do not.
    """
    request = filled(request)
    kind = request.method if request.method == "full" or request.quant != "none" else "lora"
    speeds = calibration.operations_per_second.get(kind)
    if speeds is None:
        return None
    work = operations(request)
    low, likely, high = speeds
    return (work / high, work / likely, work / low)


def operations(request: EstimateRequest) -> float:
    """Return the floating-point operations of one update on one device."""
    architecture = architecture_of(request.config, stack_named(request.stack))
    request = with_lengths(request, architecture)
    method = method_of(request)
    trained = sum(added.count * _numbers(added.shape) for added in method.added(architecture))
    return request.grad_accum * operations_of(request, architecture, method, trained)


def _numbers(shape: tuple[int, ...]) -> int:
    found = 1
    for size in shape:
        found *= size
    return found
