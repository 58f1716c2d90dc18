import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ATTACH = """
import sys
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model, load_tokenizer
from ftadvisor.executors.plan import ModelSource

source = ModelSource(source=sys.argv[1])
load_tokenizer(source.source)
method = method_module("lora")
method.attach(load_model(source), method.Options(rank=2))
import warnings
warnings.warn_explicit("a real warning", UserWarning, "file.py", 1, module="torch.cuda")
"""


def test_libraries_say_only_what_concerns_people(tiny_model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ATTACH, str(tiny_model)], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout == ""
    assert done.stderr.splitlines() == ["file.py:1: UserWarning: a real warning"]


HEAD = """
import sys
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import Loader

load_model(ModelSource(source=sys.argv[1]), loader=Loader("AutoModelForSequenceClassification", {"num_labels": 3}))
"""


def test_a_head_that_starts_from_chance_is_no_news(tiny_of: Callable[[str], Path]) -> None:
    command = [sys.executable, "-c", HEAD, str(tiny_of("bert"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert (done.stdout, done.stderr) == ("", "")
