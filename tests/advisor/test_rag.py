"""``ftadvisor rag``: building and querying from the command line."""

import json
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from ftadvisor.advisor.cli import main

POLICY = "# 退货政策\n\n## 质量问题\n\n洗一次就掉色可以退款。\n\n## Shipping\n\nParcels take three days.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "政策").mkdir()
    (tmp_path / "政策" / "returns.md").write_text(POLICY, encoding="utf-8")
    (tmp_path / "政策" / "old.doc").write_bytes(b"\xd0")
    return tmp_path


@pytest.fixture
def index(folder: Path) -> Path:
    assert main(["rag", "build", str(folder / "政策"), "-o", str(folder / "索引"), "--quiet"]) == 0
    return folder / "索引"


def test_build_says_what_it_did_and_what_it_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rag", "build", str(folder / "政策"), "-o", str(folder / "索引"), "--language", "en"]) == 0
    output = capsys.readouterr()
    assert "1 documents, 2 chunks" in output.out
    assert "old.doc: the format .doc is not supported" in output.out
    assert "Cutting documents" in output.err


def test_build_prints_one_json_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rag", "build", str(folder / "政策"), "-o", str(folder / "索引"), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["documents"], summary["chunks"], summary["retriever"]) == (1, 2, "hybrid")
    assert [item["source"] for item in summary["unread"]] == ["old.doc"]


def test_query_prints_hits_with_offsets(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rag", "query", str(index), "洗了掉色", "--top-k", "1", "--json"]) == 0
    (hit,) = json.loads(capsys.readouterr().out)["hits"]
    assert set(hit) == {"document", "chunk", "start", "end", "score", "text"}
    assert hit["document"] == "returns.md"
    assert POLICY[hit["start"] : hit["end"]] == hit["text"] == "## 质量问题\n\n洗一次就掉色可以退款。"


def test_a_batch_prints_a_line_per_question(index: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = folder / "q.jsonl"
    questions.write_text('{"id": "a", "question": "parcels"}\n{"id": "b", "question": "zzz"}\n', encoding="utf-8")
    capsys.readouterr()
    assert main(["rag", "query", str(index), "--questions", str(questions), "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["id"], first["hits"][0]["chunk"]) == ("a", 1)
    assert second == {"id": "b", "hits": []}


@pytest.mark.parametrize(("language", "words"), [("zh", "字符"), ("en", "characters")])
def test_people_see_where_a_hit_is(language: str, words: str, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rag", "query", str(index), "parcels [bold]", "--language", language]) == 0
    output = capsys.readouterr().out
    assert "parcels [bold]" in output
    assert "returns.md" in output
    assert words in output
    assert "Parcels take three days." in output


@pytest.mark.parametrize(
    "words",
    [
        ["query", "{index}"],
        ["query", "{index}", "x", "--questions", "q.jsonl"],
        ["query", "{index}", "x", "--top-k", "0"],
        ["query", "nowhere", "x"],
        ["query", "{index}", "--questions", "nowhere.jsonl"],
        ["build", "nowhere", "-o", "{index}"],
        ["build", "{index}", "-o", "{index}", "--chunk-tokens", "-3"],
        ["build", "{index}", "-o", "{index}", "--max-depth", "9"],
        ["build", "{index}", "-o", "{index}", "--chunker", "nope"],
        ["build", "{index}", "-o", "{index}", "--embedder", "./nowhere"],
        [],
    ],
)
def test_wrong_input_is_one_message(words: list[str], index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    try:
        code: object = main(["rag", *(word.format(index=index) for word in words), "--language", "en"])
    except SystemExit as stopped:
        code = stopped.code
    output = capsys.readouterr()
    assert code == 2
    assert output.out == ""
    assert "Traceback" not in output.err
    assert output.err.strip()


def test_evaluate_prints_the_metrics(index: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = folder / "q.jsonl"
    questions.write_text('{"id": "a", "question": "parcels", "passage_id": "returns.md"}\n', encoding="utf-8")
    capsys.readouterr()
    assert main(["rag", "evaluate", str(index), "--questions", str(questions), "--json", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10", "latency_seconds"} <= set(document)
    assert document["recall@1"] == 1.0
    assert main(["rag", "evaluate", str(index), "--questions", str(questions), "--language", "zh"]) == 0
    assert "recall@5" in capsys.readouterr().out


def test_limits_on_archives_are_the_user_s_to_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ZipFile(tmp_path / "a.zip", "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "parcels " * 200_000)
    words = ["rag", "build", str(tmp_path / "a.zip"), "-o", str(tmp_path / "index"), "--language", "en", "--quiet"]
    for option in (["--max-unpacked-mb", "1"], ["--max-depth", "0"]):
        assert main([*words, *option]) == 2
        assert option[0] in capsys.readouterr().err
    assert main([*words, "--max-files", "1"]) == 0


def test_update_says_what_changed(index: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "政策" / "new.txt").write_text("Warranty lasts two years.", encoding="utf-8")
    assert main(["rag", "update", "-o", str(index), "--quiet", "--language", "en"]) == 0
    assert "1 added, 0 changed, 0 deleted, 1 unchanged." in capsys.readouterr().out
    (folder / "政策" / "new.txt").unlink()
    assert main(["rag", "update", str(folder / "政策"), "-o", str(index), "--quiet", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["added"], summary["deleted"], summary["unchanged"]) == (0, 1, 1)


def test_an_update_of_nothing_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rag", "update", "-o", str(folder / "nowhere"), "--language", "en"]) == 2
    error = capsys.readouterr().err
    assert "no index" in error
    assert "rag build" in error
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize(("language", "said"), [("en", "does not know 0 %"), ("zh", "不认识 0% 的词元")])
def test_inspect_tells_what_is_there(
    language: str, said: str, index: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["rag", "inspect", str(index), "--language", language]) == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert str(folder / "政策") in shown
    assert main(["rag", "inspect", str(index), "--verify", "--json"]) == 0
    inspection = json.loads(capsys.readouterr().out)
    assert (inspection["documents"], inspection["chunks"], inspection["verified"]) == (1, 2, True)
    assert inspection["structure"]["kind"] == "flat"


def test_inspect_names_a_damaged_file(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = next(index.rglob("texts.utf8"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert main(["rag", "inspect", str(index), "--verify", "--language", "en"]) == 2
    assert str(path) in capsys.readouterr().err
