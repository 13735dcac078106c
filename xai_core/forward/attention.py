"""The attention matrices of one pass, with PyTorch's fused attention written out for this pass and this thread only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from xai_core.forward.forward_pass import ForwardPass, run_forward
from xai_core.forward.mixing import refuse_mixing

_SOFTMAX = (torch.softmax, Tensor.softmax, F.softmax)


@dataclass(frozen=True, eq=False)
class Attention:
    """One layer's attention. weights: (n, heads, queries, keys). read: its rows lie on axis `axis` and on the graph."""

    weights: Tensor
    read: Tensor
    axis: int


def attention_pass(module: nn.Module, inputs: Tensor) -> tuple[ForwardPass, tuple[Attention, ...]]:
    """One pass over `inputs` (n, c, H, W), its graph from the inputs on, and the attentions in their order."""
    refuse_mixing(module, inputs)  # before, as its own passes would be noted
    found: list[Attention] = []
    with _WrittenOut(found):
        image_pass = run_forward(module, inputs, (), "gradient")
    return image_pass, tuple(found)


class _WrittenOut(TorchFunctionMode):
    """Torch's own way to look at calls without touching the network, as the ReLU rules do."""

    def __init__(self, found: list[Attention]) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(
        self, func: Callable[..., Any], _types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given: Mapping[str, Any] = kwargs or {}
        if func is F.scaled_dot_product_attention:
            return self._fused(*args, **given)
        if func is F.multi_head_attention_forward:
            output, weights = func(*args, **{**given, "need_weights": True, "average_attn_weights": False})
            self.found.append(Attention(weights, output, 0))
            return output, weights if given.get("need_weights", True) else None
        made = func(*args, **given)
        if func in _SOFTMAX and made.ndim == 4:
            self.found.append(Attention(made, made, 2))
        return made

    def _fused(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        *,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """What the fused operation computes, by its definition in PyTorch's documentation; dropout is off in eval."""
        if is_causal or enable_gqa or query.ndim != 4:
            return F.scaled_dot_product_attention(
                query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
            )
        scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
        if attn_mask is not None:
            scores = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
        weights = torch.softmax(scores, dim=-1)
        self.found.append(Attention(weights, weights, 2))
        return weights @ value
