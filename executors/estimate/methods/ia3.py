"""(IA)3: vectors that scale keys, values and the feed-forward layer's inner activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....knowledge.messages import say
from ..shadow.graph import Value
from ..shadow.norms import weigh
from ..shadow.operations import cast
from ..unsupported import UnsupportedError
from ..weights import Architecture, Weight
from .method import Added, FineTuning
from .targets import check_targets

if TYPE_CHECKING:
    from ..shadow.modules import Modules

QUERY_VALUE = ("q_proj", "v_proj", "down_proj")
TARGETS = {
    "llama": ("k_proj", "v_proj", "down_proj"),
    "mistral": ("k_proj", "v_proj", "down_proj"),
    "qwen2": QUERY_VALUE,
    "qwen3": QUERY_VALUE,
    "gemma": QUERY_VALUE,
    "gemma2": QUERY_VALUE,
    "gemma3_text": QUERY_VALUE,
    "phi": ("q_proj", "v_proj", "fc2"),
    "gpt_bigcode": ("attn.c_attn", "mlp.c_proj"),
    "bert": ("key", "value", "output.dense"),
    "roberta": ("key", "value", "output.dense"),
    "t5": ("k", "v", "wo"),
    "mt5": ("k", "v", "wi_1"),
}
"""The last one's input is scaled, the others' outputs. Source: peft ``utils/constants.py``."""
OUTPUTS_ONLY = frozenset({"mt5"})
"""Families of which no input is scaled. Source: ``TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING`` there."""


class IA3(FineTuning):
    """Scale activations. Source: arXiv 2205.05638, section 3.3; peft ``tuners/ia3/layer.py``."""

    def check(self, architecture: Architecture) -> None:
        """Refuse families for which peft has no default, unless targets are named."""
        if not self._names():
            raise UnsupportedError(say("estimate.no_ia3_targets", kind=self.request.config["model_type"]))
        check_targets(architecture, self.request.targets)

    def _names(self) -> tuple[str, ...]:
        return self.request.targets or TARGETS.get(str(self.request.config["model_type"]), ())

    def _scales(self, weight: Weight) -> bool:
        endings = tuple(f".{name}" for name in self._names())
        return weight.is_linear and f".{weight.name}".endswith(endings)

    def _scales_input(self, weight: Weight) -> bool:
        if self.request.config["model_type"] in OUTPUTS_ONLY:
            return False
        return not self.request.targets and f".{weight.name}".endswith(f".{self._names()[-1]}")

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield one vector for every scaled layer."""
        for count, weight in architecture.weights():
            if self._scales(weight):
                yield Added(weight.name, (weight.shape[1 if self._scales_input(weight) else 0],), count)

    def linear(self, modules: Modules, weight: Weight, x: Value) -> Value:
        """Return the layer's output, or its output for the scaled input."""
        if not self._scales(weight):
            return modules.base(weight, x)
        if self._scales_input(weight):
            scaled = cast(weigh(cast(x, self.item), self.item, True), x.item)
            return modules.base(weight, scaled)
        result = modules.base(weight, x)
        return cast(weigh(result, self.item, True), result.item)


METHOD = IA3
