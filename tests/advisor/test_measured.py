"""What rows to learn from say of themselves."""

import json
from pathlib import Path

from ftadvisor.advisor.measured import seen_in_rows


def test_goodbyes_of_conversations_are_no_classes(tmp_path: Path) -> None:
    ends = [["hello", "hi", "thanks for it", "bye"], ["help me", "yes", "that is all", "welcome"]] * 20
    turns = [
        {"messages": [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(each)]}
        for each in ends
    ]
    (tmp_path / "talks.jsonl").write_text("\n".join(map(json.dumps, turns)), encoding="utf-8")
    assert seen_in_rows(tmp_path / "talks.jsonl") == {"labelled_examples": 40, "language": "en"}
