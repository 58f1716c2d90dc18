"""Try settings of the demonstration on its validation rows: the place where settings are chosen.

    python tests/benchmarks/tiny_model_tuning.py --vary build_examples.top_k=2,3,4 --out table.md
    python tests/benchmarks/tiny_model_tuning.py --vary train.learning_rate=2e-3,5e-3 --seeds 17,18
    python tests/benchmarks/tiny_model_tuning.py --vary evaluate.rag_examples=true,false --arms rag
    python tests/benchmarks/tiny_model_tuning.py --vary rows=126,252,504 --set build_examples.top_k=3 --model FOLDER

Each combination runs the plan that ``ftadvisor demo`` writes, with the changes, and answers the validation rows. The
test rows are never read. Each line appears as soon as it is measured, with 95 % intervals (rows of one clause drawn
together). The states of a training are compared by their loss on the same rows, which favours all settings alike.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from ftadvisor.advisor.commands.demo import FILES, PROFILE
from ftadvisor.advisor.planning import SEED, make_plan
from ftadvisor.advisor.profile_file import read_profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.executors.plan import Plan
from ftadvisor.executors.plan_file import read_plan, write_plan
from ftadvisor.executors.report.record import Evaluation
from ftadvisor.executors.run import execute_run
from ftadvisor.executors.run_folder import create_run
from ftadvisor.executors.step import StepOptions, parse_step
from ftadvisor.knowledge.builtin import builtin_path
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.progress import silent

ROWS = "rows"
"""Besides the options of steps, this can be varied: how many rows to train on, the first ones of the file."""

Changes = Mapping[str, Any]


def main() -> None:
    """Measure each combination and print one line for it."""
    arguments = _arguments()
    use_language("en")
    varied = [[(name, value) for value in values] for name, values in arguments.vary]
    with TemporaryDirectory() as scratch:
        plan = validation_plan(arguments.model, arguments.arms, Path(scratch))
        for name, _ in [*arguments.vary, *arguments.set]:
            check_name(plan, name)
        lines = measure_all(plan, dict(arguments.set), [dict(each) for each in product(*varied)], arguments.seeds)
        for line in lines:
            print(line, flush=True)
            if arguments.out:
                with arguments.out.open("a", encoding="utf-8") as table:
                    table.write(line + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = "STEP.OPTION, or rows"
    parser.add_argument("--vary", action="append", default=[], type=_values, metavar="NAME=A,B", help=option)
    parser.add_argument(
        "--set", action="append", default=[], type=_value, metavar="NAME=A", help="the same in all runs"
    )
    parser.add_argument("--arms", type=lambda text: tuple(text.split(",")), default=("combined", "rag"), metavar="A,B")
    parser.add_argument("--seeds", type=lambda text: [int(each) for each in text.split(",")], default=[SEED])
    parser.add_argument("--model", default="builtin:tiny", help="the base model")
    parser.add_argument("--out", type=Path, metavar="FILE", help="table that lines are appended to")
    return parser.parse_args()


def _values(text: str) -> tuple[str, list[Any]]:
    name, _, values = text.partition("=")
    return name, [_parsed(value) for value in values.split(",")]


def _value(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    return name, _parsed(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def validation_plan(model: str, arms: Sequence[str], folder: Path) -> Plan:
    """Return the demonstration's plan with the validation rows in the place of the test rows.

    Args:
        model: The base model.
        arms: Ways to answer that are compared; a training that none of them needs is left out.
        folder: Where the plan will lie.
    """
    profile = read_profile(builtin_path(PROFILE))
    files = FILES.model_copy(update={"test": FILES.validation})
    model = model if model.startswith("builtin:") else str(Path(model).absolute())
    plan = make_plan(profile, recommend(profile), files=files, folder=folder, model=model).plan
    assert plan is not None
    asked = {"combined": {"combined", "shuffled"}, "closed_book": {"finetuned"}}
    left = {name for name, arms_of in asked.items() if arms_of & {*arms}}
    steps = [step for step in plan.steps if step.kind != "train" or getattr(step, "name", "") in left]
    unused = {
        f"evaluate.{option}": None
        for option, name in (("combined", "combined"), ("finetuned", "closed_book"))
        if name not in left
    }
    return changed(plan.model_copy(update={"steps": tuple(steps)}), {"evaluate.arms": arms, **unused})


def check_name(plan: Plan, name: str) -> None:
    """Refuse a name that no step of the plan has.

    Raises:
        SystemExit: Tells all names.
    """
    known = [f"{step.kind}.{option}" for step in plan.steps for option in type(step).model_fields]
    if name != ROWS and ".".join(name.split(".")[:2]) not in known:
        raise SystemExit(f"There is no {name}; there are: {', '.join([ROWS, *sorted(set(known))])}")


def changed(plan: Plan, changes: Changes) -> Plan:
    """Return the plan with options changed in every step of their kind; one distractor fewer than passages is shown."""
    if "build_examples.top_k" in changes and "build_examples.distractors" not in changes:
        changes = {**changes, "build_examples.distractors": changes["build_examples.top_k"] - 1}
    return plan.model_copy(update={"steps": tuple(_changed_step(step, changes) for step in plan.steps)})


def _changed_step(step: StepOptions, changes: Changes) -> StepOptions:
    values = step.model_dump()
    for name, value in changes.items():
        kind, _, option = name.partition(".")
        if kind == step.kind:
            *outer, last = option.split(".")
            place = values
            for part in outer:
                place = place[part]
            place[last] = value
    return parse_step(values)


def measure_all(plan: Plan, fixed: Changes, combinations: Sequence[Changes], seeds: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a table: one per combination and seed."""
    names = list(combinations[0])
    heads: list[str] = []
    for combination in combinations:
        for seed in seeds:
            start = monotonic()
            results = measure(plan, {**fixed, **combination}, seed)
            figures = _figures(results)
            if not heads:
                heads = [*names, "seed", *figures, "validation loss", "seconds"]
                yield f"| {' | '.join(heads)} |"
                yield "|---" * len(heads) + "|"
            shown = [*(str(combination[name]) for name in names), str(seed), *figures.values()]
            yield f"| {' | '.join([*shown, _losses(results), f'{monotonic() - start:.0f}'])} |"


def measure(plan: Plan, changes: Changes, seed: int) -> list[dict[str, Any]]:
    """Run a changed plan and return the records of its steps."""
    options = {name: value for name, value in changes.items() if name != ROWS}
    plan = changed(plan, options).model_copy(update={"seed": seed})
    with TemporaryDirectory() as runs:
        if ROWS in changes:
            plan = _on_fewer_rows(plan, changes[ROWS], Path(runs))
        varied = Path(runs) / "plan.yaml"
        write_plan(plan, varied, {})
        folder = create_run(read_plan(varied), varied, Path(runs))
        execute_run(folder, silent, lambda number, count, title: None)
        return folder.finished_steps()


def _on_fewer_rows(plan: Plan, count: int, folder: Path) -> Plan:
    assert FILES.train is not None
    lines = builtin_path(FILES.train).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "rows.jsonl").write_text("".join(lines[:count]), encoding="utf-8")
    steps = [
        step.model_copy(update={"train": "rows.jsonl"}) if getattr(step, "train", "") == FILES.train else step
        for step in plan.steps
    ]
    return plan.model_copy(update={"steps": tuple(steps)})


def _figures(results: list[dict[str, Any]]) -> dict[str, str]:
    (evaluation,) = [Evaluation.model_validate(each["result"]) for each in results if each["kind"] == "evaluate"]
    return {
        f"{arm}: {metric}": f"{100 * found.value:.0f} [{100 * found.low:.0f}, {100 * found.high:.0f}]"
        for arm, metrics in evaluation.arms.items()
        for metric, found in metrics.items()
    }


def _losses(results: list[dict[str, Any]]) -> str:
    trainings = [each["result"] for each in results if each["kind"] == "train"]
    return ", ".join(f"{min(loss for _, loss in each['validation_loss']):.3f}" for each in trainings) or "-"


if __name__ == "__main__":
    main()
