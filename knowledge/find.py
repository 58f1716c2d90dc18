"""Find a model or a GPU by any of the names people use for it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TypeVar

from .errors import UserError
from .gpu import GpuCard
from .load import load
from .messages import say
from .model import ModelCard

Card = TypeVar("Card", ModelCard, GpuCard)


def find_model(name: str) -> ModelCard:
    """Return the card of a model.

    Args:
        name: Its id, an alias such as ``7b``, or its hub id; in any case.

    Raises:
        UserError: No card has that name; the message offers the closest ones.
    """
    return _find(model_names(), name, "model")


def find_gpu(name: str) -> GpuCard:
    """Return the card of an accelerator.

    Args:
        name: Its id, an alias or its title, with spaces, hyphens and underscores alike; in any case.

    Raises:
        UserError: No card has that name; the message offers the closest ones.
    """
    return _find(gpu_names(), name, "gpu")


@cache
def model_names() -> Mapping[str, ModelCard]:
    """Return every name of every model, in lower case, with its card."""
    return {name: card for card in load(ModelCard).values() for name in (*names_of(card), plain(card.hub_id))}


@cache
def gpu_names() -> Mapping[str, GpuCard]:
    """Return every name of every accelerator, in lower case, with its card."""
    return {name: card for card in load(GpuCard).values() for name in names_of(card)}


def names_of(card: ModelCard | GpuCard) -> Iterator[str]:
    """Yield the names by which a card is found: its id, its title and its aliases."""
    return map(plain, (card.id, card.title, *card.aliases))


def plain(name: str) -> str:
    """Return a name as it is compared: lower case, words joined by hyphens."""
    return "-".join(name.lower().replace("_", "-").split())


def _find(cards: Mapping[str, Card], name: str, kind: str) -> Card:
    card = cards.get(plain(name))
    if card is None:
        raise UserError(say(f"find.no_{kind}", name=name, close=_close(cards, name)), say(f"find.no_{kind}_hint"))
    return card


def _close(cards: Mapping[str, ModelCard] | Mapping[str, GpuCard], name: str) -> str:
    close = get_close_matches(plain(name), cards, n=8, cutoff=0.4)
    ids = dict.fromkeys(cards[match].id for match in close)
    return ", ".join(list(ids)[:4] or sorted({card.id for card in cards.values()}))
