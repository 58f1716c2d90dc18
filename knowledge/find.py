"""Find a model or a GPU by any of the names people use for it."""

from collections.abc import Iterator, Mapping
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
    return _find(model_names(), name, plain(name), "model")


def find_gpu(name: str) -> GpuCard:
    """Return the card of an accelerator.

    Args:
        name: Its id, an alias, or what its driver calls it, with spaces, hyphens and underscores alike; in any case,
            with or without the maker's name.

    Raises:
        UserError: No card has that name; the message offers the closest ones.
    """
    return _find(gpu_names(), name, _without_maker(plain(name)), "gpu")


@cache
def model_names() -> Mapping[str, ModelCard]:
    """Return every name of every model, in lower case, with its card."""
    return {name: card for card in load(ModelCard).values() for name in (*names_of(card), plain(card.hub_id))}


@cache
def gpu_names() -> Mapping[str, GpuCard]:
    """Return every name of every accelerator, in lower case, with its card."""
    return {_without_maker(name): card for card in load(GpuCard).values() for name in names_of(card)}


def names_of(card: ModelCard | GpuCard) -> Iterator[str]:
    """Yield the names by which a card is found: its id, its title and its aliases."""
    return map(plain, (card.id, card.title, *card.aliases))


def plain(name: str) -> str:
    """Return a name as it is compared: lower case, words joined by hyphens."""
    return "-".join(name.lower().replace("_", "-").split())


def _without_maker(name: str) -> str:
    return "-".join(word for word in name.split("-") if word not in ("nvidia", "geforce", "tesla", "amd", "instinct"))


def _find(cards: Mapping[str, Card], asked: str, name: str, kind: str) -> Card:
    card = cards.get(name)
    if card is None:
        raise UserError(say(f"find.no_{kind}", name=asked, close=_close(cards, name)), say(f"find.no_{kind}_hint"))
    return card


def _close(cards: Mapping[str, Card], name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, cards, n=8, cutoff=0.4)
    ids = dict.fromkeys(cards[match].id for match in close)
    return ", ".join(list(ids)[:4] or [*sorted({card.id for card in cards.values()})[:8], "..."])
