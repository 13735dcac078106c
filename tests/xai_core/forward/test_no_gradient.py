"""Where there is no gradient, or none that is a number, a map is refused with the reason that is true."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import xai_core as xai

INPUTS = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """stem, body and last in a row, joined by `through`, then a linear head on `pool`."""

    def __init__(
        self,
        through: Callable[[Net, Tensor], Tensor] | None = None,
        pool: Callable[[Tensor], Tensor] = lambda x: x.mean((2, 3)),
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.body = nn.Conv2d(6, 6, 3, padding=1)
        self.act = nn.ReLU()
        self.last = nn.Conv2d(6, 6, 3, padding=1)
        self.head = nn.Linear(6, 3)
        self.through, self.pool = through, pool

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.body(x) if self.through is None else self.through(self, x)
        return self.head(self.pool(self.act(self.last(x))))


def made(*args: Callable[..., Tensor]) -> Net:
    torch.manual_seed(0)
    return Net(*args).eval()


def in_no_grad(net: Net, x: Tensor) -> Tensor:
    with torch.no_grad():
        return net.body(x)


HIDDEN: dict[str, Callable[[Net, Tensor], Tensor]] = {
    "no_grad": in_no_grad,
    "detach": lambda net, x: net.body(x).detach(),
    "data": lambda net, x: net.body(x).data,
    "numbers taken out": lambda net, x: torch.from_numpy(net.body(x).detach().numpy()),
}
CHECKPOINTED: dict[str, Callable[[Net, Tensor], Tensor]] = {
    "reentrant": lambda net, x: checkpoint(net.body, x, use_reentrant=True),
    "not reentrant": lambda net, x: checkpoint(lambda y: net.body(y).square(), x, use_reentrant=False),
}
NO_NUMBER: dict[str, Callable[[Tensor], Tensor]] = {
    "standard deviation": lambda x: x.var((2, 3)).sqrt(),
    "L2 pooling": lambda x: x.square().sum((2, 3)).sqrt(),
    "division by a length": lambda x: x.sum((2, 3)) / x.square().sum((2, 3)).sqrt(),
}


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("method", ["grad_cam", "layer_cam", "hires_cam"])
def test_a_gradient_that_is_hidden_is_not_called_no_influence(name: str, method: str) -> None:
    with pytest.raises(xai.LayerError, match="takes no gradient between layer 'stem'"):
        xai.class_maps(made(HIDDEN[name]), INPUTS, ["stem"], 1, method)
    assert bool(xai.class_maps(made(HIDDEN[name]), INPUTS, ["last"], 1, method, relu=False)["last"].count_nonzero())


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("method", ["gradient", "gradient_x_input", "integrated_gradients", "guided_backprop"])
def test_a_map_of_pixels_is_not_silently_blank(name: str, method: str) -> None:
    with pytest.raises(xai.NotApplicable, match="takes no gradient on the way from the pixels"):
        xai.class_maps(made(HIDDEN[name]), INPUTS, [], 1, method)


def test_methods_without_gradients_still_answer() -> None:
    maps = xai.class_maps(made(HIDDEN["detach"]), INPUTS, ["stem"], 1, "eigen_cam")["stem"]
    assert bool(maps.count_nonzero())


def test_a_layer_that_does_not_matter_still_has_no_influence() -> None:
    network = made(lambda net, x: net.body(x) * 0 + 1)
    network.through = lambda net, x: (net.body(x), torch.ones_like(x))[1]
    with pytest.raises(xai.LayerError, match="no influence on the score"):
        xai.class_maps(network, INPUTS, ["body"], 1)
    blank = xai.class_maps(network, INPUTS, [], 1, "gradient")["input"]
    assert not bool(blank.count_nonzero())


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("name", CHECKPOINTED)
def test_gradient_checkpointing_is_named(name: str) -> None:
    with pytest.raises(xai.LayerError, match=r"gradient checkpointing.*switch it off"):
        xai.class_maps(made(CHECKPOINTED[name]), INPUTS, ["stem", "body"], 1)


@pytest.mark.parametrize("name", ["a lambda", "weights alone"])
def test_a_layer_that_works_unseen_is_not_said_to_be_idle(name: str) -> None:
    network = made()
    held = network.body
    network.through = {
        "a lambda": lambda _net, x: held(x),
        "weights alone": lambda net, x: nn.functional.conv2d(x, net.body.weight, net.body.bias, padding=1),
    }[name]
    with pytest.raises(xai.LayerError, match="is not called as the network's own module"):
        xai.class_maps(network, INPUTS, ["body"], 1)


def test_a_layer_that_is_idle_is_said_to_be() -> None:
    with pytest.raises(xai.LayerError, match="did not run in this network's forward pass"):
        xai.class_maps(made(lambda _net, x: x), INPUTS, ["body"], 1)


@pytest.mark.parametrize("name", NO_NUMBER)
@pytest.mark.parametrize("method", ["grad_cam", "grad_cam_pp", "layer_cam", "xgrad_cam"])
def test_a_dead_channel_behind_a_root_gives_no_map_of_nan(name: str, method: str) -> None:
    network = made(None, NO_NUMBER[name])
    with torch.no_grad():
        network.last.weight[2] = 0
        network.last.bias[2] = -1  # dead behind the ReLU
    with pytest.raises((xai.LayerError, xai.ModelError), match=r"not a number|not numbers"):
        xai.class_maps(network, INPUTS, ["act"], 1, method)


def test_a_map_of_pixels_is_not_of_nan_either() -> None:
    network = made(None, lambda x: (x * 0).square().sum((2, 3)).sqrt() + x.mean((2, 3)))
    with pytest.raises(xai.NotApplicable, match="at the pixels is not a number"):
        xai.class_maps(network, INPUTS, [], 1, "gradient")


FLAT: dict[str, Callable[[Net, Tensor], Tensor]] = {
    "rounded": lambda net, x: net.body(x).round(),
    "signs": lambda net, x: net.body(x).sign(),
    "saturated": lambda net, x: (1e12 * net.body(x)).sigmoid(),
    "clamped": lambda net, x: net.body(x).mul(1e12).clamp(-1, 1),
}


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("method", ["grad_cam", "layer_cam", "hires_cam", "grad_cam_pp"])
def test_a_gradient_of_zeros_is_not_shown_as_no_evidence(name: str, method: str) -> None:
    with pytest.raises(xai.LayerError, match="is exactly 0 everywhere, though other activations"):
        xai.class_maps(made(FLAT[name]), INPUTS, ["stem"], 1, method)
    assert bool(xai.class_maps(made(FLAT[name]), INPUTS, ["last"], 1, method, relu=False)["last"].count_nonzero())


def test_a_class_that_nothing_speaks_for_has_an_empty_map() -> None:
    net = made()
    with torch.no_grad():
        net.head.weight[1] = 0
    assert not bool(xai.class_maps(net, INPUTS, ["stem"], 1)["stem"].any())
