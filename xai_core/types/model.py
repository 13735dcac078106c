"""A network, and what one must know to feed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xai_core.deprecated import renamed_attribute
from xai_core.types.image import Box

if TYPE_CHECKING:
    import torch

Interpolation = Literal["bilinear", "bicubic"]
ChannelOrder = Literal["RGB", "BGR"]
Labels = Literal["one", "several"]
Fit = Literal["crop", "stretch", "pad"]

RESEARCH_ONLY = "Research use only: not for diagnosis."
CLINICAL_CAUTION = f"{RESEARCH_ONLY} A heat map is not an outline of a lesion."


@dataclass(frozen=True)
class ResizeRule:
    """How a picture becomes the model's input.

    shorter_side: length in pixels to which the shorter side is scaled before the centre crop to the input size;
    None stretches the whole picture to the input size without a crop.
    head_side: for slices of a head: the picture is first cropped to the head at so many pixels a side, see
    `images.head_crop`, and that square is stretched to the input size.
    fit: what else may be done to that length before the crop: "stretch" brings both sides to it (timm's "squash"),
    "pad" scales the longer side to it and fills what is missing with the mean (timm's "border"). Where the input is no
    square, the length is its shorter side's, and the other is in proportion.
    """

    shorter_side: int | None
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    head_side: int | None = None
    fit: Fit = "crop"


@dataclass(frozen=True)
class Download:
    """Weights that are fetched only when the user asks: address, size in bytes, and the start of the file's SHA-256."""

    url: str
    size_bytes: int
    sha256_prefix: str


@dataclass(frozen=True)
class ModelConfig:
    """What one must know to feed a network and read its answer.

    input_size: (height, width). mean, std: for inputs scaled to [0, 1], one value for each channel that the network
    reads, in its own order; a single one means that it reads grey pictures.
    first_conv, classifier, default_layer: dotted module names, None where unknown.
    channel_order: of a network that reads three channels. architecture: "torchvision/resnet18", for a file of weights.
    labels: whether a picture has one of the classes (softmax) or several, each on its own (sigmoid).
    caution: what must stand beside every answer of the network.
    """

    key: str
    title: str
    source: str
    licence: str
    input_size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: ResizeRule
    class_names: tuple[str, ...]
    first_conv: str | None = None
    classifier: str | None = None
    default_layer: str | None = None
    notes: tuple[str, ...] = ()
    download: Download | None = None
    channel_order: ChannelOrder = "RGB"
    architecture: str | None = None
    labels: Labels = "one"
    caution: str = ""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network ready to be explained: in eval mode, parameters frozen. digest: SHA-256 hex of its state dict."""

    config: ModelConfig
    module: torch.nn.Module
    device: torch.device
    digest: str

    card = renamed_attribute("card", "config")


@dataclass(frozen=True, eq=False)
class ModelInput:
    """tensor: float32 (1, c, H, W), normalised; c is 3, or 1 for grey. box: the part of the picture it covers."""

    tensor: torch.Tensor
    box: Box
