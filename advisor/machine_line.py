"""Say in a line what this machine has for the work that may follow."""

from ..knowledge.messages import say
from .extras import EXTRAS, install_command, packages
from .machine import Gpu, find_gpus

GIBIBYTE = 2**30


def machine_line() -> str:
    """Return the GPUs with their free memory, and which optional parts are installed."""
    wanting = {package.extra for package in packages() if not package.usable}
    there = [extra for extra in EXTRAS if extra not in wanting]
    missing = [extra for extra in EXTRAS if extra in wanting]
    return say(
        "session.machine",
        gpus=say("advice.comma").join(map(_gpu, find_gpus())) or say("session.no_gpu"),
        there=say("advice.comma").join(there) or say("session.core_only"),
        missing=say("session.missing_extras", command=install_command(missing)) if missing else "",
    ).strip()


def _gpu(gpu: Gpu) -> str:
    total, free = (round((memory or 0) / GIBIBYTE) for memory in (gpu.memory_bytes, gpu.free_bytes))
    return say("session.one_gpu", name=gpu.name, gb=total, free=free)
