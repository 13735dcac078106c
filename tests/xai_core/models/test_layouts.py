"""Where a layer keeps the picture's places: known from the pass, or proved by marks; nothing by shape alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import xai_core as xai
from xai_core.models.grid import Grid, to_maps
from xai_core.models.layouts import layouts
from xai_core.models.place_probe import proved

SHAPE = (1, 3, 48, 48)


class Turned(nn.Module):
    """A convolution of 12 x 12 cells of 12 channels, so that no number tells the axes apart, then `turn`."""

    def __init__(self, turn: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 4, stride=4)
        self.target = Call(turn)
        self.head = nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        n = len(x)
        return self.head(self.target(self.stem(x)).reshape(n, -1))


class Call(nn.Module):
    """Computes, so that it is no mere rearrangement, and turns."""

    def __init__(self, turn: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.turn = turn

    def forward(self, x: Tensor) -> Tensor:
        return self.turn(x * 2)


def turned(turn: Callable[[Tensor], Tensor]) -> nn.Module:
    torch.manual_seed(0)
    network = Turned(turn).eval()
    with torch.no_grad():
        network(torch.randn(SHAPE))
    return network


def windows(x: Tensor) -> Tensor:
    n, c = x.shape[:2]
    return x.view(n, c, 3, 4, 3, 4).permute(0, 2, 4, 3, 5, 1)  # (n, wy, wx, y, x, c)


def whole_again(w: Tensor) -> Tensor:
    return w.permute(0, 1, 3, 2, 4, 5).reshape(len(w), 12, 12, 12)


PLACES: dict[str, tuple[Callable[[Tensor], Tensor], str, int]] = {
    "maps": (lambda x: x, "maps", 0),
    "channels last": (lambda x: x.permute(0, 2, 3, 1), "channels_last", 0),
    "channels last, by two transpositions": (lambda x: x.transpose(1, 2).transpose(2, 3), "channels_last", 0),
    "tokens": (lambda x: x.flatten(2).transpose(1, 2), "tokens", 0),
    "tokens behind three others": (
        lambda x: torch.cat([x.new_ones(len(x), 3, 12), x.flatten(2).mT], dim=1),
        "tokens",
        3,
    ),
    "tokens before another": (lambda x: torch.cat([x.flatten(2).mT, x.new_ones(len(x), 1, 12)], dim=1), "tokens", 0),
    "windows put together again": (lambda x: whole_again(windows(x)), "channels_last", 0),
    "rolled there and back": (lambda x: x.roll((2, 3), (2, 3)).roll((-2, -3), (2, 3)), "maps", 0),
    "padded and cut": (lambda x: nn.functional.pad(x, (1, 2, 3, 0))[:, :, 3:, 1:13], "maps", 0),
}
NO_PLACES: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "rows before channels": (lambda x: x.transpose(1, 2), "another order"),
    "columns before rows": (lambda x: x.transpose(2, 3), "another order"),
    "pictures behind": (lambda x: x.transpose(0, 1).flatten(1).view(12, -1, 12), "not the pictures"),
    "windows among the pictures": (lambda x: windows(x).reshape(-1, 4, 4, 12), "not the pictures"),
    "windows one after another": (lambda x: windows(x).reshape(len(x), 144, 12), "another order"),
    "tokens by columns": (lambda x: x.permute(0, 3, 2, 1).flatten(1, 2), "another order"),
    "rolled": (lambda x: x.roll(3, 2), "another order"),
    "heads before tokens": (lambda x: x.unflatten(1, (4, 3)).flatten(3).mT, "heads, groups or channels stand before"),
    "tokens behind channels": (lambda x: x.flatten(2), "heads, groups or channels stand before"),
    "patches among the pictures": (lambda x: x.permute(0, 2, 3, 1).reshape(-1, 12, 1), "not the pictures"),
    "averages": (lambda x: x.mean((2, 3))[:, :, None, None].expand(-1, -1, 12, 12), "no axis keeps"),
    "a matrix of channels": (lambda x: x.flatten(2) @ x.flatten(2).mT, "no axis keeps"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_layout_that_can_be_followed_is_known(name: str) -> None:
    turn, kind, others = PLACES[name]
    network = turned(turn)
    grid = layouts(network, SHAPE, ["target"])["target"]
    assert isinstance(grid, Grid)
    assert (grid.kind, grid.height, grid.width, grid.channels, grid.others) == (kind, 12, 12, 12, others)
    inputs = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        maps = network.stem(inputs) * 2
    assert torch.equal(to_maps(network.target(network.stem(inputs)).detach(), grid), maps)
    found = xai.class_maps(network, inputs, ["target"], 1, relu=False)["target"]
    reference = maps.clone().requires_grad_()
    network.head(turn(reference).reshape(2, -1))[:, 1].sum().backward()
    expected = (reference.grad.mean((2, 3), keepdim=True) * maps).sum(1)
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NO_PLACES)
def test_what_is_no_grid_is_neither_listed_nor_accepted_and_says_why(name: str) -> None:
    turn, reason = NO_PLACES[name]
    network = turned(turn)
    assert reason in str(layouts(network, SHAPE, ["target"])["target"])
    with pytest.raises(xai.LayerError, match=reason):
        xai.class_maps(network, torch.randn(SHAPE), ["target"], 1)
    model = xai.wrap_model(network, input_size=(48, 48), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=list("abc"))
    assert [layer.name for layer in xai.layers(model)] == ["stem"]


@pytest.mark.parametrize("name", [*PLACES, *NO_PLACES])
def test_the_probe_reads_numbers_alone_and_agrees(name: str) -> None:
    network = turned({**PLACES, **{key: (turn, "", 0) for key, (turn, _) in NO_PLACES.items()}}[name][0])
    readings = [Grid("maps", 12, 12, 12), Grid("channels_last", 12, 12, 12)]
    readings += [Grid("tokens", 12, 12, 12, others) for others in (0, 1, 3)]
    known = layouts(network, SHAPE, ["target"])["target"]
    found = proved(network, SHAPE, {"target": readings}).get("target")
    if isinstance(known, Grid):
        assert found is not None
        assert (found.kind, found.others) == (known.kind, known.others)
    else:
        assert found is None


@pytest.mark.parametrize("name", ["maps", "channels last", "rows before channels", "rolled"])
def test_where_an_operation_says_nothing_the_probe_decides(name: str) -> None:
    turn, _, _ = {**PLACES, **{key: (one, "", 0) for key, (one, _) in NO_PLACES.items()}}[name]

    def hidden(x: Tensor) -> Tensor:
        order = torch.arange(12)
        return turn(x[:, :, order[:, None], order])  # a list of places, whose order nobody follows

    network = turned(hidden)
    known = layouts(network, SHAPE, ["target"])["target"]
    if name in PLACES:
        assert isinstance(known, Grid)
        assert known.kind == PLACES[name][1]
    else:
        assert "marks at some places" in str(known)


def read_by_the_probe(turn: Callable[[Tensor], Tensor], seed: int) -> object:
    """The layout behind a list of places, whose order nobody follows; a network of random weights."""
    order = torch.arange(12)
    torch.manual_seed(seed)
    network = Turned(lambda x: turn(x[:, :, order[:, None], order])).eval()
    with torch.no_grad():
        network(torch.randn(SHAPE))
    return layouts(network, SHAPE, ["target"])["target"]


def test_what_a_mark_changes_in_all_places_hides_none() -> None:
    found = [read_by_the_probe(lambda x: x + 30 * x.mean((2, 3), keepdim=True), seed) for seed in range(10)]
    assert found == [Grid("maps", 12, 12, 12)] * 10


def test_a_reading_with_the_columns_right_alone_never_passes() -> None:
    found = [read_by_the_probe(lambda x: x.transpose(1, 2), seed) for seed in range(40)]
    assert [layout for layout in found if isinstance(layout, Grid)] == []


def test_a_network_of_another_structure_is_asked_again_and_one_of_the_same_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[nn.Module] = []
    from xai_core.models import layouts as module

    original = module._surveyed
    monkeypatch.setattr(module, "_surveyed", lambda network, shape: asked.append(network) or original(network, shape))
    first = turned(PLACES["tokens"][0])
    layouts(first, SHAPE, ["target"])
    layouts(first, SHAPE, ["target"])
    layouts(turned(PLACES["tokens"][0]), SHAPE, ["target"])
    assert len(asked) <= 1
    first.stem = nn.Conv2d(3, 12, 3, stride=4)
    layouts(first, SHAPE, ["target"])
    assert first in asked


PASSES: list[str] = []


class Counted(nn.Module):
    """Notes on which device it runs; "meta" computes no numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.block = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        PASSES.append(x.device.type)
        return self.head(self.block(self.stem(x)).mean((2, 3)))


def test_knowing_the_layouts_costs_no_pass_of_numbers() -> None:
    network = Counted().eval()
    PASSES.clear()
    xai.class_maps(network, torch.randn(1, 3, 16, 16), ["stem", "block.0"], 0)
    assert PASSES == ["cpu"]  # maps by construction
    xai.class_maps(network, torch.randn(1, 3, 16, 16), ["block"], 0)
    assert PASSES == ["cpu", "meta", "cpu"]
    xai.class_maps(network, torch.randn(1, 3, 16, 16), ["block"], 1)
    assert PASSES == ["cpu", "meta", "cpu", "cpu"]
    model = xai.wrap_model(network, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=list("abc"))
    PASSES.clear()
    assert [layer.name for layer in xai.layers(model) if layer.suggested] == ["block.1"]
    assert "cpu" not in PASSES
