"""Train in several processes, one on each GPU: write the launch file, start the workers, pass on what they tell.

The process that runs the plan keeps the run's lock and waits; the first worker writes events, checkpoints and result.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from ..knowledge.durable import write_text
from ..knowledge.errors import UserError
from ..knowledge.lock import locked
from ..knowledge.messages import say
from .export_run import yaml_of
from .step import Result, StepContext

RESULT, ERROR, LOG, LOCK, FILE = "result.json", "error.json", "workers.log", "lock", "accelerate.yaml"
TAIL = 4000
"""Characters of the workers' log that an error shows."""


def launch(context: StepContext, processes: int) -> Result:
    """Do a step in several processes, and return its result.

    Args:
        context: Of the step.
        processes: How many, 2 or more.

    Raises:
        UserError: There are fewer GPUs, workers of an earlier attempt still run, or a worker found wrong input.
        RuntimeError: A worker broke.
    """
    on_gpus = _refuse_too_few(processes)
    folder = context.run_folder / "launch" / str(context.number)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK) as free:  # workers outlive a killed run until they next tell how far they are
        if not free:
            raise UserError(say("run.locked", path=context.run_folder), say("run.locked_hint"))
    for name in (RESULT, ERROR):
        (folder / name).unlink(missing_ok=True)
    write_text(folder / FILE, launch_file(processes, on_gpus))
    place = [str(context.run_folder), str(context.plan_folder), str(context.number), str(folder)]
    code = _started([*_launcher(folder / FILE, processes, on_gpus), *place], folder / LOG, context, on_gpus)
    if (folder / ERROR).exists():
        told = json.loads((folder / ERROR).read_bytes())
        raise UserError(told["message"], told["hint"])
    if code or not (folder / RESULT).exists():
        raise RuntimeError((folder / LOG).read_text(encoding="utf-8", errors="replace")[-TAIL:])
    result: Result = json.loads((folder / RESULT).read_bytes())
    return result


def launch_file(processes: int, on_gpus: bool, *, sharded: bool = False, half: bool = False) -> str:
    """Return the file for ``accelerate launch --config_file``.

    Args:
        processes: How many on this machine.
        on_gpus: Whether each has a GPU.
        sharded: Whether FSDP2 shares weights, gradients and optimizer among them; otherwise each has all (DDP).
        half: Whether bfloat16 is computed in.

    Source: accelerate 1.15, ``commands/config/config_args.py``, ``utils/dataclasses.py``
        (``FullyShardedDataParallelPlugin``).
    """
    settings: dict[str, object] = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "FSDP" if sharded else "MULTI_GPU" if on_gpus else "MULTI_CPU",
        "num_machines": 1,
        "machine_rank": 0,
        "num_processes": processes,
        "mixed_precision": "bf16" if half else "no",
        "use_cpu": not on_gpus,
        "main_training_function": "main",
    }
    if sharded:
        settings["fsdp_config"] = {
            "fsdp_version": 2,
            "fsdp_reshard_after_forward": True,
            "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "fsdp_state_dict_type": "FULL_STATE_DICT",
            "fsdp_cpu_ram_efficient_loading": True,
            "fsdp_activation_checkpointing": False,
        }
    return yaml_of(settings)


def _refuse_too_few(processes: int) -> bool:
    """Return whether there are GPUs.

    Raises:
        UserError: There are, but fewer than processes.
    """
    import torch

    count = torch.cuda.device_count()
    if 0 < count < processes:
        raise UserError(say("guards.few_gpus", processes=processes, count=count), say("guards.few_gpus_hint"))
    return count > 0


def _launcher(file: Path, processes: int, on_gpus: bool) -> list[str]:
    """Return the words that start the workers; accelerate starts several on a CPU only with MPI, PyTorch without."""
    worker = ["-m", "ftadvisor.executors.worker"]
    port = str(_free_port())
    if on_gpus:
        start = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(file)]
        return [*start, "--main_process_port", port, *worker]
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(processes)]
    return [*start, "--master_port", port, *worker]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _started(words: list[str], log: Path, context: StepContext, on_gpus: bool) -> int:
    """Run the workers, pass on their progress, and return their exit code; they end with this process's work."""
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    if not on_gpus:
        environment["ACCELERATE_USE_CPU"] = "true"  # so that transformers' Trainer, too, knows of the others
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True, start_new_session=True
        ) as workers,
    ):
        try:
            assert workers.stdout is not None
            for line in workers.stdout:
                _pass_on(line, context)
            return workers.wait()
        except BaseException:
            os.killpg(workers.pid, signal.SIGTERM)
            raise


def _pass_on(line: str, context: StepContext) -> None:
    """Tell what a worker told; whatever else stands in the line is a library's own word."""
    try:
        told = json.loads(line)
    except ValueError:
        return
    match told:
        case {"event": str(name), "values": dict(values)}:
            context.event(name, **values)
        case {"label": str(label), "done": done, "total": total}:
            context.progress(label, done, total)
