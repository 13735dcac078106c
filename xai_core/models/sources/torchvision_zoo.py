"""torchvision's own classifiers as model cards, read from its registry without building a network."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchvision
from torchvision.models import AlexNet_Weights, get_model, get_model_weights, list_models

from xai_core.errors import ModelError
from xai_core.models.class_names import imagenet_names
from xai_core.models.download import fetch
from xai_core.models.source import ModelSource
from xai_core.types import Download, ModelConfig, ProgressCallback, ResizeRule

_PREFIX = "torchvision/"
_IMAGENET_LABELS = AlexNet_Weights.DEFAULT.meta["categories"]
_IMAGENET_TERMS = (
    "Code: BSD 3-Clause. Weights trained on ImageNet-1K: torchvision states that they may have terms derived from that "
    "data set and that it is for you to determine whether your use is permitted."
)
_SWAG_TERMS = "Code: BSD 3-Clause. Weights of SWAG: CC BY-NC 4.0, no commercial use (github.com/facebookresearch/SWAG)."

# DenseNet's files are older than the rule that a module's name has no dot: "norm.1" is now "norm1".
_DOTTED_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


@cache
def configs() -> tuple[ModelConfig, ...]:
    """One card for each classifier of `torchvision.models`, with its default weights, but for quantised ones."""
    return tuple(_config(name) for name in list_models(module=torchvision.models))


def build(config: ModelConfig, weights_path: Path) -> torch.nn.Module:
    """The network of a card with the weights of a file, in eval mode: equal to torchvision's own with default weights.

    The file is read as tensors only, so that it cannot run code. Raises ModelError where it is damaged or does not fit.
    """
    states = _read_states(weights_path)
    module = _empty_network(config)
    try:
        module.load_state_dict(states, strict=True, assign=True)
    except RuntimeError as error:
        raise ModelError(
            f"The weights in {weights_path.name} do not fit {config.title}: give the file of exactly this network."
        ) from error
    if config.key == f"{_PREFIX}googlenet":
        # Its file carries two auxiliary heads that were never trained; torchvision drops them after loading.
        module.aux_logits, module.aux1, module.aux2 = False, None, None  # type: ignore[assignment]
    return module.eval()


def _config(name: str) -> ModelConfig:
    weights = get_model_weights(name).DEFAULT
    meta, preset = weights.meta, weights.transforms()
    return ModelConfig(
        key=f"{_PREFIX}{name}",
        title=_title(type(weights).__name__.removesuffix("_Weights")),
        source=f"torchvision {torchvision.__version__}, {weights}, {meta.get('recipe', 'recipe not stated')}",
        licence=_SWAG_TERMS if "SWAG" in weights.name else _IMAGENET_TERMS,
        input_size=(preset.crop_size[0], preset.crop_size[0]),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        resize=ResizeRule(preset.resize_size[0], preset.interpolation.value, bool(preset.antialias)),
        class_names=imagenet_names() if meta["categories"] == _IMAGENET_LABELS else tuple(meta["categories"]),
        notes=_notes(meta),
        download=_download(weights.url, meta),
    )


def _title(name: str) -> str:
    """ "ResNet50" -> "ResNet-50", "RegNet_X_1_6GF" -> "RegNet X 1.6GF", "SqueezeNet1_0" -> "SqueezeNet 1.0"."""
    name = re.sub(r"(?<=\D\d)_(?=\d)", ".", name).replace("_", " ")
    name = re.sub(r"(?<=[a-zG])(?=\d\d)", "-", name)
    return re.sub(r"(?<=[a-z])(?=\d)", " ", name)


def _notes(meta: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [f"{meta['num_params'] / 1e6:.1f} million parameters."]
    for data, values in meta.get("_metrics", {}).items():
        notes.append(
            f"Accuracy on {data} as torchvision states it: {values['acc@1']} % top 1, {values['acc@5']} % top 5."
        )
    return tuple(notes)


def _download(url: str, meta: Mapping[str, Any]) -> Download | None:
    """torchvision states the size in MiB to three decimals; the file's name ends in the start of its SHA-256."""
    found = re.search(r"-([0-9a-f]{8,})\.pth$", url)
    return Download(url, round(meta["_file_size"] * 2**20), found[1]) if found else None


def _empty_network(config: ModelConfig) -> torch.nn.Module:
    """The network as torchvision builds it for these weights, its parameters without storage where that is possible."""
    name = config.key.removeprefix(_PREFIX)
    options: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        options = {"transform_input": True, "aux_logits": True, "init_weights": False}
    elif name.startswith("vit_"):
        options = {"image_size": config.input_size[0]}
    elif name.startswith("maxvit_"):
        options = {"input_size": config.input_size}
    # Drawing random weights only to overwrite them takes seconds for a VGG. RegNet computes its widths with tensors.
    with torch.device("cpu" if name.startswith("regnet_") else "meta"):
        network: torch.nn.Module = get_model(name, weights=None, **options)
    return network


def _read_states(path: Path) -> dict[str, torch.Tensor]:
    try:
        states: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        for name in list(states):  # in place, since the mapping also carries the modules' versions
            states[_DOTTED_NAME.sub(r"\1\2", name)] = states.pop(name).detach()
    except Exception as error:
        raise ModelError(
            f"The weights file {path.name} could not be read: it is missing, damaged, or holds more than tensors; "
            f"delete it from {path.parent} and download it again."
        ) from error
    return states


def _fetched(config: ModelConfig, on_progress: ProgressCallback | None) -> torch.nn.Module:
    if config.download is None:
        raise ModelError(f"The card of {config.title} names no weights to load.")
    return build(config, fetch(config.download, on_progress=on_progress))


SOURCE = ModelSource(_PREFIX, "downloaded", configs, _fetched)
