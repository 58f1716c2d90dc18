"""Train the same rows with ftadvisor and with TRL's own trainer, side by side, and compare tokens per second.

    python tests/benchmarks/beside_trl.py --trl PYTHON [--method lora] [--layers 8] [--rows 64] [--rounds 3]

One plan is run by ``ftadvisor run``, and exported as ``plan --export trl`` does; that script runs in the interpreter
PYTHON, which has TRL. The model has random weights in the shape of a Llama of the given depth; the rows are random
words, of lengths that vary. Both time their own training, and rounds alternate; the middle one of each counts. It runs
on a GPU where there is one, otherwise on a CPU (set OMP_NUM_THREADS); nothing is downloaded.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ftadvisor.executors.export_run import export_run
from ftadvisor.executors.models import device, load_tokenizer
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.probe import write_random_model
from ftadvisor.executors.recipe import recipe_of
from ftadvisor.knowledge.builtin import BUILTIN

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 768,
    "intermediate_size": 2048,
    "num_attention_heads": 12,
    "num_key_value_heads": 4,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
WORDS = ("goods", "within", "thirty", "days", "unopened", "invoice", "buyer", "returns", "postage", "refund")


def main() -> None:
    """Alternate both trainers, and print what each reached and how they compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trl", required=True, metavar="PYTHON", help="interpreter of an environment that has TRL")
    parser.add_argument("--method", default="lora", choices=("lora", "full"))
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        plan, tokens = prepared(Path(folder), arguments.method, arguments.layers, arguments.rows)
        ours, theirs = [], []
        for number in range(arguments.rounds):
            ours.append(tokens / run_ours(plan, Path(folder) / f"runs{number}"))
            theirs.append(tokens / run_trl(arguments.trl, plan, Path(folder) / f"trl{number}"))
            print(f"round {number + 1}: ftadvisor {ours[-1]:.0f}, TRL {theirs[-1]:.0f} tokens/s", flush=True)
    print(f"{arguments.method}, {device().type}: {median(ours) / median(theirs):.2f} times TRL's tokens per second")


def prepared(folder: Path, method: str, layers: int, count: int) -> tuple[Path, int]:
    """Write model, rows and plan; return the plan and how many tokens the rows have."""
    tokenizer = load_tokenizer(f"{BUILTIN}tiny")
    model = folder / "model"
    model.mkdir()
    write_random_model(CONFIG | {"num_hidden_layers": layers, "vocab_size": len(tokenizer)}, model, "float32")
    tokenizer.save_pretrained(model)
    chance = random.Random(0)
    rows = [{"question": _words(chance, 40, 160), "answer": _words(chance, 20, 80)} for _ in range(count)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    train = {"kind": "train", "name": "speed", "method": method, "train": "rows.jsonl", "output": "adapter"}
    half = "float32" if device().type == "cpu" else "bfloat16"
    options = {"epochs": 1, "precision": half, "batch_size": 4, "canary": "never", "tracker": "none", "general": None}
    plan = {
        "version": 1,
        "title": "beside TRL",
        "language": "en",
        "label": f"finetune:{method}",
        "seed": 17,
        "knowledge": "-",
        "model": {"source": str(model)},
        "prompt": {},
        "steps": [{**train, **options, "max_length": 1024}],
    }
    path = folder / "plan.yaml"
    path.write_text(json.dumps(plan), encoding="utf-8")  # JSON is YAML
    read = tokenizer([f"{row['question']} {row['answer']}" for row in rows])["input_ids"]
    return path, sum(len(each) for each in read)


def _words(chance: random.Random, least: int, most: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(least, most)))


def run_ours(plan: Path, runs: Path) -> float:
    """Return the seconds that ``ftadvisor run`` trained."""
    command = [sys.executable, "-m", "ftadvisor.advisor", "run", str(plan), "--runs", str(runs), "--json", "--quiet"]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    seconds: float = json.loads(told)["steps"][0]["result"]["seconds"]
    return seconds


def run_trl(python: str, plan: Path, folder: Path) -> float:
    """Return the seconds that TRL's trainer trained, as it says itself."""
    export_run(recipe_of(read_plan(plan), plan), "trl", folder)
    command = [python, "train.py", "--config", "config.yaml"]
    quiet = {**os.environ, "HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": str(device().type == "cpu").lower()}
    done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, check=False)
    told = re.search(r"'train_runtime': '?([\d.]+)", done.stdout)
    if done.returncode or told is None:
        raise SystemExit(f"TRL failed:\n{done.stderr[-2000:]}")
    return float(told[1])


if __name__ == "__main__":
    main()
