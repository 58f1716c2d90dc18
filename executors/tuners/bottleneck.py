"""Bottleneck adapters as a tuner of the PEFT library: a narrow network in series behind a linear layer.

Behind the projections that end attention and the feed-forward layer, this is the place of Houlsby et al.: the
adapter reads the sub-layer's output before it is added to the residual stream.

Source: Houlsby et al. 2019, arXiv 1902.00751, section 2.1 and figure 2; Pfeiffer et al. 2020, arXiv 2005.00247,
section 3.1 (behind the feed-forward layer only).
"""

# ruff: noqa: ANN401 - the library's own signatures are open

from dataclasses import dataclass, field
from typing import Any

from peft import PeftConfig
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_PREFIX_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import Tensor, nn

NAME = "BOTTLENECK"
PREFIX = "bottleneck_"
SPREAD = 1e-2
"""Standard deviation of fresh weights, cut at twice of it. Source: arXiv 1902.00751, section 3.6."""


@dataclass
class BottleneckConfig(PeftConfig):
    """Choose the size and the place of the adapters.

    Attributes:
        width: Width of the narrow layer, at least 1.
        dropout: Share of the adapter's inputs zeroed in training, from 0 to below 1.
        target_modules: Ends of the names of the linear layers with an adapter behind them, or a pattern.
    """

    width: int = 64
    dropout: float = 0.0
    target_modules: Any = None
    exclude_modules: Any = None
    modules_to_save: Any = None
    bias: str = field(default="none", metadata={"help": "the base's own biases stay frozen"})

    def __post_init__(self) -> None:
        """Name the kind, which the library's list of kinds does not have."""
        super().__post_init__()  # type: ignore[no-untyped-call]
        self.peft_type = NAME
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)


class Bottleneck(nn.Module):
    """Compute ``x + up(gelu(down(x)))``, at first very nearly ``x`` itself."""

    def __init__(self, hidden: int, config: BottleneckConfig) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.down = nn.Linear(hidden, config.width)
        self.up = nn.Linear(config.width, hidden)
        for layer in (self.down, self.up):
            nn.init.trunc_normal_(layer.weight, std=SPREAD, a=-2 * SPREAD, b=2 * SPREAD)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the adapted output, ``(batch, seq, hidden)`` as the input."""
        inner = self.dropout(x).to(self.down.weight.dtype)
        outer: Tensor = x + self.up(nn.functional.gelu(self.down(inner)))
        return outer.to(x.dtype)


class BottleneckLayer(nn.Module, BaseTunerLayer):
    """A linear layer with adapters behind it, one for each name; the active ones run one after the other."""

    adapter_layer_names = ("bottleneck_adapters",)

    def __init__(self, base_layer: nn.Module, name: str, config: BottleneckConfig) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.bottleneck_adapters = nn.ModuleDict()
        self._disable_adapters = False
        self.merged_adapters = []
        self.add(name, config)

    def add(self, name: str, config: BottleneckConfig) -> None:
        """Put a fresh adapter under a name, replacing one that is there."""
        self.bottleneck_adapters[name] = Bottleneck(out_features(self.get_base_layer()), config)
        self._move_adapter_to_device_of_base_layer(name)
        self.set_adapter(self.active_adapters or [name], inference_mode=config.inference_mode)

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Return the base layer's output, passed through the active adapters."""
        result: Tensor = self.base_layer(x, *args, **kwargs)
        for name in () if self.disable_adapters else self.active_adapters:
            if name in self.bottleneck_adapters:
                result = self.bottleneck_adapters[name](result)
        return result


def out_features(layer: nn.Module) -> int:
    """Return the width of a linear layer's output; GPT-2's ``Conv1D`` names it ``nf``."""
    return int(getattr(layer, "out_features", None) or layer.nf)  # type: ignore[arg-type]


class BottleneckModel(BaseTuner):
    """Put adapters into a model behind the layers that the config names."""

    prefix = PREFIX
    tuner_layer_cls = BottleneckLayer

    def _create_and_replace(
        self,
        peft_config: Any,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        parameter_name: str | None = None,
    ) -> None:
        if isinstance(target, BottleneckLayer):
            target.add(adapter_name, peft_config)
            return
        self._replace_module(parent, target_name, BottleneckLayer(target, adapter_name, peft_config), target)

    def _check_merge_allowed(self) -> None:
        raise ValueError("bottleneck adapters stand in series with the weights and cannot be merged into them")


def register() -> None:
    """Make the kind known to the PEFT library, which saves and loads it from then on.

    Its ``register_peft_method`` takes only names from its own list; the tables behind it take any.
    """
    kinds: Any = PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING, PEFT_TYPE_TO_PREFIX_MAPPING
    for table, entry in zip(kinds, (BottleneckConfig, BottleneckModel, PREFIX), strict=True):
        table[NAME] = entry
