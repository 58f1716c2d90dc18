"""Fine-tune the embedded model on the returns example at several settings, and show the validation loss of each.

    python tests/benchmarks/tiny_model_tuning.py RUNS/demo.plan.yaml

The plan is the one that ``ftadvisor demo`` writes; only its index, its examples and its first training are run.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from ftadvisor.executors.plan import Plan
from ftadvisor.executors.plan_file import read_plan, write_plan
from ftadvisor.executors.run import execute_run
from ftadvisor.executors.run_folder import create_run
from ftadvisor.knowledge.progress import silent

# learning rate, rows per update, passes
SETTINGS = [(2e-3, 16, 3), (2e-3, 8, 3), (5e-3, 16, 3), (5e-3, 8, 3), (1e-2, 8, 3), (5e-3, 8, 5)]


def main() -> None:
    """Print one line per setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    plan = read_plan(parser.parse_args().plan)
    print("| learning rate | rows per update | passes | validation loss | seconds |\n|---|---|---|---|---|")
    for rate, rows, passes in SETTINGS:
        loss, seconds = measure(plan, rate, rows, passes)
        print(f"| {rate:g} | {rows} | {passes} | {loss:.3f} | {seconds:.0f} |", flush=True)


def measure(plan: Plan, rate: float, rows: int, passes: int) -> tuple[float, float]:
    """Return the best validation loss of a training and how long it took."""
    *before, training = plan.steps[:3]
    changed = training.model_copy(
        update={"learning_rate": rate, "batch_size": min(rows, 8), "accumulation": max(1, rows // 8), "epochs": passes}
    )
    with TemporaryDirectory() as runs:
        start = monotonic()
        varied = Path(runs) / "plan.yaml"
        write_plan(plan.model_copy(update={"steps": (*before, changed)}), varied, {})
        folder = create_run(read_plan(varied), varied, Path(runs))
        execute_run(folder, silent, lambda number, count, title: None)
        (result,) = [record["result"] for record in folder.finished_steps() if record["kind"] == "train"]
        return min(loss for _, loss in result["validation_loss"]), monotonic() - start


if __name__ == "__main__":
    main()
