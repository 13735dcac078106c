"""What timm pushes to the hub: an architecture of its registry, its weights, and how it prepares pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint.opening import architecture_named, timm_rule
from xai_core.models.sources.checkpoint.recognise import chosen, network_of
from xai_core.models.sources.huggingface.picture_rule import PictureRule

_FIELDS = ("input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode")


def is_timm(config: Mapping[str, Any]) -> bool:
    return isinstance(config.get("architecture"), str) and "model_type" not in config


def timm_network(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[nn.Module, str]:
    """The network, and what the screen calls it. ModelError: no name of timm's registry, or weights of another."""
    key = f"timm/{config['architecture'].partition('.')[0]}"
    return network_of(chosen(architecture_named(key), tensors)), key


def timm_rule_of(config: Mapping[str, Any], network: nn.Module) -> PictureRule:
    """How timm's own evaluation prepares pictures. ModelError: values that mean nothing."""
    from timm.models import PretrainedCfg  # seconds to import: only when it is asked

    told = config.get("pretrained_cfg")
    told = told if isinstance(told, dict) else config  # as timm wrote it before 0.9
    try:
        record = PretrainedCfg(**{name: told[name] for name in _FIELDS if told.get(name) is not None})
        channels, height, width = (int(side) for side in record.input_size)
        mean, std = (tuple(float(value) for value in values) for values in (record.mean, record.std))
        rule = timm_rule(record)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise ModelError("The config.json holds values of pretrained_cfg that mean nothing; copy it again.") from error
    reads = next((part.in_channels for part in network.modules() if isinstance(part, nn.Conv2d)), channels)
    if reads != channels and reads in (1, 3):
        mean, std = (values[:1] * reads for values in (mean, std))
    return PictureRule((height, width), rule, mean, std)
