"""What an architecture's makers say about its input: the card to begin with, for its user to correct."""

from __future__ import annotations

from collections.abc import Sequence

from torchvision.models import get_model_weights

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint.recognise import Proposal
from xai_core.types import Interpolation, ModelConfig, ResizeRule

GREY = (0.449,), (0.226,)  # the means of ImageNet's own, for one channel: what timm takes too


def config_for(proposal: Proposal, title: str, class_names: Sequence[str] | None = None) -> ModelConfig:
    """The card of an opened file: the architecture's published preprocessing, classes by number until they are named.

    ModelError: another number of names than classes.
    """
    names = tuple(class_names or (f"class {index}" for index in range(proposal.classes)))
    if len(names) != proposal.classes:
        raise ModelError(f"The network tells {proposal.classes} classes apart; {len(names)} names were given.")
    size, mean, std, rule = _published(proposal.architecture.key)
    return ModelConfig(
        key=f"own/{title}",
        title=title,
        source=f"a file, read as {proposal.architecture.key}",
        licence="the owner's",
        input_size=size,
        mean=_for_channels(mean, GREY[0], proposal.channels),
        std=_for_channels(std, GREY[1], proposal.channels),
        resize=rule,
        class_names=names,
        notes=_notes(proposal),
        architecture=proposal.architecture.key,
    )


def _published(key: str) -> tuple[tuple[int, int], tuple[float, ...], tuple[float, ...], ResizeRule]:
    library, _, name = key.partition("/")
    if library == "torchvision":
        preset = get_model_weights(name.partition("+")[0]).DEFAULT.transforms()
        side = preset.crop_size[0]
        rule = ResizeRule(preset.resize_size[0], preset.interpolation.value, bool(preset.antialias))
        return (side, side), tuple(preset.mean), tuple(preset.std), rule
    import timm  # seconds to import: only when it is asked
    from timm.models import PretrainedCfg

    config = timm.get_pretrained_cfg(name) or PretrainedCfg()
    _, height, width = config.input_size
    interpolation: Interpolation = "bicubic" if config.interpolation == "bicubic" else "bilinear"
    rule = ResizeRule(round(min(height, width) / config.crop_pct), interpolation)
    return (height, width), tuple(config.mean), tuple(config.std), rule


def _for_channels(values: tuple[float, ...], grey: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if channels == len(values):
        return values
    return grey if channels == 1 else (values * channels)[:channels]


def _notes(proposal: Proposal) -> tuple[str, ...]:
    notes = ["The mean, spread and size of the input are the architecture's own; change them if you trained otherwise."]
    if len(proposal.head_layers) > 1:
        notes.append("The head is a sequence; a ReLU was assumed between its linear layers.")
    return tuple(notes)
