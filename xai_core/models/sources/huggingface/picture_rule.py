"""What `preprocessor_config.json` does to a picture, as our own rule: size, resampling, crop, mean and spread."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xai_core.errors import ModelError
from xai_core.models.sources.huggingface.transformers_network import library
from xai_core.types import ChannelOrder, Interpolation, ResizeRule

Numbers = tuple[float, ...]
_INTERPOLATIONS: dict[int, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
# Families of transformers' image processors, "ViT" of ViTImageProcessor, ViTImageProcessorFast, ViTFeatureExtractor.
_FAMILIES = frozenset((
    "Beit", "Bit", "CLIP", "ConvNext", "DeiT", "EfficientNet", "Levit", "MobileNetV1", "MobileNetV2", "MobileViT",
    "PoolFormer", "Pvt", "Segformer", "Siglip", "ViT",
))  # fmt: skip
_SETTINGS = (
    "size", "crop_size", "do_resize", "do_center_crop", "do_rescale", "do_normalize", "rescale_factor", "resample",
    "image_mean", "image_std", "crop_pct", "rescale_offset", "include_top", "do_flip_channel_order",
)  # fmt: skip
_GUESS = "The files do not say how pictures are prepared (preprocessor_config.json is missing); set it as in training."


@dataclass(frozen=True)
class PictureRule:
    """What a card says of pictures. notes: what was assumed, one sentence each."""

    input_size: tuple[int, int]
    resize: ResizeRule
    mean: Numbers
    std: Numbers
    order: ChannelOrder = "RGB"
    notes: tuple[str, ...] = ()


def picture_rule(preparation: Mapping[str, Any] | None, config: Mapping[str, Any]) -> PictureRule:
    """The rule of a preparation, or a guess where there is none.

    ModelError: one of another family than those of image classifiers, or values that mean nothing.
    """
    side = _image_size(config)
    channels = config.get("num_channels", 3)
    channels = channels if channels in (1, 3) else 3
    if preparation is None:
        return PictureRule(side, ResizeRule(None), (0.5,) * channels, (0.5,) * channels, notes=(_GUESS,))
    family = _family(preparation)
    try:
        given = {name: preparation[name] for name in _SETTINGS if name in preparation}
        told = getattr(library(), f"{family}ImageProcessor").from_dict(given)
        return _rule(family, told, side, channels)
    except ModelError:
        raise
    except Exception as error:  # a stranger's file can be wrong in ways that no list ends
        raise ModelError("The preprocessor_config.json holds values that mean nothing; copy it again.") from error


def _family(preparation: Mapping[str, Any]) -> str:
    named = preparation.get("image_processor_type") or preparation.get("feature_extractor_type") or "ViTImageProcessor"
    family = str(named)
    for ending in ("Fast", "Pil", "ImageProcessor", "FeatureExtractor"):
        family = family.removesuffix(ending)
    if family not in _FAMILIES:
        shown = "".join(c for c in str(named) if c.isalnum())[:60]
        raise ModelError(f"The preparation of pictures is a {shown}, which is not one of those of image classifiers.")
    return family


def _rule(family: str, told: Any, side: tuple[int, int], channels: int) -> PictureRule:
    notes: list[str] = []
    input_size, shorter, fit = _geometry(family, told, side, notes)
    number = int(told.resample) if told.resample is not None else 2
    if number not in _INTERPOLATIONS:
        notes.append("Its resampling is not one of those here; bilinear is taken, which differs a little.")
    interpolation = _INTERPOLATIONS.get(number, "bilinear")
    rule = ResizeRule(shorter, interpolation, fit=fit, crop_start="floor")
    mean, std = _normalisation(told, channels)
    flipped = bool(getattr(told, "do_flip_channel_order", False))
    return PictureRule(input_size, rule, mean, std, "BGR" if flipped else "RGB", tuple(notes))


def _geometry(
    family: str, told: Any, side: tuple[int, int], notes: list[str]
) -> tuple[tuple[int, int], int | None, Any]:
    """The input's size, the length to which pictures are scaled (None stretches them to it), and how."""
    crop = (told.crop_size.height, told.crop_size.width) if told.do_center_crop and told.crop_size else None
    if not told.do_resize:
        notes.append("Its own preparation keeps the picture's size; here pictures are scaled to the network's.")
        return crop or side, None, "crop"
    size = told.size
    edge = size.shortest_edge
    if family == "ConvNext" and edge:
        if edge >= 384:
            return (edge, edge), None, "crop"
        return (edge, edge), int(edge / told.crop_pct), "crop"
    if family == "Levit" and edge:
        edge = int(256 / 224 * edge)
    if family == "PoolFormer" and told.crop_pct is not None:
        edge = int((edge or size.height) / told.crop_pct)
    if edge:
        if size.longest_edge or crop is None:
            notes.append("Its own preparation keeps the picture's shape; here its centre is cut out.")
        return crop or (edge, edge), edge, "crop"
    whole = (size.height, size.width)
    if crop is None or crop == whole:
        return whole, None, "crop"
    if whole[0] != whole[1] or crop[0] != crop[1]:
        notes.append("Its own preparation cuts the centre out of an oblong; here the whole picture is taken.")
        return crop, None, "crop"
    return crop, whole[0], "stretch"


def _normalisation(told: Any, channels: int) -> tuple[Numbers, Numbers]:
    """For pixels scaled to [0, 1], what rescaling and normalising together do."""
    factor = 255 * float(told.rescale_factor) if told.do_rescale else 255.0
    shift = 1.0 if told.do_rescale and getattr(told, "rescale_offset", False) else 0.0
    mean, std = (_values(told.image_mean, channels), _values(told.image_std, channels))
    if not told.do_normalize:
        mean, std = (0.0,) * channels, (1.0,) * channels
    again = _values(told.image_std, channels) if getattr(told, "include_top", False) else (1.0,) * channels
    means = tuple((m + shift) / factor for m in mean)
    spreads = tuple(s * a / factor for s, a in zip(std, again, strict=True))
    if not all(map(math.isfinite, (*means, *spreads))) or min(spreads) <= 0:
        raise ModelError("The preprocessor_config.json gives a mean and spread by which no picture can be prepared.")
    return means, spreads


def _values(given: Any, channels: int) -> Numbers:
    values = tuple(float(value) for value in (given if isinstance(given, list | tuple) else [given]))
    return values * channels if len(values) == 1 else values[:channels]


def _image_size(config: Mapping[str, Any]) -> tuple[int, int]:
    inner = config.get("vision_config")
    value = config.get("image_size") or (inner.get("image_size") if isinstance(inner, dict) else None) or 224
    pair = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return (int(pair[0]), int(pair[1])) if all(type(side) is int for side in pair) else (224, 224)
