import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn

from tests.networks import Small, fingerprint
from tests.xai_core.forward.field_probes import gradient_boxes, positive_copy
from xai_core.errors import LayerError, ModelError
from xai_core.forward.receptive_field import receptive_field, receptive_fields
from xai_core.types import Box


def torchvision_network(name: str) -> nn.Module:
    with torch.device("meta"):
        return torchvision.models.get_model(name, weights=None).eval()


PUBLISHED = [
    ("vgg16", "features.28", 196, 16),  # conv5_3
    ("vgg16", "features.30", 212, 32),  # pool5
    ("alexnet", "features.10", 163, 16),  # conv5: 11 + 2 * 4 + 4 * 8 + 2 * 8 + 3 * 2 * 16
    ("resnet18", "layer4", 435, 32),
    ("resnet50", "layer4", 427, 32),  # 483 with the stride in the 1 x 1 convolutions, as first published
    ("resnet50", "layer3", 267, 16),
]


@pytest.mark.parametrize(("name", "layer", "size", "stride"), PUBLISHED)
def test_published_sizes(name: str, layer: str, size: int, stride: int) -> None:
    field = receptive_field(torchvision_network(name), layer, (224, 224))
    assert field.size == (size, size)
    assert field.stride == (stride, stride)


def test_unit_boxes_by_hand() -> None:
    """A 5 x 5 convolution with stride 2 and padding 2, then a 3 x 3 maximum with stride 2 that rounds up."""
    module = nn.Sequential(nn.Conv2d(1, 2, 5, 2, 2), nn.MaxPool2d(3, 2, ceil_mode=True))
    field = receptive_field(module, "1", (12, 9))
    assert (field.size, field.stride, field.start, field.input_size) == ((9, 9), (4, 4), (-2, -2), (12, 9))
    # Grid 6 x 5, then 3 x 2; row 2 of the pool has only rows 4 and 5 to look at, which see 6 to 10 and 8 to 12.
    assert field.boxes.shape == (3, 2, 4)
    assert field.box((0, 0)) == Box(0, 0, 7, 7)
    assert field.box((0, 0), clipped=False) == Box(-2, -2, 7, 7)
    assert field.box((1, 2, 1)) == Box(2, 6, 9, 12), "a unit may name its channel"
    assert field.box((2, 1), clipped=False) == Box(2, 6, 11, 15)
    assert not field.whole


def test_any_number_of_channels_dilated_and_grouped_convolutions() -> None:
    for channels in (1, 6):
        module = nn.Sequential(
            nn.Conv2d(channels, 6, (3, 5), (1, 2), (1, 0), dilation=(2, 1)),
            nn.Conv2d(6, 6, 3, groups=3, padding=2, dilation=2),
        )
        field = receptive_field(module, "1", (20, 31))
        assert field.size == (1 + 2 * 2 + 2 * 2, 1 + 4 + 2 * 2 * 2)
        assert (field.stride, field.start) == ((1, 2), (-1 - 2, -2 * 2))
        for unit, box in gradient_boxes(positive_copy(module), "1", (channels, 20, 31)).items():
            assert field.box(unit) == Box(*box)


class Written(nn.Module):
    """A network given by its forward function, with one layer `last` behind it that changes nothing."""

    def __init__(self, forward: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.last, self.function = nn.Conv2d(2, 4, 3, padding=1), nn.Identity(), forward

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(self.conv, x) + 0)


F = nn.functional
FUNCTIONS = {
    "functional pooling": lambda c, x: F.avg_pool2d(F.relu(c(x)), 3, 2, ceil_mode=True),
    "pools that shrink by bins which overlap": lambda c, x: F.adaptive_avg_pool2d(c(x), (4, 3)),
    "pools that change nothing": lambda c, x: F.adaptive_avg_pool2d(c(x), (11, 9)),
    "sum of branches": lambda c, x: x.repeat(1, 2, 1, 1).add_(c(c(x)[:, :2])),
    "branches side by side": lambda c, x: torch.cat([x, F.avg_pool2d(c(x), 5, 1, 2)], dim=1),
    "padding on one side": lambda c, x: F.conv2d(F.pad(x, (0, 3, 1, 0)), c.weight, stride=2),
    "padding by words": lambda c, x: F.conv2d(x, c.weight, padding="same", dilation=2),
    "reflected padding": lambda c, x: F.conv2d(F.pad(x, (2, 2, 1, 1), mode="reflect"), c.weight),
    "repeated padding": lambda c, x: F.conv2d(F.pad(x, (2, 2, 1, 1), mode="replicate"), c.weight),
    "transposed convolution": lambda c, x: F.conv_transpose2d(x[:, :, ::2], c.weight.transpose(0, 1), None, 2, 1, 1),
    "doubled": lambda c, x: F.interpolate(c(x), scale_factor=2),
    "enlarged to a size": lambda c, x: F.interpolate(c(x), (17, 20), mode="nearest-exact"),
    "interpolated": lambda c, x: F.interpolate(c(x), (22, 27), mode="bilinear"),
    "interpolated between corners": lambda c, x: F.interpolate(c(x), (21, 17), mode="bilinear", align_corners=True),
    "rows left out": lambda c, x: c(x[:, :, 1::2, 2:]),
    "upside down": lambda c, x: c(x).flip(2),
    "shifted around": lambda c, x: c(x.roll(3, dims=3)),
    "channels last": lambda c, x: (c(x).permute(0, 2, 3, 1) @ c.weight[:, 0, :, 0].abs()).permute(0, 3, 1, 2),
    "joined below each other": lambda c, x: torch.cat([c(x), x.new_ones(1, 4, 2, 9), x.repeat(1, 2, 1, 1)], dim=2),
    "places to channels": lambda c, x: c(F.pixel_unshuffle(F.pad(x[:, :1], (0, 1, 0, 1)), 2)[:, 1:3]),
    "tokens and back": lambda c, x: c(x).flatten(2).transpose(1, 2).transpose(1, 2).reshape(1, 4, 11, 9),
    "rows averaged": lambda c, x: c(x).mean(2, keepdim=True),
}


@pytest.mark.parametrize("what", FUNCTIONS)
def test_however_it_is_written_a_unit_sees_what_has_a_gradient(what: str) -> None:
    module = positive_copy(Written(FUNCTIONS[what]))
    field = receptive_field(module, "last", (11, 9))
    for unit, box in gradient_boxes(module, "last", (2, 11, 9)).items():
        assert field.box(unit) == Box(*box), unit
        window = field.box(unit, clipped=False)
        if what != "reflected padding" and box[0] < box[2]:  # what is reflected lies behind the window
            assert window == Box(
                min(window.left, box[0]), min(window.top, box[1]), max(window.right, box[2]), max(window.bottom, box[3])
            )


def _attend(conv: nn.Module, x: Tensor) -> Tensor:
    tokens = conv(x).flatten(2).transpose(1, 2)
    return F.scaled_dot_product_attention(tokens, tokens, tokens).transpose(1, 2).reshape(1, 4, 11, 9)


def _gate(conv: nn.Module, x: Tensor) -> Tensor:
    return conv(x) * conv(x).mean((2, 3), keepdim=True).sigmoid()


WHOLE = {
    "an average": lambda c, x: F.adaptive_avg_pool2d(c(x), 1),
    "an average over all": _gate,
    "attention": _attend,
    "a fully connected layer": lambda c, x: F.linear(c(x).flatten(1), c.weight.new_ones(99, 396)).reshape(1, 1, 11, 9),
    "a normalisation": lambda c, x: F.group_norm(c(x), 2),
    "a normalisation over all": lambda c, x: F.instance_norm(c(x)),
    "'grid_sampler_2d', which this analysis cannot follow": lambda c, x: F.grid_sample(
        c(x), x.new_zeros(1, 11, 9, 2), align_corners=False
    ),
}


@pytest.mark.parametrize("why", WHOLE)
def test_a_field_that_is_the_whole_picture_says_so_and_why(why: str) -> None:
    field = receptive_field(Written(WHOLE[why]), "last", (11, 9))
    assert field.whole
    assert why in (field.reason or "")
    assert (field.boxes == (0, 0, 9, 11)).all()


def test_behind_a_gate_the_windows_keep_their_numbers() -> None:
    field = receptive_field(Written(_gate), "last", (11, 9))
    assert field.whole
    assert (field.size, field.stride, field.start) == ((3, 3), (1, 1), (-1, -1))
    assert field.box((4, 4), clipped=False) == Box(3, 3, 6, 6)


def test_windows_that_outgrow_the_picture_are_no_attention() -> None:
    field = receptive_field(nn.Sequential(nn.Conv2d(3, 1, 31, padding=15)), "0", (11, 9))
    assert field.reason == "Every unit sees the whole picture: its windows together are wider than the picture."
    assert field.size == (31, 31)


def test_a_unit_that_sees_only_padding_has_no_box() -> None:
    field = receptive_field(nn.Sequential(nn.Conv2d(1, 1, 1, padding=1)), "0", (4, 4))
    assert field.box((0, 2)) == Box(0, 0, 0, 0)
    assert field.box((1, 2)) == Box(1, 0, 2, 1)


def test_values_written_into_parts_of_a_tensor_are_never_underestimated() -> None:
    def shift(conv: nn.Module, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        out[:, :, 2:] = x[:, :, :-2]
        return conv(out)

    def view_of_zeros(conv: nn.Module, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        early = out.flatten(2)
        out.copy_(x)
        return conv(early.view_as(x))

    def rewritten(conv: nn.Module, x: Tensor) -> Tensor:
        maps = conv(x)
        maps[:, :2] += F.avg_pool2d(maps[:, 2:], 3, 1, 1)
        return maps

    for forward in (shift, view_of_zeros, rewritten):
        field = receptive_field(Written(forward), "last", (11, 9))
        assert "written into parts" in (field.reason or "")


def test_in_place_operations_that_add_nothing_to_see_leave_parts_as_they_are() -> None:
    def halves(conv: nn.Module, x: Tensor) -> Tensor:
        maps = conv(x)
        maps[:, :2].relu_()
        return maps.add_(x[:, :1])

    assert receptive_field(Written(halves), "last", (11, 9)).size == (3, 3)


def test_an_in_place_sum_does_not_rewrite_the_layer_before_it() -> None:
    fields = receptive_fields(Small(), ["stem", "block", "act"], (32, 32))
    assert [fields[name].size[0] for name in ("stem", "block", "act")] == [3, 7, 7]


def test_a_network_that_looks_at_values_is_followed_on_a_black_picture() -> None:
    def choose(conv: nn.Module, x: Tensor) -> Tensor:
        return conv(x) if float(x.max()) < 1 else x.repeat(1, 2, 1, 1)

    assert receptive_field(Written(choose), "last", (11, 9)).size == (3, 3)


def test_the_network_stays_as_it_was_also_in_training_mode_and_in_many_threads() -> None:
    module = Small().train()
    before = fingerprint(module)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda size: receptive_field(module, "last", (size, 32)), range(20, 36)))
    assert fingerprint(module) == before
    assert {field.size for field in found} == {(11, 11)}
    for field, size in zip(found, range(20, 36), strict=True):
        alone = receptive_field(module, "last", (size, 32))
        assert np.array_equal(field.boxes, alone.boxes)


def test_refusals_say_what_to_do() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.unused = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
            self.table = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.conv(x)).mean() + self.table(torch.ones(1, 2))

    with pytest.raises(LayerError, match="runs more than once"):
        receptive_field(Twice(), "conv", (4, 4))
    with pytest.raises(LayerError, match="did not run"):
        receptive_field(Twice(), "unused", (4, 4))
    with pytest.raises(LayerError, match="does not depend on the picture"):
        receptive_field(Twice(), "table", (4, 4))
    with pytest.raises(LayerError, match="with the channels last"):
        receptive_field(Written(lambda c, x: c(x).permute(0, 2, 3, 1)), "last", (11, 9))
    with pytest.raises(LayerError, match="no layer 'nope'"):
        receptive_field(Twice(), "nope", (4, 4))
    with pytest.raises(ModelError, match=r"\(channels, height, width\); \(4,\) was given"):
        receptive_field(Twice(), "conv", (4,))
    with pytest.raises(ModelError, match=r"cannot run on an input of \(5, 4, 4\)"):
        receptive_field(Twice(), "conv", (5, 4, 4))
    with pytest.raises(LayerError, match=r"grid is 4 x 4, so it has no unit \(0, 4\)"):
        receptive_field(nn.Sequential(nn.Conv2d(3, 1, 1)), "0", (4, 4)).box((0, 4))


def test_all_layers_of_a_resnet_50_take_one_pass_without_values() -> None:
    module = torchvision_network("resnet50")
    layers = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.BatchNorm2d)]
    receptive_fields(module, layers, (224, 224))
    start = time.thread_time()
    fields = receptive_fields(module, layers, (224, 224))
    assert len(fields) == 106
    assert time.thread_time() - start < 0.5, "seconds of one core; 0.1 were measured"
