"""Order hits by a model that reads question and text together (a cross-encoder), from a folder on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.quiet import quiet_libraries
from .extra import needs_extra

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

BATCH_SIZE = 16


class Reranker(Protocol):
    """Say how well texts answer a question."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score for each text; higher is better, and none is a probability."""


class CrossEncoderReranker:
    """Score with a sentence-transformers cross-encoder."""

    def __init__(self, model: "CrossEncoder") -> None:
        self._model = model

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return the model's raw scores; of a model with several outputs, the last one, which stands for relevant."""
        from torch import nn

        pairs = [(question, text) for text in texts]
        scores = self._model.predict(pairs, batch_size=BATCH_SIZE, show_progress_bar=False, activation_fn=nn.Identity())
        return [float(row[-1]) if getattr(row, "ndim", 0) else float(row) for row in scores]


def open_reranker(name: str) -> Reranker:
    """Return the reranker of a folder.

    Raises:
        UserError: There is no such folder, or it holds no cross-encoder.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise UserError(say("rag.no_reranker", name=name, reason=say("rag.no_such_folder")))
    quiet_libraries()
    with needs_extra():
        from sentence_transformers import CrossEncoder
    try:
        return CrossEncoderReranker(CrossEncoder(str(folder), device="cpu", local_files_only=True))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(say("rag.no_reranker", name=name, reason=str(error).strip().split("\n")[0])) from error
