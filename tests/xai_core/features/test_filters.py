"""First-layer filters are found by running the network, and drawn so that zero is mid grey."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

import xai_core as xai
from tests.networks import fingerprint
from xai_core.errors import LayerError, ModelError, NotApplicable
from xai_core.features.filters import convolution, filter_responses, first_layer, first_layer_filters, tiles


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "conv1"),
        ("alexnet", "features.0"),
        ("densenet121", "features.conv0"),
        ("mobilenet_v2", "features.0.0"),
        ("vit_b_32", "conv_proj"),
    ],
)
def test_torchvision_networks_show_the_convolution_that_meets_the_picture(name: str, layer: str) -> None:
    network = torchvision.models.get_model(name, weights=None)
    before = fingerprint(network)
    found = first_layer(network)
    assert found.name == layer
    assert torch.equal(found.filters, network.get_submodule(layer).weight)
    assert fingerprint(network) == before
    assert network.training


@pytest.mark.parametrize("key", ["imagenet", "digits"])
def test_the_bundled_models_agree_with_their_cards(key: str) -> None:
    model = xai.load_model(key, device="cpu")
    assert first_layer(model.module).name == model.config.first_conv


class Backwards(nn.Module):
    """Its first convolution was registered last, hides in a list, takes six channels and two groups."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Conv2d(4, 5, 3)
        self.parts = nn.ModuleList([nn.Conv2d(6, 4, (3, 5), groups=2, padding_mode="reflect", padding=1)])

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.parts[0](x * 2))


def test_the_order_of_running_counts_and_not_that_of_the_modules() -> None:
    found = first_layer(Backwards(), (6, 20, 20))
    assert (found.name, tuple(found.filters.shape), found.groups) == ("parts.0", (4, 3, 3, 5), 2)
    assert [found.channels_of(k) for k in range(4)] == [range(3), range(3), range(3, 6), range(3, 6)]


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 1, 5, 5))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, weight=self.kernel)


def test_a_functional_convolution_is_found_too() -> None:
    network = Functional()
    found = first_layer(network, (1, 12, 12))
    assert torch.equal(found.filters, network.kernel)
    assert found.name == "kernel"


def test_standardised_filters_are_shown_as_they_are_applied() -> None:
    network = timm.create_model("resnetv2_50x1_bit", pretrained=False)
    found = first_layer(network)
    assert found.name is None
    assert found.filters.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(found.filters.var(dim=(1, 2, 3), correction=0), torch.ones(64), atol=1e-3)


def test_a_network_of_one_size_is_tried_with_the_usual_ones() -> None:
    class Strict(nn.Module):
        def __init__(self, side: int) -> None:
            super().__init__()
            self.side, self.conv = side, nn.Conv2d(1, 2, 3)

        def forward(self, x: Tensor) -> Tensor:
            assert x.shape[-1] == self.side, f"a side of {self.side} is needed"
            return self.conv(x)

    assert first_layer_filters(Strict(299)).shape == (2, 1, 3, 3)
    with pytest.raises(ModelError, match=r"a side of 97 is needed. Give the size that it was made for as input_shape"):
        first_layer(Strict(97))
    assert first_layer(Strict(97), (1, 97, 97)).name == "conv"


def test_a_network_without_a_convolution_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="runs without a convolution"):
        first_layer(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)))


def test_responses_are_those_of_the_layer() -> None:
    network = torchvision.models.alexnet(weights=None).eval()
    inputs = torch.randn(1, 3, 100, 90)
    with torch.no_grad():
        assert torch.equal(filter_responses(network, inputs), network.features[0](inputs)[0])


def test_tiles_by_hand() -> None:
    filters = torch.zeros(3, 3, 1, 2)
    filters[0, 0, 0] = torch.tensor([2.0, -2.0])
    filters[0, 1, 0] = torch.tensor([1.0, 0.0])
    filters[1, 2, 0] = torch.tensor([0.5, 0.25])
    each = [[[255, 191, 128], [0, 128, 128]], [[128, 128, 255], [128, 128, 191]], [[128] * 3] * 2]
    assert tiles(filters).tolist() == [[tile] for tile in each]
    shared = [[[255, 191, 128], [0, 128, 128]], [[128, 128, 159], [128, 128, 143]], [[128] * 3] * 2]
    assert tiles(filters, "all").tolist() == [[tile] for tile in shared]
    assert tiles(filters).dtype == np.uint8


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_other_channels_get_a_grey_tile_each(channels: int) -> None:
    filters = torch.randn(4, channels, 5, 7)
    drawn = tiles(filters)
    assert drawn.shape == (4, channels, 5, 7, 3)
    assert (drawn[..., :1] == drawn).all()
    largest = filters.abs().amax(dim=(1, 2, 3), keepdim=True)
    assert np.abs(drawn[..., 0] / 127.5 - 1 - (filters / largest).numpy()).max() <= 0.5 / 127.5 + 1e-6


def test_a_scaling_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'each' by itself or 'all' alike, not 'both'"):
        tiles(torch.zeros(1, 3, 2, 2), "both")  # type: ignore[arg-type]


def test_three_channels_of_a_group_are_no_colours() -> None:
    found = first_layer(Backwards(), (6, 20, 20))
    assert not found.coloured
    assert tiles(found.filters, coloured=found.coloured).shape == (4, 3, 3, 5, 3)
    assert first_layer(nn.Conv2d(3, 4, 5), (3, 9, 9)).coloured
    assert not first_layer(nn.Conv2d(1, 4, 5), (1, 9, 9)).coloured


@pytest.mark.parametrize(
    ("name", "stride", "patches"), [("vit_b_32", 32, True), ("convnext_tiny", 4, True), ("alexnet", 4, False)]
)
def test_the_steps_tell_a_patch_embedding(name: str, stride: int, patches: bool) -> None:
    found = first_layer(torchvision.models.get_model(name, weights=None))
    assert (found.stride, found.cuts_patches) == ((stride, stride), patches)


def test_single_pixels_are_no_patches() -> None:
    assert not first_layer(nn.Conv2d(3, 4, 1), (3, 9, 9)).cuts_patches


def test_any_convolution_is_found_by_its_name_with_its_groups() -> None:
    network = torchvision.models.resnext50_32x4d(weights=None)
    found = convolution(network, "layer1.0.conv2")
    assert torch.equal(found.filters, network.layer1[0].conv2.weight)
    assert (tuple(found.filters.shape), found.groups, found.stride) == ((128, 4, 3, 3), 32, (1, 1))
    # An independent look: only the input channels that a filter reads have a gradient.
    inputs = torch.randn(1, 128, 5, 5, requires_grad=True)
    network.layer1[0].conv2(inputs)[0, 70].sum().backward()
    assert list(found.channels_of(70)) == inputs.grad.abs().sum(dim=(0, 2, 3)).nonzero().ravel().tolist()
    with pytest.raises(LayerError, match=r"'layer1.0.bn1' is a BatchNorm2d and has no filters; choose a convolution"):
        convolution(network, "layer1.0.bn1")
    with pytest.raises(LayerError, match="no layer 'conv9'"):
        convolution(network, "conv9")
