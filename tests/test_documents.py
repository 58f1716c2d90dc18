"""The documents hold together: links lead somewhere, decisions say what a decision must say."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DECISIONS = sorted((REPOSITORY / "knowledge" / "decisions").glob("*.md"))
DOCUMENTS = [*REPOSITORY.glob("*.md"), *DECISIONS]
SECTIONS = ["Context", "Decision", "Alternatives", "Consequences"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    broken = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert not broken


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_decision_says_what_it_must(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [section for section in sections if section in SECTIONS] == SECTIONS
    assert text.startswith(f"# {int(path.name[:4])}. ")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
