"""All of timm: every layer that is listed keeps the picture's places, and its map is plain autograd's."""

from pathlib import Path

import pytest
import timm

from tests.xai_core.models.network_check import check
from tests.xai_core.models.timm_networks import network_of, noise

# Of each of timm's modules the networks with the fewest parameters, up to six of at most 60 million, smallest first.
FAMILIES: dict[str, list[str]] = {
    family: names.split()
    for family, names in (
        line.split(": ") for line in Path(__file__).with_name("timm_registry.txt").read_text().splitlines()
    )
}
# Their smallest network takes some seconds of one core; the others all together about one minute.
SLOW = frozenset(
    [
        "beit", "byoanet", "coat", "convmixer", "crossvit", "csatv2", "cspnext", "davit", "deepseek_vit",
        "edgenext", "efficientformer", "efficientvim", "fastvit", "focalnet", "gcvit", "gemma4_vit",
        "hiera", "hieradet_sam2", "hrnet", "inception_resnet_v2", "inception_v3", "inception_v4",
        "mobilenetv5", "mvitv2", "naflexvit", "nasnet", "nest", "nextvit", "pnasnet", "qwen3_vit", "rdnet",
        "res2net", "selecsls", "sequencer", "swin_transformer_v2", "swin_transformer_v2_cr", "tnt",
        "tresnet", "vgg", "visformer", "vision_transformer_sam", "vitamin", "volo", "xception",
        "xception_aligned", "xcit",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(names[0], marks=[pytest.mark.every_checkpoint] if family in SLOW else [])
        for family, names in FAMILIES.items()
    ],
)
def test_the_smallest_network_of_each_family_is_read_right(name: str) -> None:
    network, size = network_of(name)
    assert check(network, size, noise(size)).trouble == []


@pytest.mark.every_checkpoint
@pytest.mark.parametrize("name", [name for names in FAMILIES.values() for name in names[1:]])
def test_more_networks_of_each_family_are_read_right(name: str) -> None:
    network, size = network_of(name)
    assert check(network, size, noise(size)).trouble == []


@pytest.mark.every_checkpoint
def test_no_family_is_left_out() -> None:
    assert {family for family in timm.list_modules() if timm.list_models(module=family)} == set(FAMILIES)
