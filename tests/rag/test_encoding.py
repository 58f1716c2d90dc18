"""Text in any encoding."""

import pytest
from ftadvisor.rag.encoding import decode
from ftadvisor.rag.readers import UnreadableError

CHINESE = "签收后七天内可以无理由退货,请保留吊牌。"
TRADITIONAL = "簽收後七天內可以無理由退貨,請保留吊牌。"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_chinese(encoding: str) -> None:
    assert decode((CHINESE + "abc\n").encode(encoding)) == CHINESE + "abc\n"


def test_traditional_chinese() -> None:
    assert decode(TRADITIONAL.encode("big5")) == TRADITIONAL


@pytest.mark.parametrize("text", ["Die schöne Frau trank für 3,50 € Kaffee.", "L'été était très chaud"])
def test_western(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("content", [b"", b"plain", b"a\r\nb\rc\n"])
def test_ascii_is_unchanged(content: bytes) -> None:
    assert decode(content) == content.decode()


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\x00\x01\x02\x03\x04\xd8\x00\xd8"])
def test_what_is_not_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode(content)
