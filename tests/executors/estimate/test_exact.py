"""The exact tier traces the real model with the real method; small models, in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.exact.exact import estimate_exactly
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.errors import UserError

from .tiny import CONFIGS

pytest.importorskip("torch")
pytest.importorskip("peft")


def request_for(family: str, method: str, **settings: Any) -> EstimateRequest:
    return EstimateRequest(config=CONFIGS[family], method=method, **({"batch": 4, "seq_len": 512} | settings))


def test_a_trace_says_what_the_arithmetic_says() -> None:
    request = request_for("llama", "lora")
    told: list[str] = []
    exact, analytic = estimate_exactly(request, lambda label, done, total: told.append(label)), estimate(request)
    assert exact.tier == "exact"
    assert exact.trainable_parameters == analytic.trainable_parameters
    assert exact.peak.phase == analytic.peak.phase
    assert exact.peak.allocated_bytes == pytest.approx(analytic.peak.allocated_bytes, rel=0.02)
    assert exact.peak.allocated_bytes <= exact.peak.reserved_bytes < exact.peak.device_bytes <= exact.peak.high_bytes
    assert sum(part.bytes for part in exact.breakdown) == exact.peak.allocated_bytes
    assert exact.operations
    assert len(told) > 5


BERT = {
    "model_type": "bert",
    "vocab_size": 500,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
}


@pytest.mark.parametrize("config", [CONFIGS["llama"], CONFIGS["qwen2"], BERT], ids=["llama", "qwen2", "bert"])
@pytest.mark.parametrize(("head", "labels"), [("sequence", 5), ("token", 7), ("span", 2)])
def test_heads_are_counted_and_traced(config: dict[str, Any], head: Any, labels: int) -> None:
    request = EstimateRequest(config=config, method="lora", batch=4, seq_len=256, head=head, labels=labels)
    exact, analytic = estimate_exactly(request), estimate(request)
    assert exact.trainable_parameters == analytic.trainable_parameters
    assert exact.peak.allocated_bytes == pytest.approx(analytic.peak.allocated_bytes, rel=0.02)


def test_both_tiers_agree_on_a_part_of_the_benchmark() -> None:
    """The script fails when the median difference is above 0.5 %."""
    script = Path(__file__).parents[2] / "benchmarks" / "exact_against_analytic.py"
    done = subprocess.run([sys.executable, script, "--only", "optimizer=sgd"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 configurations" in done.stdout


def test_the_command_answers_in_the_same_form(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIGS["llama"]))
    assert main(["estimate", "--model", str(config), "--method", "lora", "--exact", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert main(["estimate", "--model", str(config), "--method", "lora", "--json"]) == 0
    assert set(found) == set(json.loads(capsys.readouterr().out))
    assert found["tier"] == "exact"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"device": "cpu"}, "cpu"),
        ({"parallel": "ddp", "gpus": 2}, "ddp"),
        ({"loss": "chunked"}, "chunked"),
        ({"added_tokens": 3}, "added_tokens"),
        ({"stack": "transformers-4.48"}, "transformers-4.48"),
    ],
)
def test_what_cannot_be_traced_is_refused_by_name(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedError, match=named):
        estimate_exactly(request_for("llama", "lora", **settings))


def test_what_a_method_refuses_is_told_as_it_says_it() -> None:
    with pytest.raises(UserError, match="llama"):
        estimate_exactly(request_for("llama", "bitfit"))


def test_a_failed_trace_is_no_traceback() -> None:
    """transformers itself refuses a model whose heads do not divide its width."""
    config = CONFIGS["llama"] | {"num_attention_heads": 3, "model_type": "opt"}
    with pytest.raises(UserError) as caught:
        estimate_exactly(EstimateRequest(config=config, method="lora"))
    assert "--exact" in caught.value.hint
