"""A model from a file of weights, in one call or step by step, with the card that the architecture's makers give."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torchvision.models import get_model_weights

from xai_core.deprecated import renamed_arguments
from xai_core.errors import ModelError
from xai_core.models.device import pick_device
from xai_core.models.load import frozen, loaded, names_for
from xai_core.models.source import ANOTHER_VISIT, BuiltFile, FileKind, ModelFile, ModelSource, Untold
from xai_core.models.sources.checkpoint.alternatives import alternatives
from xai_core.models.sources.checkpoint.architectures import Architecture, index
from xai_core.models.sources.checkpoint.norm_evidence import photographs
from xai_core.models.sources.checkpoint.reading import Weights, read_weights
from xai_core.models.sources.checkpoint.recognise import Proposal, chosen, network_of, recognise
from xai_core.models.sources.checkpoint.stem import SMALL, SMALL_SIDE
from xai_core.models.sources.checkpoint.untold import caution, settle, untold, verified
from xai_core.models.sources.config_file import carded, config_of, read_file, refuse_other_count
from xai_core.types import Fit, Interpolation, LoadedModel, ModelConfig, ResizeRule

if TYPE_CHECKING:
    from timm.models import PretrainedCfg

TABLE = "weights"  # in a card's `settled`: which of the file's states of the network it is for
_STRIDE = 32  # pixels of the input that one place of the last maps stands for, in all networks whose grid a head reads
OWN = "own/"  # before the keys of networks that no catalogue lists
_NOTES = ("The mean, spread and size of the input are the architecture's own; change them if you trained otherwise.",)
GREY = (0.449,), (0.226,)  # the means of ImageNet's own, for one channel: what timm takes too


@renamed_arguments(card="config")
def open_checkpoint(
    source: Path | str | bytes,
    *,
    architecture: str | None = None,
    config: ModelConfig | Path | str | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """A torchvision or timm classifier from its weights: .safetensors, .pt, .pth or .ckpt, read without running code.

    architecture: "torchvision/resnet18" or "timm/resnet18"; by default the card's, or the first that the weights fit.
    config: what the network is fed and what its classes are called, or the YAML file that says so; by default the
    architecture's own preprocessing with `class_names`.
    ModelError: unreadable, hostile or unknown weights; names of tensors that do not fit; a card for another network.
    """
    data, title = (source, "Your model") if isinstance(source, bytes) else read_file(Path(source))
    given = config_of(config, title)
    settled = dict(given.settled) if given else {}
    weights = _table(read_weights(data), settled)
    proposal = _choose(weights, architecture or (given.architecture if given else None))
    made = given or _config_for(proposal, title, class_names or _names(weights, proposal))
    refuse_other_count(made, proposal.classes, proposal.channels)
    network = network_of(proposal)
    said = verified(network, proposal, made) | settled
    network = settle(network, proposal, said)
    others = () if architecture or given else _others(proposal, weights)
    notes = (*made.notes, *weights.notes, *proposal.notes, *others)
    made = replace(made, notes=notes, caution=made.caution or caution(proposal, said), settled=_kept(weights, said))
    return carded(loaded(made, network, pick_device(device)), made, OWN)


def _table(weights: Weights, settled: dict[str, str]) -> Weights:
    """The state of the network that a card names, which is taken out of `settled`; else the one that was taken."""
    wanted = settled.pop(TABLE, weights.table)
    if wanted == weights.table:
        return weights
    if wanted not in weights.tables:
        raise ModelError(f"The card takes the weights from '{wanted[:40]}', which the file does not have.")
    return weights.tables[wanted]()


def _kept(weights: Weights, said: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a card must keep so that the same network comes again."""
    return (*(((TABLE, weights.table),) if weights.tables else ()), *said.items())


def _names(weights: Weights, proposal: Proposal) -> tuple[str, ...] | None:
    """The class names that lie beside the weights, where their number is the head's, or two for a yes or no."""
    wanted = max(proposal.classes, 2)
    return next((names for names in weights.names if len(names) == wanted), None)


def _read(data: bytes, title: str) -> ModelFile:
    weights = read_weights(data)
    proposals = recognise(weights.tensors)
    first = proposals[0] if proposals else None
    plain = first is None or (first.pooled is None and first.stem in (None, SMALL))  # what it is shows in its weights
    return ModelFile(
        fitting=tuple(proposal.architecture.key for proposal in proposals),
        build=lambda key: _built(weights, key, proposals, title),
        every=lambda: tuple(entry.key for entry in index()),
        unknown=_lone(weights)
        or f"No architecture of torchvision or timm has exactly these {len(weights.tensors)} weights. Name "
        "yours to see what does not fit, or wrap the network in Python: `xai_core.wrap_model`.",
        notes=(*weights.notes, *(first.notes if first else ())),
        original=None if plain and not weights.tables else data,
    )


def _built(weights: Weights, key: str, proposals: Sequence[Proposal], title: str) -> BuiltFile:
    proposal = next((one for one in proposals if one.architecture.key == key), None) or _choose(weights, key)
    config = _config_for(proposal, title, _names(weights, proposal))
    network = network_of(proposal)
    known = verified(network, proposal, config)
    network = settle(network, proposal, known)
    shape = (1, proposal.channels, *config.input_size)
    others = [other for other in proposals if other.architecture.key != key]
    found = alternatives(network, shape, others, photographs(config))
    questions = tuple(one for one in untold(proposal) if one.name not in known)
    spare = cache(partial(network_of, proposal))  # for what is tried, as the model's own network is others'

    def settled(chosen: Mapping[str, str]) -> BuiltFile:
        values = dict(chosen)
        if values.get(TABLE, weights.table) != weights.table:
            other = _built(_table(weights, {TABLE: values[TABLE]}), key, (), title)
            return other.settled(values) if other.settled else other
        values.pop(TABLE, None)
        said = known | values
        made = settle(network_of(proposal), proposal, said) if values else network
        told = replace(config, settled=_kept(weights, said), caution=caution(proposal, said))
        check = f"Every tensor fits; what has none (activations, strides, padding) is as {key} has it."
        tables = (_which_table(weights),) if weights.tables else ()
        model = loaded(told, made, pick_device())
        return BuiltFile(key, key, model, check, found, (*tables, *questions), settled, effect)

    def effect(chosen: Mapping[str, str]) -> nn.Module:
        said = known | {name: value for name, value in chosen.items() if name != TABLE}
        return settle(frozen(spare()), proposal, said).requires_grad_(False).to(pick_device())

    return settled({})


def _which_table(weights: Weights) -> Untold:
    return Untold(
        TABLE,
        "Of the states of the network in the file, this takes",
        {name: f"'{name}'" if name else "the top of the file" for name in weights.tables},
        next(iter(weights.tables)),
        "Averaged weights are taken where a file has them, as they mostly answer better.",
        sure=True,
    )


def _network(path: Path, config: ModelConfig) -> nn.Module:
    """The network of a file that has a card; ModelError also where the card names another number of classes, or does
    not say what the weights do not tell."""
    settled = dict(config.settled)
    weights = _table(read_weights(read_file(path)[0]), settled)
    proposal = _choose(weights, config.architecture)
    refuse_other_count(config, proposal.classes, proposal.channels)
    network = network_of(proposal)
    said = verified(network, proposal, config) | settled
    if caution(proposal, said):
        entries = ", ".join(f"{one.name}: {one.assumed}" for one in untold(proposal) if one.name not in said)
        raise ModelError(
            f"{caution(proposal, said)} Write for example settled: {{{entries}}} into {path.with_suffix('.yaml').name}."
        )
    return settle(network, proposal, said)


SOURCE = ModelSource(
    OWN,
    "yours",
    opens=FileKind(
        "Weights of any **torchvision** or **timm** classifier, with a head of your own and as fastai, Lightning, "
        "MONAI, mmpretrain, segmentation-models-pytorch or efficientnet_pytorch keep them: `.safetensors`, `.pt`, "
        "`.pth`, `.ckpt`, `.bin` or `.tar` (as in `.pth.tar`). The architecture is recognised from the file.",
        (".safetensors", ".pt", ".pth", ".ckpt", ".tar", ".bin"),
        _read,
        _network,
        refused=(".pt2", ".ts", ".pkl", ".pickle", ".pb", ".tflite", ".msgpack", ".pdparams", ".pdmodel", ".mat"),
    ),
    missing=ANOTHER_VISIT,
    python='xai.open_checkpoint("your-weights.pt", config="your-card.yaml")',
)


def _choose(weights: Weights, architecture: str | None = None) -> Proposal:
    """The named architecture for the weights, or the first that fits."""
    if architecture is not None:
        return chosen(architecture_named(architecture), weights.tensors)
    found = recognise(weights.tensors)
    if not found:
        names = ", ".join(list(weights.tensors)[:3])
        raise ModelError(
            _lone(weights)
            or f"No architecture of torchvision or timm has these {len(weights.tensors)} weights ({names}, …); name "
            "one, or wrap your network in Python with xai_core.wrap_model."
        )
    return found[0]


# What names of weights begin with in transformers, of which a file of weights alone says too little.
_OF_TRANSFORMERS = (
    "beit.", "bit.", "convnext.", "convnextv2.", "cvt.", "data2vec_vision.", "deit.", "dinov2.", "efficientnet.",
    "focalnet.", "hiera.", "levit.", "mobilenet_v1.", "mobilenet_v2.", "mobilevit.", "mobilevitv2.", "poolformer.",
    "pvt.", "regnet.", "resnet.", "segformer.", "swiftformer.", "swin.", "swinv2.", "vision_model.", "vit.",
)  # fmt: skip


def _lone(weights: Weights) -> str:
    """What is missing beside weights that transformers saved; "" for others."""
    if not any(name.startswith(_OF_TRANSFORMERS) for name in weights.tensors):
        return ""
    return (
        "The library transformers saved these weights, and they do not say what the network is: zip them together with "
        "config.json and preprocessor_config.json of the same folder, and open that zip."
    )


def _others(proposal: Proposal, weights: Weights) -> tuple[str, ...]:
    names = [p.architecture.key for p in recognise(weights.tensors) if p.architecture != proposal.architecture]
    if not names:
        return ()
    listed = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return (
        f"The weights fit {proposal.architecture.key}, which was taken, and {listed}: name yours if it is another.",
    )


def architecture_named(key: str) -> Architecture:
    """The entry of the index. ModelError: there is none of this name."""
    entry = next((entry for entry in index() if entry.key == key), None)
    if entry is None:
        raise ModelError(f"There is no architecture '{key}'; write 'torchvision/resnet18' or 'timm/resnet18'.")
    return entry


def _config_for(proposal: Proposal, title: str, class_names: Sequence[str] | None = None) -> ModelConfig:
    """The card of an opened file: the architecture's published preprocessing, classes by number until they are named.

    ModelError: another number of names than classes.
    """
    size, mean, std, rule = _published(proposal.architecture.key)
    size, rule = _own_side(proposal, size, rule)
    return ModelConfig(
        key=f"{OWN}{title}",
        title=title,
        source=f"a file, read as {proposal.architecture.key}",
        licence="the owner's",
        input_size=size,
        mean=_for_channels(mean, GREY[0], proposal.channels),
        std=_for_channels(std, GREY[1], proposal.channels),
        resize=rule,
        class_names=names_for(proposal.classes, class_names),
        notes=_NOTES,
        architecture=proposal.architecture.key,
    )


def _own_side(proposal: Proposal, size: tuple[int, int], rule: ResizeRule) -> tuple[tuple[int, int], ResizeRule]:
    """Another input than the architecture's, where the weights are for one."""
    grid = proposal.pooled.grid if proposal.pooled else None
    side = proposal.side or (SMALL_SIDE if proposal.stem == SMALL else None) or (grid and grid * _STRIDE)
    if not side:
        return size, rule
    shorter = None if rule.shorter_side is None else round(rule.shorter_side * side / size[0])
    return (side, side), replace(rule, shorter_side=shorter)


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
    return (height, width), tuple(config.mean), tuple(config.std), timm_rule(config)


def timm_rule(config: PretrainedCfg) -> ResizeRule:
    """How timm prepares pictures for these weights, as `timm.data.create_transform` reads the same record."""
    interpolation: Interpolation = "bicubic" if config.interpolation == "bicubic" else "bilinear"
    if config.crop_mode == "squash" and config.crop_pct == 1:
        return ResizeRule(None, interpolation)
    fits: dict[str, Fit] = {"squash": "stretch", "border": "pad"}
    side = math.floor(min(config.input_size[1:]) / config.crop_pct)
    return ResizeRule(side, interpolation, fit=fits.get(config.crop_mode, "crop"))


def _for_channels(values: tuple[float, ...], grey: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if channels == len(values):
        return values
    return grey if channels == 1 else (values * channels)[:channels]
