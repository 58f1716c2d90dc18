"""The command ``estimate``: answers for people and for scripts, and all problems of wrong words at once."""

import csv
import json
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 320,
}


def test_json_is_one_document_with_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["estimate", "--model", "7b", "--method", "qlora", "--gpu", "a100", "--train-tokens", "1000000", "--json"])
        == 0
    )
    answer = json.loads(capsys.readouterr().out)
    promised = {"model", "method", "stack", "assumptions", "peak", "steady_bytes", "breakdown", "trainable_parameters"}
    assert promised | {"time", "cost", "fits", "tier"} <= set(answer)
    assert set(answer["peak"]) == {
        "allocated_bytes",
        "reserved_bytes",
        "device_bytes",
        "low_bytes",
        "high_bytes",
        "phase",
    }
    assert answer["tier"] == "analytic"
    assert len(answer["time"]["run_hours"]) == 3


@pytest.mark.parametrize(("language", "word"), [("zh", "权重"), ("en", "weights")])
def test_people_see_a_picture_in_their_language(language: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "7b", "--gpu", "a100", "--gpu", "t4", "--language", language]) == 0
    shown = capsys.readouterr().out
    assert word in shown
    assert "█" in shown
    assert "a100-80gb" in shown
    assert "t4" in shown


def test_compare_shows_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "7b", "--compare", "--json"]) == 0
    found = {one["method"]: one for one in json.loads(capsys.readouterr().out)}
    assert len(found) == 11
    assert found["qlora"]["estimate"]["peak"]["device_bytes"] < found["lora"]["estimate"]["peak"]["device_bytes"]
    assert found["bitfit"]["estimate"] is None
    assert "bias" in found["bitfit"]["unsupported"]
    assert main(["estimate", "--model", "7b", "--compare", "--language", "en"]) == 0
    assert "adalora" in capsys.readouterr().out


def test_a_run_that_does_not_fit_comes_with_what_would_help(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "7b", "--method", "full", "--gpu", "4090", "--language", "en"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "method qlora" in shown
    assert "4-bit" in shown
    assert main([*words, "--json"]) == 0
    together = json.loads(capsys.readouterr().out)["remedies"]["together"]["rtx-4090"]
    assert together[-1]["fits"]


def test_what_fits_on_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--what-fits", "--gpu", "4090", "--json"]) == 0
    found = {one["method"]: one for one in json.loads(capsys.readouterr().out)["rtx-4090"]}
    assert found["qlora"]["largest_parameters"] > found["full"]["largest_parameters"]
    assert main(["estimate", "--what-fits", "--gpu", "4090", "--model", "7b", "--language", "en"]) == 0
    assert "longest sequence" in capsys.readouterr().out


def test_what_fits_needs_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--what-fits", "--language", "en"]) == 2
    assert "--gpu" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--method", "lora"], ["--compare"], ["--what-fits", "--gpu", "4090"]])
def test_a_packed_cache_goes_with_inference_only(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "7b", *words, "--cache-quant", "int4", "--language", "en"]) == 2
    assert "--method inference" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--method", "lora"], ["--compare"]])
def test_with_several_gpus_every_view_says_that_figures_are_of_one(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "page.html"
    shared = ["--gpus", "2", "--parallel", "fsdp", "--gpu", "a100-40gb", "--html", str(path), "--language", "en"]
    assert main(["estimate", "--model", "70b", *words, *shared]) == 0
    told = "er GPU, 2 x a100-40gb, FSDP"
    out = capsys.readouterr().out
    assert told in out
    assert told in path.read_text(encoding="utf-8")
    assert "--compare" in words or "GiB per GPU, 2 in all" in " ".join(out.split())


@pytest.mark.parametrize("words", [["--method", "full"], ["--compare"]])
@pytest.mark.parametrize(("language", "page"), [("zh", "zh-CN"), ("en", "en")])
def test_a_page_that_prints_and_runs_nothing(words: list[str], language: str, page: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    gpu = ["--gpu", "4090", "--train-tokens", "1000000", "--html", str(path), "--language", language]
    assert main(["estimate", "--model", "7b", *words, *gpu]) == 0
    text = path.read_text(encoding="utf-8")
    assert f'lang="{page}"' in text
    assert "<svg" in text
    assert "@media print" in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_all_problems_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = "estimate --model nonsense --method magic --rank -3 --batch x --gpu zx81 --dtype int3 --language en"
    assert main(words.split()) == 2
    complaint = capsys.readouterr().err
    for value in ("nonsense", "magic", "--rank is -3", "--batch is x", "zx81", "--dtype is int3"):
        assert value in complaint
    assert "Traceback" not in complaint


def test_a_model_behind_an_endpoint_is_called_that(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "http://127.0.0.1:9/v1#m", "--method", "lora", "--gpu", "a100"]
    assert main([*words, "--language", "en"]) == 2
    assert "http://127.0.0.1:9/v1#m is an endpoint" in capsys.readouterr().err


def test_a_model_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--method", "lora", "--language", "en"]) == 2
    assert "--model" in capsys.readouterr().err


def test_a_local_config_and_its_folder_work_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    seen = []
    for name in (tmp_path, tmp_path / "config.json"):
        assert main(["estimate", "--model", str(name), "--json"]) == 0
        seen.append(json.loads(capsys.readouterr().out)["peak"])
    assert seen[0] == seen[1]


def test_an_unknown_architecture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}')
    assert main(["estimate", "--model", str(tmp_path), "--language", "en"]) == 2
    assert "unknown architecture mamba" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_broken_config_is_named(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(text)
    assert main(["estimate", "--model", str(tmp_path)]) == 2
    assert "config.json" in capsys.readouterr().err


def test_rows_are_answered_or_refused_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = [
        "source",
        "model",
        "method",
        "quant",
        "rank",
        "batch",
        "seq",
        "grad_ckpt",
        "optimizer",
        "dtype",
        "attention",
    ]
    known = ["fms-acceleration", "mistral-7b-v0.1", "lora", "none", "16", "4", "4096", "True", "adamw_torch(foreach)"]
    unknown = [*known[:2], "sorcery", *known[3:]]
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow([*columns, "notes"])
        for row in (known, unknown):
            writer.writerow([*row, "bfloat16", "flash_attention_2", "num_gpus=1; amp=none; transformers4.48.1"])
    assert main(["estimate", "--rows", str(path), "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["peak"]["allocated_bytes"] > first["steady_bytes"] > 0
    assert set(second) == {"unsupported"}


def test_a_file_without_the_columns_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("model,method\n7b,lora\n")
    assert main(["estimate", "--rows", str(path), "--json"]) == 2
    assert "quant" in capsys.readouterr().err


def test_qlora_over_a_base_that_is_not_quantised_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "7b", "--method", "qlora", "--quant", "none", "--language", "en"]) != 0
    assert "use --method lora" in capsys.readouterr().err


def test_lora_over_int8_is_not_called_qlora(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "7b", "--method", "qlora", "--quant", "int8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "lora"


def test_experts_that_stay_unquantised_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "mixtral-8x7b", "--method", "qlora", "--targets", "q_proj,v_proj", "--json"]
    assert main([*words, "--language", "en"]) == 0
    assumptions = json.loads(capsys.readouterr().out)["assumptions"]
    assert any("stay unquantised in spite of nf4-dq" in line and "float32" in line for line in assumptions)


def test_several_gpus_are_named_in_the_headline_and_their_option_in_the_refusal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["estimate", "--model", "7b", "--gpu", "a100", "--gpus", "4", "--language", "en"]
    assert main([*words, "--parallel", "fsdp"]) == 0
    assert "per GPU, 4 x a100-80gb, FSDP" in capsys.readouterr().out
    assert main(words) != 0
    assert "--parallel ddp|zero1|zero2|zero3|fsdp" in capsys.readouterr().err


def test_lengths_stay_within_a_model_s_position_table(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "bert-base-uncased", "--labels", "2", "--method", "full", "--language", "en"]
    assert main([*words, "--json"]) == 0
    assert "x 512 tokens" in json.loads(capsys.readouterr().out)["assumptions"][0]
    assert main([*words, "--seq-len", "1024"]) != 0
    assert "use --seq-len 512 or less" in capsys.readouterr().err


def test_gpus_without_bfloat16_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "7b", "--gpu", "a100", "--gpu", "t4", "--json", "--language", "en"]
    assert main(words) == 0
    assert "NVIDIA T4 has no units for bf16" in capsys.readouterr().out
    assert main([*words, "--dtype", "fp16"]) == 0
    assert "no units for bf16" not in capsys.readouterr().out


def test_training_tokens_may_be_written_short(capsys: pytest.CaptureFixture[str]) -> None:
    hours = []
    for tokens in ("10000000", "10M", "5k"):
        assert main(["estimate", "--model", "7b", "--gpu", "a100", "--train-tokens", tokens, "--json"]) == 0
        hours.append(json.loads(capsys.readouterr().out)["time"]["run_hours"])
    assert hours[0] == hours[1] != hours[2]


def test_a_closed_model_is_called_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--model", "gpt-4o", "--language", "en"]) != 0
    assert "closed model" in capsys.readouterr().err
