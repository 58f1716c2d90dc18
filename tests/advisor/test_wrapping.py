"""Text is wrapped by columns: Chinese characters count two and break anywhere, words stay whole."""

from ftadvisor.advisor.wrapping import wrap
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

TEXT = st.text(st.sampled_from("洗了一次就掉色 the shirt,。(5,000)“”"), max_size=120)


@given(TEXT, st.integers(24, 90))
def test_no_line_is_wider_than_the_window(text: str, width: int) -> None:
    longest = max((cell_len(word) for word in text.split()), default=0)
    for line in wrap(text, width, "    ", "  - ").split("\n"):
        assert cell_len(line) <= max(width, longest + 4)


@given(TEXT)
def test_nothing_is_lost(text: str) -> None:
    assert "".join(wrap(text, 30).split()) == "".join(text.split())


def test_a_list_item_hangs() -> None:
    assert wrap("one two three", 10, "    ", "  - ") == "  - one\n    two\n    three"


def test_no_line_begins_with_a_full_stop() -> None:
    lines = wrap("洗了一次就掉色了,能退吗?可以。", 24).split("\n")
    assert not any(line[0] in ",?。" for line in lines)


def test_a_bracket_of_sources_stays_with_what_it_holds() -> None:
    for width in range(21, 40):
        for line in wrap("二十个字左右的一句话，后面跟着出处的名字〔甲、乙〕〔丙〕", width).split("\n"):
            assert not line.endswith("〔")
            assert not line.startswith("〕")
