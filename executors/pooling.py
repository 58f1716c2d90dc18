"""Tell classes from the vector that a sentence encoder was trained to give, not from a part that it never trained.

transformers' classes put their head on the first token, behind a dense layer that is either random or left over from
pretraining. A sentence encoder that gives the mean of its tokens has learnt nothing there, and everything in the mean.
"""

# ruff: noqa: ANN401 - transformers' own classes and configs

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from ..knowledge.errors import UserError
from ..knowledge.messages import say

if TYPE_CHECKING:
    from torch import Tensor

Pooling = Literal["mean", "cls"]
POOLING = "sentence_pooling"
"""What a model's config says of it, so that a saved model is made the same way again."""

FILE = Path("1_Pooling") / "config.json"
NAMES = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
"""How sentence-transformers called them until version 5; since then there is one key, ``pooling_mode``."""
DROPOUT = 0.1


def pooling_of(folder: Path) -> Pooling | None:
    """Return how a sentence encoder makes one vector of a text's; None for other models and other ways.

    Args:
        folder: Of the model.

    Raises:
        UserError: The file that says it cannot be read; names it.

    Source: sentence-transformers 6.2, ``Pooling``.
    """
    if not (folder / FILE).is_file():
        return None
    told = _told(folder / FILE)
    old = [name for name, value in told.items() if name.startswith("pooling_mode_") and value is True]
    mode = NAMES.get(old[0]) if len(old) == 1 else told.get("pooling_mode")
    return cast("Pooling", mode) if mode in get_args(Pooling) else None


def _told(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(told, dict):
        raise _unreadable(path, type(told).__name__)
    return told


def _unreadable(path: Path, problem: str) -> UserError:
    return UserError(say("training.model_unreadable", path=path, problem=problem), say("training.model_hint"))


@cache
def pooled_class(kind: type[Any]) -> type[Any]:
    """Return a class of models for classes with one linear layer on the pooled vector.

    Args:
        kind: transformers' class, whose own head is left out.
    """
    from torch import nn
    from transformers.modeling_outputs import SequenceClassifierOutput

    class Pooled(kind):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            for name, part in list(self.named_children()):
                if part is not self.base_model:
                    delattr(self, name)
            if hasattr(self.base_model, "pooler"):
                self.base_model.pooler = None
            self.dropout = nn.Dropout(_chance(config))
            self.classifier = nn.Linear(config.hidden_size, config.num_labels)
            nn.init.normal_(self.classifier.weight, std=getattr(config, "initializer_range", 0.02))
            nn.init.zeros_(self.classifier.bias)

        def forward(self, input_ids: Any, attention_mask: Any, counted: Any = None, **others: Any) -> Any:
            """Return logits ``(batch, classes)``; ``counted`` says which tokens the mean is of, if not of all."""
            states = self.base_model(input_ids=input_ids, attention_mask=attention_mask, **others)[0]
            vectors = pooled(states, attention_mask if counted is None else counted, self.config.sentence_pooling)
            return SequenceClassifierOutput(logits=self.classifier(self.dropout(vectors)))

    Pooled.__name__ = Pooled.__qualname__ = kind.__name__  # what its config calls it
    return Pooled


def pooled(states: "Tensor", counted: "Tensor", how: Pooling) -> "Tensor":
    """Return one vector for each text, ``(batch, hidden)``.

    Args:
        states: Of each token, ``(batch, seq, hidden)``.
        counted: 1 for each token that the mean is of, else 0, ``(batch, seq)``.
        how: The mean, or the first token's.
    """
    if how == "cls":
        return states[:, 0]
    weight = counted.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def _chance(config: Any) -> float:
    named = (getattr(config, name, None) for name in ("classifier_dropout", "hidden_dropout_prob"))
    return next((float(value) for value in named if value is not None), DROPOUT)
