"""Start the network from a copying circuit instead of waiting for one to form.

Layer 0 gets two heads that look at the previous token; the heads of layer 1 look for a place whose previous token
equals the current one and copy what stands there. All weights stay trainable.

Source: Olsson et al. 2022, "In-context Learning and Induction Heads", arXiv 2209.11895 (the circuit); the rotary
construction is ours: a query bias and a key bias whose phases cancel at distance one.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

MEMORY = 64  # dimensions of the residual stream that hold the previous token
PEAK = 8.4  # bias length: about 9 nats between distance one and its neighbours
FREQUENCIES = 6
HEAD_SIZE = 64
ROTARY_BASE = 1e8  # so slow that half of the dimensions hardly turn within a prompt


def plant_copying(model: "LlamaForCausalLM", scale: float = 0.08) -> None:
    """Write the circuit into a freshly initialised model.

    Args:
        model: A Llama with attention biases, heads of ``HEAD_SIZE`` and the rotary base ``ROTARY_BASE``.
        scale: Standard deviation of the token embeddings.
    """
    import torch

    with torch.no_grad():
        embedding = model.model.embed_tokens.weight
        width = embedding.shape[1] - MEMORY
        embedding.normal_(0, scale)
        embedding[:, width:] *= 0.05
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight *= 0.2
            layer.mlp.down_proj.weight *= 0.2
        code = _orthogonal(MEMORY, width)
        _plant_previous_token(model, code, width, scale)
        _plant_match_and_copy(model, code, width, scale)


def _plant_previous_token(model: "LlamaForCausalLM", code: "torch.Tensor", width: int, scale: float) -> None:
    import torch

    attention, size, angles = model.model.layers[0].self_attn, HEAD_SIZE, _angles()
    share = MEMORY // 2
    for head in (0, 1):
        first, half = head * size, head * size + size // 2
        attention.q_proj.bias[first : first + FREQUENCIES] = PEAK * torch.cos(angles[:FREQUENCIES])
        attention.q_proj.bias[half : half + FREQUENCIES] = -PEAK * torch.sin(angles[:FREQUENCIES])
        attention.k_proj.bias[first : first + FREQUENCIES] = PEAK
        rows = slice(head * share, (head + 1) * share)
        attention.v_proj.weight[first : first + share, :width] = code[rows]
        target = slice(width + head * share, width + (head + 1) * share)
        attention.o_proj.weight[target, first : first + share] = torch.eye(share) * scale * 1.2


def _plant_match_and_copy(model: "LlamaForCausalLM", code: "torch.Tensor", width: int, scale: float) -> None:
    import torch

    attention, size, angles = model.model.layers[1].self_attn, HEAD_SIZE, _angles()
    slow = [index for index in range(size // 2) if angles[index] * 200 < 0.8]  # hardly turn within 200 tokens
    places = torch.tensor(slow + [index + size // 2 for index in slow])
    for head in range(model.config.num_attention_heads):
        first = head * size
        probe = _orthogonal(MEMORY, MEMORY)[: len(places)]
        attention.q_proj.weight[first + places, :width] = 2.0 * probe @ code
        attention.k_proj.weight[first + places, width:] = 2.0 * probe
        copied = min(size, width)
        start = (0, width - copied)[head % 2]
        attention.v_proj.weight[first : first + copied, start : start + copied] = torch.eye(copied)
        attention.o_proj.weight[start : start + copied, first : first + copied] = torch.eye(copied) * scale * 1.2


def _angles() -> "torch.Tensor":
    import torch

    half = HEAD_SIZE // 2
    return torch.tensor([ROTARY_BASE ** (-index / half) for index in range(half)])


def _orthogonal(rows: int, columns: int) -> "torch.Tensor":
    import torch

    size = max(rows, columns)
    basis: torch.Tensor = torch.linalg.qr(torch.randn(size, size))[0]
    return basis[:rows, :columns]
