"""The names that other libraries give to the layers of networks that torchvision or timm has too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Dialect:
    """library: as a note calls it. sign: a part that one of its names has, as a pattern. renames: patterns of a whole
    name and what it is called instead, the first that fits; a name that none fits stays.

    prepare: what is more than a name. stem: how its first layers step where the shapes do not say (`untold.STEM`).
    only: of several architectures that fit, those whose key begins so compute as this library does.
    """

    library: str
    sign: str
    renames: Sequence[tuple[str, str]] = ()
    prepare: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None
    stem: str | None = None
    only: str = ""


def _stages(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """lukemelas counts all blocks through; timm counts within stages, and a stage ends where the width changes."""
    widths = {
        block: len(tensors[f"_blocks.{block}._project_conv.weight"]) for block in _blocks(tensors, "_project_conv")
    }
    place: dict[int, tuple[int, int]] = {}
    stage = within = -1
    for block in sorted(widths):
        new = widths[block] != widths.get(block - 1)
        stage, within = (stage + 1, 0) if new else (stage, within + 1)
        place[block] = stage, within
    expanded = _blocks(tensors, "_expand_conv")
    renamed = {}
    for name, tensor in tensors.items():
        match = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(.+)", name)
        new_name = name
        if match and int(match[1]) in place:
            stage, within = place[int(match[1])]
            part = (_EXPANDED if int(match[1]) in expanded else _PLAIN).get(match[2], match[2])
            new_name = f"blocks.{stage}.{within}.{part}.{match[3]}"
        renamed[new_name] = tensor
    return renamed


def _blocks(tensors: Tensors, layer: str) -> set[int]:
    """The numbers of the blocks that have such a layer."""
    found = (re.fullmatch(rf"_blocks\.(0|[1-9][0-9]{{0,3}})\.{layer}\.weight", name) for name in tensors)
    return {int(match[1]) for match in found if match}


_SQUEEZE = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}
_EXPANDED = _SQUEEZE | {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}  # fmt: skip
_PLAIN = _SQUEEZE | {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def _without_biases(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A bias before a batch norm moves its mean: the same answers without it, in torchvision's layers."""
    ready = dict(tensors)
    for name in tensors:
        mean = re.sub(r"downsample\.0\.bias$", "downsample.1.running_mean", name)
        if mean != name and mean in tensors and tensors[mean].shape == tensors[name].shape:
            ready[mean] = tensors[mean] - ready.pop(name)
    return ready


DIALECTS = (
    Dialect(
        "efficientnet_pytorch",
        r"^_blocks\.0\._depthwise_conv",
        (
            (r"_conv_stem\.(.+)", r"conv_stem.\1"),
            (r"_bn0\.(.+)", r"bn1.\1"),
            (r"_conv_head\.(.+)", r"conv_head.\1"),
            (r"_bn1\.(.+)", r"bn2.\1"),
            (r"_fc\.(.+)", r"classifier.\1"),
        ),
        _stages,
        only="timm/tf_",  # it pads as TensorFlow does
    ),
    Dialect(
        "MONAI",
        r"^features\.denseblock1\.denselayer1\.layers\.",
        ((r"(features\..+)\.layers\.(.+)", r"\1.\2"), (r"class_layers\.out\.(.+)", r"classifier.\1")),
    ),
    Dialect("MONAI", r"^layer2\.0\.downsample\.0\.bias$", prepare=_without_biases, stem="stride_1_pool"),
    Dialect(
        "pytorch-cifar",
        r"^layer2\.0\.shortcut\.0\.weight$",
        ((r"(.+)\.shortcut\.(.+)", r"\1.downsample.\2"), (r"linear\.(.+)", r"fc.\1")),
    ),
    Dialect(
        "mmpretrain",
        r"^layers\.0\.ffn\.layers\.0\.0\.weight$",
        (
            (r"patch_embed\.projection\.(.+)", r"patch_embed.proj.\1"),
            (r"layers\.(\d+)\.ln(\d)\.(.+)", r"blocks.\1.norm\2.\3"),
            (r"layers\.(\d+)\.attn\.(.+)", r"blocks.\1.attn.\2"),
            (r"layers\.(\d+)\.ffn\.layers\.0\.0\.(.+)", r"blocks.\1.mlp.fc1.\2"),
            (r"layers\.(\d+)\.ffn\.layers\.1\.(.+)", r"blocks.\1.mlp.fc2.\2"),
            (r"ln1\.(.+)", r"norm.\1"),
        ),
    ),
)
CHAINS: tuple[tuple[str, ...], ...] = (
    # The children of a network in order, as nn.Sequential(*network.children()) counts them, up to its pooling.
    ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"),
    ("features",),
    ("stem", "trunk_output"),
    ("conv_stem", "bn1", "blocks", "conv_head", "bn2"),
    ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5"),
    ("conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b", "maxpool3", "inception4a",
     "inception4b", "inception4c", "inception4d", "inception4e", "maxpool4", "inception5a", "inception5b"),
    ("stem", "stages"),
    ("stem", "s1", "s2", "s3", "s4"),
    ("layers",),
)  # fmt: skip


def translated(tensors: Tensors) -> tuple[dict[str, Tensor], Dialect | None]:
    """The tensors under torchvision's or timm's names, and whose names they had; None where no dialect is known."""
    dialect = next((one for one in DIALECTS if any(re.search(one.sign, name) for name in tensors)), None)
    if dialect is None:
        return dict(tensors), None
    prepared = dialect.prepare(dict(tensors)) if dialect.prepare else tensors
    return {_renamed(name, dialect.renames): tensor for name, tensor in prepared.items()}, dialect


def _renamed(name: str, renames: Sequence[tuple[str, str]]) -> str:
    for pattern, instead in renames:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(instead)
    return name


def numbered(tensors: Tensors, chain: Sequence[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(body, rest): names that begin with the number of one of the chain's children begin with the child's name."""
    body, rest = {}, {}
    for name, tensor in tensors.items():
        first, _, below = name.partition(".")
        if first.isdecimal() and len(first) < 4 and int(first) < len(chain):
            body[f"{chain[int(first)]}.{below}"] = tensor
        else:
            rest[name] = tensor
    return body, rest
