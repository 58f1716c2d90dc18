"""See that an index fits the code and the model that open it."""

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .address import Place
from .embedders import Embedder, open_embedder
from .manifest import Manifest
from .tokens import TOKENIZER


def check_tokenizer(manifest: Manifest, place: Place) -> None:
    """Verify that the index' words are cut as questions are.

    Raises:
        UserError: They are those of another version.
    """
    if manifest.tokenizer != TOKENIZER:
        raise UserError(say("rag.other_version", folder=place), say("rag.build_hint"))


def same_embedder(manifest: Manifest) -> Embedder:
    """Return the embedder whose vectors an index holds.

    Raises:
        UserError: The one of that name is another one now.
    """
    embedder = open_embedder(manifest.options.embedder)
    if (embedder.identity, embedder.dimension) != (manifest.embedder.identity, manifest.embedder.dimension):
        raise UserError(
            say("rag.other_embedder", built=manifest.embedder.identity, found=embedder.identity), say("rag.build_hint")
        )
    return embedder
