"""Weight norm and spectral norm, old form and new, undone: the weight that the layer computes with when it answers.

Salimans and Kingma 2016, Miyato et al. 2018, as `torch.nn.utils` and `torch.nn.utils.parametrizations` store them.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from xai_core.errors import ModelError

_NEW = ".parametrizations.weight."


def _weight_norm(size: Tensor, direction: Tensor) -> Tensor:
    """size: with 1 along all axes that the norm runs over."""
    if size.ndim and (
        size.ndim != direction.ndim or any(n not in (1, m) for n, m in zip(size.shape, direction.shape, strict=True))
    ):
        raise RuntimeError("sizes of another shape than the directions")  # broadcasting could multiply without end
    axes = tuple(axis for axis in range(direction.ndim) if size.ndim == 0 or size.shape[axis] == 1)
    length: Tensor = torch.linalg.vector_norm(direction, dim=axes, keepdim=size.ndim > 0)
    return direction * (size / length)


def _spectral_norm(weight: Tensor, left: Tensor, right: Tensor) -> Tensor:
    matrix = weight.flatten(1)
    return weight / torch.dot(left, torch.mv(matrix, right))


_STORED: dict[tuple[str, ...], Callable[..., Tensor]] = {
    (".weight_g", ".weight_v"): _weight_norm,
    (f"{_NEW}original0", f"{_NEW}original1"): _weight_norm,
    (".weight_orig", ".weight_u", ".weight_v"): _spectral_norm,
    (f"{_NEW}original", f"{_NEW}0._u", f"{_NEW}0._v"): _spectral_norm,
}


def plain_weights(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors with `weight` in place of what it is computed from, and a sentence on it, "" where nothing was."""
    found: dict[str, tuple[tuple[str, ...], Callable[..., Tensor]]] = {}
    for endings, norm in _STORED.items():
        for name in tensors:
            layer = name.removesuffix(endings[0])
            if layer != name and all(f"{layer}{ending}" in tensors for ending in endings):
                found[name] = tuple(f"{layer}{ending}" for ending in endings), norm
    used = {part for parts, _ in found.values() for part in parts}
    ready: dict[str, Tensor] = {}
    for name, tensor in tensors.items():  # the order of the file says more than its names
        if name in found:
            parts, norm = found[name]
            ready[_layer(name)] = _computed(_layer(name), norm, [tensors[part] for part in parts])
        elif name not in used:
            ready[name] = tensor
    several = "layers have" if len(found) > 1 else "layer has"
    told = f"{len(found)} {several} a weight norm or spectral norm; the weights were computed from what it stores."
    return ready, told if found else ""


def _layer(name: str) -> str:
    return f"{name.partition(_NEW)[0] if _NEW in name else name.rpartition('.')[0]}.weight"


def _computed(name: str, norm: Callable[..., Tensor], stored: list[Tensor]) -> Tensor:
    try:
        weight = norm(*(tensor.double() for tensor in stored)).to(stored[0].dtype)
    except (RuntimeError, IndexError) as error:  # torch's way to refuse shapes
        raise ModelError(
            f"'{name}' is stored with a norm whose parts do not belong together; it is refused."
        ) from error
    if not bool(torch.isfinite(weight).all()):
        raise ModelError(f"'{name}' is stored with a norm of zero; take an earlier checkpoint.")
    return weight
