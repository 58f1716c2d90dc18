"""GPU cards keep to the units and the kind of figure that they promise."""

import pytest
from ftadvisor.knowledge.gpu import GpuCard
from ftadvisor.knowledge.load import load

CARDS = load(GpuCard)
GIBIBYTE = 2**30


def test_there_are_enough_gpus_of_every_segment() -> None:
    assert len(CARDS) >= 32
    assert {card.segment for card in CARDS.values()} == {"consumer", "workstation", "data_centre"}


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_figures_are_in_the_promised_units(card: GpuCard) -> None:
    assert 6 * GIBIBYTE <= card.memory_bytes <= 300 * GIBIBYTE
    assert 10 <= card.fp16_tflops <= 3000
    assert 200 <= card.bandwidth_gb_per_s <= 10_000
    assert card.bf16_tflops in (None, card.fp16_tflops)
    assert (card.capability is not None) == (card.vendor == "nvidia")
    if card.memory_basis == "nominal":
        assert card.memory_bytes % GIBIBYTE == 0


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_bfloat16_came_with_ampere(card: GpuCard) -> None:
    if card.capability is not None:
        assert (card.bf16_tflops is not None) == (float(card.capability) >= 8.0)


@pytest.mark.parametrize(
    ("name", "tflops"),
    [("a100-80gb", 312), ("h100-sxm", 989), ("rtx-4090", 165.2), ("rtx-3090", 71.2), ("rtx-5090", 209.5), ("t4", 65)],
)
def test_peaks_are_dense_with_wide_sums(name: str, tflops: float) -> None:
    assert CARDS[name].fp16_tflops == pytest.approx(tflops, rel=0.005)


@pytest.mark.parametrize("name", ["a100-80gb", "l4", "rtx-4090", "t4"])
def test_the_driver_reports_less_than_the_box_says(name: str) -> None:
    card = CARDS[name]
    assert card.memory_basis == "driver"
    nominal = {"a100-80gb": 80, "l4": 24, "rtx-4090": 24, "t4": 16}[name] * GIBIBYTE
    assert 0.9 * nominal < card.memory_bytes < nominal


def test_prices_carry_their_day_and_place() -> None:
    priced = [card.price for card in CARDS.values() if card.price is not None]
    assert len(priced) >= 8
    assert all(price.where and price.seen.year >= 2024 for price in priced)
