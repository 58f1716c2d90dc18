"""Model cards: what a published model is, exactly enough to compute with."""

from typing import ClassVar, Literal

from .frozen import Field
from .json_value import JsonValue
from .sourced import Sourced
from .text import Text


class ModelCard(Sourced):
    """Describe one published model.

    Attributes:
        aliases: Other names people use, such as ``7b``; unique over all cards, in any case.
        alias_choice: Why a bare size such as ``7b`` means this model; required where one does.
        parameters: Number of weights of the published checkpoint's class, tied tensors counted once.
        published: The count as a source outside this project gives it: exact where it can be had, else rounded or cut
            off, such as ``7.61B``; a check on ``parameters``.
        config: The part of the model's config.json that decides its shapes, with transformers' own keys,
            so that a card and a user's local config.json are the same input.
        commercial_use: Whether the licence allows it; ``conditions`` means read the licence first.
        languages: ISO 639-1 codes of the languages the publisher names; empty for models without text.
        context_length: Positions the model was made for: tokens of text, patches of an image, tokens that a speech
            model writes; None for a model without positions, such as a convolutional one.
        has_bias: Whether any weight is a bias vector, which BitFit needs.
        commit: Commit of the hub repository at which a source gives the weights' count; None where the sources that
            were read name none.
    """

    folder: ClassVar[str] = "models"
    facts: ClassVar[frozenset[str]] = frozenset({"parameters", "published", "config", "licence", "context_length"})

    title: str
    aliases: tuple[str, ...]
    alias_choice: Text | None = None
    family: str
    architecture: Literal["decoder", "encoder", "encoder_decoder", "vision", "speech"]
    parameters: int = Field(gt=0)
    published: str = Field(pattern=r"^(\d+|\d+(\.\d+)?[MB])$")
    config: dict[str, JsonValue]
    licence: str
    commercial_use: Literal["yes", "conditions", "no"]
    languages: tuple[str, ...]
    context_length: int | None = Field(default=None, gt=0)
    has_bias: bool
    hub_id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{7,40}$")
