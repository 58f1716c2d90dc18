import subprocess
import sys
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
