"""An image classifier of the library transformers, built from its configuration and its safetensors alone.

Only the library's own classes on a list are built. What a configuration says of other code, of files elsewhere or of
kernels to fetch is left out, and nothing is looked for on the network or the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.class_names import as_prose

INSTALL = "pip install sightline[huggingface]"
# Those whose only input is a picture of a fixed size. Left out: timm's (read by timm itself), text beside pictures.
KINDS = frozenset((
    "beit", "bit", "clip", "convnext", "convnextv2", "cvt", "data2vec-vision", "deit", "dinov2",
    "dinov2_with_registers", "efficientnet", "focalnet", "hgnet_v2", "hiera", "levit", "mobilenet_v1", "mobilenet_v2",
    "mobilevit", "mobilevitv2", "poolformer", "pvt", "pvt_v2", "regnet", "resnet", "segformer", "siglip", "swiftformer",
    "swin", "swinv2", "vit", "vit_msn",
))  # fmt: skip
_LEFT_OUT = (
    "auto_map", "quantization_config", "torch_dtype", "dtype", "attn_implementation", "architectures", "adapters",
    "backbone", "backbone_config", "backbone_kwargs", "use_pretrained_backbone", "use_timm_backbone", "name_or_path",
)  # fmt: skip
_MOST_LAYERS = 1_000
_LARGEST = 10**6  # of a size in a configuration
_one_at_a_time = Lock()  # the library changes settings of the whole process while it builds


class Classifier(nn.Module):
    """Pictures (n, c, H, W) to scores (n, n_classes)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixel_values: Tensor) -> Tensor:
        scores: Tensor = self.network(pixel_values=pixel_values).logits
        return scores


def is_known(config: Mapping[str, Any]) -> bool:
    """Whether it is a configuration of transformers, supported or not."""
    return isinstance(config.get("model_type"), str)


def network_of(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Classifier:
    """The network with its weights, in eval mode and float32.

    ModelError: the library is missing, no classifier on the list, impossible sizes, or weights of another network.
    """
    kind = config.get("model_type")
    if kind not in KINDS:
        raise ModelError(
            f"The configuration is of the kind '{_plain(kind)}', which is not read here: image classifiers of "
            f"transformers are ({', '.join(sorted(KINDS))}). Export it to ONNX, or wrap it: xai_core.wrap_model."
        )
    transformers = library()
    made = _class_of(str(kind), config.get("architectures"))
    _refuse_sizes(config)
    kept = {name: value for name, value in config.items() if name not in _LEFT_OUT and not name.startswith("_")}
    try:
        with _one_at_a_time:
            settings = transformers.CONFIG_MAPPING[kind].from_dict(kept)
            network, told = getattr(transformers, made).from_pretrained(
                None, config=settings, state_dict=dict(tensors), dtype=torch.float32, output_loading_info=True,
                local_files_only=True, trust_remote_code=False, use_safetensors=True,
            )  # fmt: skip
    except Exception as error:  # a stranger's configuration can be wrong in ways that no list ends
        said = _plain(" ".join(str(error).split())[:160]) or type(error).__name__
        raise ModelError(f"The configuration and the weights do not fit together ({said}).") from error
    missing, other = sorted(told["missing_keys"]), sorted(told["unexpected_keys"])
    if missing:
        raise ModelError(
            f"The weights lack {len(missing)} tensors of {made} ({_plain(missing[0])}, …): they are those of another "
            "network, or its classifier was never trained."
        )
    if len(other) > len(tensors) // 2:
        raise ModelError(f"Most of the weights are of another network than {made} ({_plain(other[0])}, …).")
    return Classifier(network.eval().requires_grad_(False))


def library() -> Any:
    """The module `transformers`. ModelError where it is not installed."""
    try:
        import transformers
    except ImportError as error:
        raise ModelError(
            f"This network needs the library transformers, which is not installed: {INSTALL}, and start again."
        ) from error
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    return transformers


def _class_of(kind: str, architectures: object) -> str:
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

    known = MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES[kind]
    known = (known,) if isinstance(known, str) else tuple(known)
    named = architectures[0] if isinstance(architectures, list) and architectures else known[0]
    if named not in known:
        raise ModelError(
            f"The configuration names {_plain(named)}, which is no image classifier; {known[0]} would be one."
        )
    return str(named)


def _refuse_sizes(config: Mapping[str, Any]) -> None:
    """ModelError for sizes that no classifier has: they would be built before the weights are compared."""
    layers = 1
    waiting: list[tuple[str, Any]] = list(config.items())
    count = 0
    while waiting:
        name, value = waiting.pop()
        count += 1
        if count > 200_000:
            raise ModelError("The configuration is too large; it is refused.")
        if name in ("id2label", "label2id"):
            continue
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, one) for one in value]
        elif isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= _LARGEST:
            raise ModelError(
                f"The configuration says {_plain(name)[:40]}: {value:.3g}, as no classifier does; refused."
            )
        if _counts_layers(name) and isinstance(value, int | float):
            layers += int(abs(value))
    if layers > _MOST_LAYERS:
        raise ModelError(f"The configuration asks for about {layers} layers; up to {_MOST_LAYERS} are built.")


def _counts_layers(name: str) -> bool:
    return any(part in name for part in ("layers", "depths", "num_blocks", "repeats", "block_sizes"))


def _plain(text: object) -> str:
    return as_prose(str(text))[:160]
