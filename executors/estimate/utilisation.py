"""Which published utilisation speaks for a run on a GPU."""

from ...knowledge.gpu import GpuCard
from ...knowledge.load import load
from ...knowledge.utilisation import Kind, Utilisation
from .request import EstimateRequest


def kind_of(request: EstimateRequest) -> Kind:
    """Return which kind of work a training run is."""
    if request.quant != "none":
        return "qlora"
    return "full" if request.method == "full" else "lora"


def utilisation_of(kind: Kind, card: GpuCard) -> Utilisation:
    """Return the utilisation that was measured on a GPU, or else the one that stands for all of them.

    Args:
        kind: The work.
        card: The GPU.
    """
    entries = [entry for entry in load(Utilisation).values() if entry.kind == kind]
    return next(
        (entry for entry in entries if card.id in entry.gpus), next(entry for entry in entries if not entry.gpus)
    )
