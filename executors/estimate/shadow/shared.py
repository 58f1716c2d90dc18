"""Tensors that all layers of one kind read: their gradients for it add up while the backward pass goes through them."""

from .graph import Value, backward, require_gradient
from .memory import Storage


class Shared:
    """Lend one tensor to every layer, and collect its gradient.

    Args:
        value: The tensor, such as an encoder's output.

    Attributes:
        gradient_bytes: Bytes of its gradient; 0 when it needs none.
    """

    def __init__(self, value: Value) -> None:
        self.value: Value | None = value
        self.made_by = value.node
        self.gradient_bytes = value.storage.size if value.node is not None else 0
        self.arrived: list[Storage] = []

    def lend(self) -> Value:
        """Return the tensor as the start of one layer's graph."""
        assert self.value is not None
        value = self.value
        lent = Value(value.run, value.storage, value.rows, value.width, value.item)
        if value.node is not None:
            self.arrived = require_gradient(lent)
        return lent

    def let_go(self) -> None:
        """Hold the tensor no longer: whoever saved it keeps it alive."""
        self.value = None

    def close(self) -> None:
        """Pass the gradient on to whatever made the tensor."""
        if self.made_by is not None and self.arrived:
            backward(self.made_by, self.arrived.pop())
