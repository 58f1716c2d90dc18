"""What a run was made with: versions, machine, threads, seed."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import JsonValue

_PACKAGES = (
    "ftadvisor",
    "pydantic",
    "numpy",
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "bitsandbytes",
    "faiss-cpu",
    "sentence-transformers",
    "scikit-learn",
)


def describe_environment(seed: int, plan_path: Path) -> dict[str, JsonValue]:
    """Return what ``environment.json`` holds.

    Args:
        seed: The plan's seed.
        plan_path: Where the plan came from; its relative paths start in its folder.
    """
    return {
        "plan_file": str(plan_path.resolve()),
        "seed": seed,
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "machine": {"system": platform.platform(), "processor": platform.machine(), "memory_bytes": memory_bytes()},
        "threads": {"processors": os.cpu_count(), "usable": _usable(), "omp": os.environ.get("OMP_NUM_THREADS")},
    }


def memory_bytes() -> int | None:
    """Return the machine's main memory in bytes, or None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _usable() -> int | None:
    # an affinity mask, as taskset or a container sets it, is what libraries really get
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
