"""What is derived from layers must be what the network itself shows, at every unit, edges and corners included."""

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.ops.misc import Permute

from tests.xai_core.forward.field_probes import gradient_boxes, map_layers, nan_boxes, network, positive_copy
from xai_core.forward.receptive_field import receptive_field, receptive_fields
from xai_core.types import Box, ReceptiveField

EVERYWHERE = {
    "alexnet": (3, 75, 66),
    "vgg16": (3, 36, 41),
    "resnet18": (3, 75, 66),
    "resnet50": (3, 50, 41),
    "googlenet": (3, 75, 66),
    "densenet121": (3, 49, 42),
    "mobilenet_v2": (3, 75, 66),
    "bundled": (3, 75, 66),
    "shufflenet_v2_x0_5": (3, 75, 66),  # channels change places
    "mobilenet_v3_small": (3, 75, 66),  # gates
}
SOMEWHERE = {
    "alexnet": ["features.5", "features.10", "features.12"],
    "vgg16": ["features.28"],
    "resnet18": ["layer1", "layer2", "layer4"],
    "resnet50": ["maxpool", "layer2", "layer4"],
    "googlenet": ["maxpool2", "inception3b", "inception5b"],
    "densenet121": ["features.transition1", "features.denseblock2", "features.transition3"],
    "mobilenet_v2": ["features.3", "features.6", "features.18"],
    "bundled": ["blocks.1", "blocks.2", "bn2"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_unit_of_every_layer_sees_what_a_row_or_column_of_nan_reaches(name: str) -> None:
    module, shape = network(name), EVERYWHERE[name]
    layers = map_layers(module, shape)
    fields, probed = receptive_fields(module, layers, shape), nan_boxes(module, layers, shape)
    wrong = [layer for layer in layers if not np.array_equal(fields[layer].boxes, probed[layer])]
    assert not wrong, f"{len(wrong)} of {len(layers)} layers, first '{wrong[0]}'"
    assert len(layers) > 10


@pytest.mark.slow
def test_attention_in_shifted_windows_is_followed_too() -> None:
    stages = nn.Sequential(*list(network("swin_t").features)[:4], Permute([0, 3, 1, 2]))
    field, probed = receptive_field(stages, "4", (3, 40, 120)), nan_boxes(stages, ["4"], (3, 40, 120))
    assert np.array_equal(field.boxes, probed["4"])
    assert len(np.unique(field.boxes.reshape(-1, 4), axis=0)) > 1, "not the whole picture everywhere"


@pytest.mark.slow
@pytest.mark.parametrize("name", SOMEWHERE)
def test_units_see_what_has_a_gradient_in_an_all_positive_copy(name: str) -> None:
    module, shape = network(name), (3, 224, 200)
    fields, positive = receptive_fields(module, SOMEWHERE[name], shape), positive_copy(module)
    for layer, field in fields.items():
        h, w = field.boxes.shape[:2]
        units = [(h // 2, w // 2), (0, 0), (h - 1, w - 1)]
        units += [] if name == "vgg16" else [(0, w - 1), (h - 1, 0), (h // 2, 0), (h - 1, w // 2)]
        for unit, box in gradient_boxes(positive, layer, shape, units).items():
            assert field.box(unit) == Box(*box), (layer, unit)


@pytest.mark.parametrize(
    ("name", "layer"), [("alexnet", "features.10"), ("resnet18", "layer2"), ("bundled", "blocks.2")]
)
def test_away_from_the_edges_size_stride_and_start_give_the_same_boxes(name: str, layer: str) -> None:
    field = receptive_fields(network(name), [layer], (3, 224, 200))[layer]
    h, w = field.boxes.shape[:2]
    inside = 0
    for i in range(h):
        for j in range(w):
            window = field.box((i, j), clipped=False)
            if min(window.left, window.top) >= 0 and window.right <= 200 and window.bottom <= 224:
                assert field.box((i, j)) == window
                inside += 1
    assert inside >= 6


DEEP = {
    "alexnet": "features.10",
    "vgg16": "features.28",
    "resnet18": "layer3",
    "resnet50": "layer3",
    "googlenet": "inception4a",
    "densenet121": "features.denseblock2",
    "mobilenet_v2": "features.13",
    "bundled": "blocks.4",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_size_stride_and_start_are_those_that_gradients_show_away_from_the_edges(name: str) -> None:
    module, layer = network(name), DEEP[name]
    size, stride = (int(pair[0]) for pair in numbers(receptive_field(module, layer, (3, 64, 64)))[:2])
    side = size + 3 * stride
    field = receptive_field(module, layer, (3, side, side))
    i = -int(field.start[0] // stride)  # the first unit whose window begins inside
    boxes = gradient_boxes(positive_copy(module), layer, (3, side, side), [(i, i), (i, i + 1), (i + 1, i)])
    (left, top, right, bottom), (next_left, _, _, _), (_, next_top, _, _) = boxes.values()
    assert min(left, top) >= 0 < side - max(right, bottom), "an interior unit"
    probed = (bottom - top, right - left), (next_top - top, next_left - left)
    assert numbers(field) == (*probed, (top - i * probed[1][0], left - i * probed[1][1]))


def numbers(field: ReceptiveField) -> tuple[tuple[float, float], ...]:
    return field.size, field.stride, field.start


CROPS = [
    ("alexnet", "features.6"),
    ("vgg11", "features.13"),
    ("resnet18", "layer2"),
    ("googlenet", "inception3b"),
    ("densenet121", "features.transition1"),
    ("mobilenet_v2", "features.6"),
    ("bundled", "blocks.2"),
]


@pytest.mark.parametrize(("name", "layer"), CROPS)
def test_a_units_crop_alone_in_its_place_on_a_constant_canvas_excites_it_as_before(name: str, layer: str) -> None:
    module, image = network(name), torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    field = receptive_fields(module, [layer], image.shape[1:])[layer]
    i, j = field.boxes.shape[0] // 2, field.boxes.shape[1] // 2 + 1
    box = field.box((i, j))
    assert box == field.box((i, j), clipped=False), "an interior unit"
    left, top, right, bottom = (int(edge) for edge in (box.left, box.top, box.right, box.bottom))

    def on_canvas(left: int, top: int, right: int, bottom: int) -> torch.Tensor:
        canvas = torch.full_like(image, 0.7)
        canvas[..., top:bottom, left:right] = image[..., top:bottom, left:right]
        return canvas

    thin = (right - left) // 4  # a crop that is too small must be noticed
    inputs = torch.cat([image, on_canvas(left, top, right, bottom), on_canvas(left + thin, top, right - thin, bottom)])
    kept: list[torch.Tensor] = []
    module.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.append(out.clone()))
    with torch.no_grad():
        module(inputs)
    before, alone, too_small = kept[0][:, :, i, j]
    error = (alone - before).abs().max() / before.abs().max()
    assert error < 1e-5
    assert (too_small - before).abs().max() / before.abs().max() > 1e-3
