"""From a network to a LoadedModel: frozen, in eval mode, on its device, with the digest of its weights."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn

from xai_core.models.isolate import structure_copy
from xai_core.types import LoadedModel, ModelCard, ResizeRule


def weights_digest(module: nn.Module) -> str:
    """SHA-256 hex over names, dtypes, shapes and values of the state dict, in order."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        array = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}".encode())
        digest.update(array.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def frozen(module: nn.Module) -> nn.Module:
    """A copy in eval mode with frozen parameters; it shares the weights' memory and leaves `module` as it was."""
    weights = {id(p): nn.Parameter(p.detach(), requires_grad=False) for p in module.parameters()}
    return structure_copy(module, {**weights}, Tensor.detach).eval()


def loaded(card: ModelCard, module: nn.Module, device: torch.device) -> LoadedModel:
    """Take ownership of a fresh `module` and make it ready to be explained on `device`."""
    ready = module.eval().requires_grad_(False).to(device)
    return LoadedModel(card, ready, device, weights_digest(ready))


def wrap_model(
    module: nn.Module,
    *,
    input_size: tuple[int, int],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    class_names: tuple[str, ...] | list[str],
    title: str | None = None,
    resize: ResizeRule | None = None,
    default_layer: str | None = None,
) -> LoadedModel:
    """Your own network, ready for `explain`; `module` itself is left as it was and its weights are not copied.

    input_size: (height, width). mean, std: per RGB channel, for pictures scaled to [0, 1].
    class_names: one for each output. resize: by default the whole picture is stretched to the input size.
    """
    card = ModelCard(
        key=f"own/{type(module).__name__}",
        title=title or type(module).__name__,
        source="wrapped from Python",
        licence="the owner's",
        input_size=input_size,
        mean=tuple(mean),
        std=tuple(std),
        resize=resize or ResizeRule(shorter_side=None),
        class_names=tuple(class_names),
        default_layer=default_layer,
    )
    first = next(module.parameters(), None)
    device = first.device if first is not None else torch.device("cpu")
    ready = frozen(module)
    return LoadedModel(card, ready, device, weights_digest(ready))
