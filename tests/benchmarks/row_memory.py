"""What rows take in memory: read from a file, and encoded as numbers for a model.

    python tests/benchmarks/row_memory.py [--rows 400] [--words 200] [--task NAME ...]

Per task and layout of file: the most memory while reading and what is kept of it, as multiples of the file's size, and
the same of encoding in bytes per token. Python's allocations are counted, so that the figures are the same on every
machine; what tokenizers allocate by themselves, a row at a time, is not. Needs the extra [train]; downloads nothing.
"""

import argparse
import csv
import gc
import json
import random
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from ftadvisor.executors.encoded import encoded
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.task import task_class, task_ids

KNOWN = 30_000
"""Words of the tokenizer, one token each, as many as models have."""

CLASSES = 20
TAGS = ("B-PER", "I-PER", "O")
LIMIT = 512
TEMPLATE = "{% for m in messages %}{{ m['role'] + ' ' + m['content'] + ' ' }}{% endfor %}"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Taken:
    """Hold what rows took, in bytes unless said otherwise: the most at a time, and what was kept at the end."""

    file: int
    read_most: int
    read_kept: int
    tokens: int
    encoded_most: int
    encoded_kept: int


def row_of(task: str, words: list[str], number: int) -> dict[str, Any]:
    """Return a row of a task that has these words."""
    text = " ".join(words)
    if task == "causal_lm":
        return {"question": " ".join(words[: len(words) // 2]), "answer": " ".join(words[len(words) // 2 :])}
    if task == "question_answering":
        return {"question": words[0], "context": text, "answer": words[-1]}
    if task == "seq2seq":
        return {"question": text, "answer": text}
    if task == "sequence_classification":
        return {"text": text, "label": f"class {number % CLASSES}"}
    if task == "token_classification":
        return {"tokens": words, "tags": [TAGS[place % len(TAGS)] for place in range(len(words))]}
    return {"text": text}


def measured(task: str, rows: int, words: int, ending: str = ".jsonl") -> Taken:
    """Write rows of a task, and return what reading and encoding them takes."""
    chance = random.Random(0)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"rows{ending}")
        write(path, [row_of(task, chance.choices(NAMES, k=words), number) for number in range(rows)])
        kind, tokenizer, size = task_class(task), made_tokenizer(), path.stat().st_size
        kind.read(path, Prompt())  # loads what is loaded once
        read, most, kept = traced(lambda: kind.read(path, Prompt()))
        learner = kind(kind.Options(), kind.study(read, path))
        encoded(learner, tokenizer, read[:1], LIMIT, leave_out=True)
        (examples, _), encoding, rest = traced(lambda: encoded(learner, tokenizer, read, LIMIT, leave_out=True))
        return Taken(size, most, kept, sum(len(one.tokens) for one in examples), encoding, rest)


def traced(work: Callable[[], Result]) -> tuple[Result, int, int]:
    """Return what some work returns, the most bytes that it had at a time, and how many it leaves."""
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        gc.collect()
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return result, most, kept


NAMES = [f"w{number}" for number in range(KNOWN)]


def made_tokenizer() -> Any:
    """Return a tokenizer of many words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = {name: KNOWN + place for place, name in enumerate(("</s>", "<mask>", "<unk>", "user", "assistant"))}
    numbers = {name: place for place, name in enumerate(NAMES)} | special
    core = Tokenizer(models.WordLevel(numbers, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    marks = {"eos_token": "</s>", "pad_token": "</s>", "mask_token": "<mask>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=core, chat_template=TEMPLATE, **marks)


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows in the format that the name of the file tells."""
    if path.suffix == ".txt":
        path.write_text("\n\n".join(row["text"] for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, [*rows[0]])
            table.writeheader()
            table.writerows(rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--words", type=int, default=200, help="of a row")
    parser.add_argument("--task", choices=task_ids(), nargs="+", default=task_ids())
    words = parser.parse_args()
    print("| task | file | reading, most | kept | encoding, most | kept |\n|---|---|---:|---:|---:|---:|")
    for task in words.task:
        endings = [".jsonl", ".json"]
        endings += [".csv"] if task != "token_classification" else []
        endings += [".txt"] if task in {"continued_pretraining", "masked_lm"} else []
        for ending in endings:
            found = measured(task, words.rows, words.words, ending)
            reading = f"{found.read_most / found.file:.1f} | {found.read_kept / found.file:.1f}"
            encoding = f"{found.encoded_most / found.tokens:.1f} | {found.encoded_kept / found.tokens:.1f}"
            print(f"| {task} | {ending} | {reading} | {encoding} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
