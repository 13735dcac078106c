"""Networks whose pictures change each other's answers: refused in a batch, or taken one by one where that is right."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Literal

import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

import xai_core as xai
from tests.networks import Small, fingerprint, relative_error
from xai_core.attribution.class_maps import class_maps
from xai_core.embedding.embedding_layer import embedder, find_embedding_layer
from xai_core.errors import ModelError
from xai_core.features.patch_job import LayerPatches, finder, patch_job
from xai_core.forward import mixing as mixing_file
from xai_core.forward.mixing import mixing
from xai_core.types import LoadedModel

INPUTS = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))


class Mixed(Small):
    """Small with a step between its blocks; what the step remembers lies in `memory`, `seen` or `count`."""

    def __init__(self, step: Callable[[Mixed, Tensor], Tensor]) -> None:
        torch.manual_seed(0)
        super().__init__()
        self.step = step
        self.rows = nn.MultiheadAttention(8, 2)  # reads (n, places, c) as so many rows of n tokens
        self.lstm = nn.LSTM(8, 8)
        self.register_buffer("memory", torch.zeros(8, 8, 8))
        self.seen: list[Tensor] = []
        self.count = 0

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(self.last(self.step(self, self.block(x) + x)).mean(dim=(2, 3)))


def tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


def maps(x: Tensor) -> Tensor:
    return x.transpose(1, 2).unflatten(2, (8, 8))


def likeness(_net: Mixed, x: Tensor) -> Tensor:
    rows = F.normalize(x.flatten(1))
    return ((rows @ rows.T) @ x.flatten(1)).view_as(x)


def other_statistics(_net: Mixed, x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, training=True)


def standardised(_net: Mixed, x: Tensor) -> Tensor:
    return (x - x.mean((0, 2, 3), keepdim=True)) / (x.std((0, 2, 3), keepdim=True) + 1e-5)


MIXING: dict[str, Callable[[Mixed, Tensor], Tensor]] = {
    "a mean over the pictures": lambda _net, x: x - 0.5 * x.mean(0, keepdim=True),
    "a faint mean": lambda _net, x: x - 0.01 * x.mean(0, keepdim=True),
    "a softmax over the pictures": lambda _net, x: x.softmax(0) + x,
    "statistics of the batch": standardised,
    "batch_norm in training": other_statistics,
    "one scale for all": lambda _net, x: x / x.abs().amax(),
    "attention along the wrong axis": lambda net, x: maps(net.rows(*[tokens(x)] * 3)[0]),
    "a recurrent layer along the wrong axis": lambda net, x: maps(net.lstm(tokens(x))[0]),
    "likeness to the others": likeness,
    "the picture beside it": lambda _net, x: x + 0.5 * x.roll(1, 0),
    "a sum so far": lambda _net, x: x.cumsum(0),
    "an order of the pictures": lambda _net, x: x.sort(0).values,
    "the number of pictures": lambda _net, x: x / len(x),
    "rows of two pictures in one": lambda _net, x: x.transpose(0, 1).reshape(x.shape),
}


def averaged(net: Mixed, x: Tensor) -> Tensor:
    net.memory.mul_(0.9).add_(0.1 * x.mean(0))
    return x - net.memory


def queued(net: Mixed, x: Tensor) -> Tensor:
    net.seen.append(x.mean(0))
    return x + torch.stack(net.seen).mean(0)


def against_the_first(net: Mixed, x: Tensor) -> Tensor:
    if not net.seen:
        net.seen.append(x[0])
    return x - net.seen[0]


def counted(net: Mixed, x: Tensor) -> Tensor:
    net.count += 1
    return x * net.count


UNSTEADY: dict[str, Callable[[Mixed, Tensor], Tensor]] = {
    "a memory that is a buffer": averaged,
    "a memory that is a list": queued,
    "the first picture": against_the_first,
    "a count of passes": counted,
    "random numbers": lambda _net, x: F.dropout(x, 0.5, training=True),
}


def gated(_net: Mixed, x: Tensor) -> Tensor:
    return x * torch.sigmoid(x.mean((2, 3), keepdim=True))


def experts(_net: Mixed, x: Tensor) -> Tensor:
    """Each place goes to two of eight experts: rounding may send it to others, which is no mixing."""
    best = tokens(x).topk(2, dim=-1)
    return maps(torch.zeros_like(tokens(x)).scatter(-1, best.indices, best.values.softmax(-1))) + x


class GhostNorm(nn.BatchNorm2d):
    """Statistics of parts of the batch in training, those of the training in eval mode."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        return torch.cat([super(GhostNorm, self).forward(part) for part in x.chunk(2)])


KEEPING: dict[str, Callable[[Mixed, Tensor], Tensor]] = {
    "a gate": gated,
    "a mixture of experts": experts,
    "steps": lambda _net, x: (x * 1e4).round() / 1e4,
    "a sort of places": lambda _net, x: maps(tokens(x).sort(1).values) + x,
    "rows of patches": lambda _net, x: maps(tokens(x).flatten(0, 1).view(len(x), 64, 8)),
    "a scale for each": lambda _net, x: x / x.abs().amax((1, 2, 3), keepdim=True),
    "a cache of shapes": lambda net, x: net.seen.append(torch.ones(8)) or x,  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("name", MIXING)
def test_pictures_that_would_change_each_other_are_refused_and_alone_they_are_not(name: str):
    network = Mixed(MIXING[name]).eval()
    before = fingerprint(network)
    with pytest.raises(ModelError, match="one picture at a time") as refusal:
        class_maps(network, INPUTS, ["last"], 0)
    assert "\n" not in str(refusal.value)
    assert class_maps(network, INPUTS[:1], ["last"], 0, relu=False)["last"].shape == (1, 1, 4, 4)
    assert fingerprint(network) == before


@pytest.mark.parametrize("name", UNSTEADY)
def test_networks_that_remember_or_draw_are_refused_by_what_they_do(name: str):
    network = Mixed(UNSTEADY[name]).eval()
    before = fingerprint(network)
    for asked in ({"layers": ["last"]}, {"layers": [], "method": "gradient"}):
        with pytest.raises(ModelError, match="draws random numbers or remembers"):
            class_maps(network, INPUTS, classes=0, **asked)  # type: ignore[arg-type]
    assert fingerprint(network) == before
    assert (network.seen, network.count) == ([], 0)


@pytest.mark.parametrize("name", KEEPING)
def test_gates_experts_and_rounding_are_no_mixing(name: str):
    network = Mixed(KEEPING[name]).eval()
    network.stem[1] = GhostNorm(8).eval()
    assert mixing(network, INPUTS) is None


class WritesIntoItsInput(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.mul_(2))


def test_writing_into_the_input_is_no_mixing():
    assert mixing(WritesIntoItsInput().eval(), INPUTS) is None


PIXEL: list[tuple[str, dict[str, Any]]] = [
    ("gradient", {}),
    ("smooth_grad", {"samples": 6, "batch": 3}),
    ("integrated_gradients", {"steps": 6, "batch": 4}),
    ("occlusion", {"window": 50, "stride": 50, "batch": 3}),
]


@pytest.mark.parametrize(("method", "settings"), PIXEL)
@pytest.mark.parametrize(
    "name", ["a mean over the pictures", "attention along the wrong axis", "the number of pictures"]
)
def test_methods_that_keep_no_activations_take_such_pictures_one_by_one(
    name: str, method: str, settings: dict[str, Any]
):
    network = Mixed(MIXING[name]).eval()
    together = class_maps(network, INPUTS, [], 1, method=method, settings=settings)["input"]
    for picture, found in zip(INPUTS.split(1), together.split(1), strict=True):
        alone = {**settings, "batch": 1} if settings else {}
        expected = class_maps(network, picture, [], 1, method=method, settings=alone)["input"]
        assert relative_error(found, expected) < 1e-4


@pytest.mark.parametrize("method", ["score_cam", "ablation_cam"])
def test_channels_of_one_picture_are_weighed_one_by_one_too(method: str):
    network = Mixed(MIXING["a mean over the pictures"]).eval()
    found, expected = (
        class_maps(network, INPUTS[:1], ["block"], 1, method=method, relu=False, settings={"batch": batch})["block"]
        for batch in (5, 1)
    )
    assert relative_error(found, expected) < 1e-4


@pytest.fixture
def model() -> LoadedModel:
    network = Mixed(MIXING["a mean over the pictures"]).eval()
    return xai.wrap_model(network, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b", "c"])


def test_a_sets_vectors_do_not_depend_on_what_stands_beside_them(model: LoadedModel):
    embed = embedder(model, find_embedding_layer(model, None))
    for together, alone in zip(embed(INPUTS), zip(*map(embed, INPUTS.split(1)), strict=True), strict=True):
        torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("by", ["activation", "contribution"])
def test_a_sets_patches_do_not_depend_on_what_stands_beside_them(model: LoadedModel, by: Literal["activation"]):
    find = finder(patch_job(model, xai.open_dataset("digits"), ["block"], by=by))
    found = find(INPUTS, range(3), {})["block"].ranked
    expected: dict[str, LayerPatches] = {}
    for image, picture in enumerate(INPUTS.split(1)):
        expected = find(picture, [image], expected)
    for name, value in vars(found).items():
        torch.testing.assert_close(value, getattr(expected["block"].ranked, name), rtol=1e-4, atol=1e-6)


def test_the_question_is_asked_once_of_a_structure(monkeypatch: pytest.MonkeyPatch):
    asked: list[nn.Module] = []
    examine = mixing_file._examined
    monkeypatch.setattr(mixing_file, "_examined", lambda net, inputs: asked.append(net) or examine(net, inputs))
    network = nn.Sequential(nn.Conv2d(3, 7, 3), nn.Flatten(), nn.Linear(7 * 14 * 14, 3)).eval()
    other = deepcopy(network)
    nn.init.normal_(other[2].weight)
    for each in (network, network, other):
        class_maps(each, INPUTS, ["0"], 0)
    assert asked == [network]
    class_maps(network, INPUTS[:1], ["0"], 0)
    wider = nn.Sequential(nn.Conv2d(3, 9, 3), nn.Flatten(), nn.Linear(9 * 14 * 14, 3)).eval()
    class_maps(wider, INPUTS[:1], ["0"], 0)  # one picture: nothing is asked
    assert asked == [network]


def test_weights_that_are_still_zero_do_not_hide_it():
    network = Mixed(MIXING["a mean over the pictures"]).eval()
    nn.init.zeros_(network.head.weight)
    assert mixing(network, INPUTS) is not None


@pytest.mark.parametrize(
    "name", ["mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1", "mnasnet0_5", "resnet18"]
)
def test_torchvisions_networks_keep_pictures_apart(name: str):
    torch.manual_seed(0)
    assert mixing(torchvision.models.get_model(name).eval(), torch.zeros(2, 3, 64, 64)) is None


@pytest.mark.parametrize("name", timm.list_models("test_*"))
def test_timms_small_networks_keep_pictures_apart(name: str):
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=5).eval()
    assert mixing(network, torch.zeros(2, *network.default_cfg["input_size"])) is None
