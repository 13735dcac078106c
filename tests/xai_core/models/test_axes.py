"""Operations through which the picture's places are followed, each as networks in use have it, without any number."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.xai_core.models.test_layouts import Call
from xai_core.models.grid import Grid
from xai_core.models.layouts import calls

ACTIVATIONS = [
    nn.ELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.LogSigmoid, nn.PReLU, nn.ReLU,
    nn.ReLU6, nn.RReLU, nn.SELU, nn.CELU, nn.GELU, nn.Sigmoid, nn.SiLU, nn.Mish, nn.Softplus, nn.Softshrink,
    nn.Softsign, nn.Tanh, nn.Tanhshrink,
]  # fmt: skip


def layout_behind(part: nn.Module, side: int = 12) -> object:
    """What is known of the output of `part` on maps (n, 12, side, side)."""
    network = nn.Sequential(nn.Conv2d(3, 12, 4, stride=4), part).eval()
    return next(call.layout for call in calls(network, (1, 3, 4 * side, 4 * side)) if call.name == "1")


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda kind: kind.__name__)
def test_activations_keep_the_places(activation: type[nn.Module]) -> None:
    assert layout_behind(activation()) == Grid("maps", 12, 12, 12)


def test_a_gate_halves_the_channels() -> None:
    assert layout_behind(nn.GLU(1)) == Grid("maps", 12, 12, 6)


def windows(x: Tensor, size: int) -> Tensor:
    """(n, h, w, c) to (n * windows, size, size, c)."""
    n, h, w, c = x.shape
    return x.view(n, h // size, size, w // size, size, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, size, size, c)


def together(w: Tensor, side: int, n: int) -> Tensor:
    """The inverse: (n, side, side, c)."""
    size, c = w.shape[1], w.shape[-1]
    return w.view(n, side // size, side // size, size, size, c).permute(0, 1, 3, 2, 4, 5).reshape(n, side, side, c)


def merged(x: Tensor) -> Tensor:
    """(n, c, h, w) to half as many rows and columns of four times the channels, last, as in Swin."""
    n, c, h, w = x.shape
    return x.permute(0, 2, 3, 1).reshape(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 4, 2, 5).flatten(3)


def rolled_and_padded_windows(x: Tensor) -> Tensor:
    x = x.permute(0, 2, 3, 1).roll((-2, -2), (1, 2))
    x = together(windows(F.pad(x, (0, 0, 0, 3, 0, 3)), 5) * 2, 15, len(x))
    return x[:, :12, :12].roll((2, 2), (1, 2))


def padded_and_rolled_windows(x: Tensor) -> Tensor:
    x = F.pad(x.permute(0, 2, 3, 1), (0, 0, 0, 3, 0, 3)).roll((-2, -2), (1, 2))
    return together(windows(x, 5) * 2, 15, len(x)).roll((2, 2), (1, 2))[:, :12, :12]


def rolled_padded_and_rolled_back(x: Tensor) -> Tensor:
    """Not the inverse: the padding was not cut off before."""
    return F.pad(x.roll(-2, 2), (0, 0, 0, 3)).roll(2, 2)[:, :, :12]


def padded_rolled_and_cut(x: Tensor) -> Tensor:
    return F.pad(x, (0, 0, 0, 3)).roll(-2, 2)[:, :, :12]


def rolled_behind_a_merge(x: Tensor) -> Tensor:
    return merged(x).roll((-1, -1), (1, 2)).mul(2).roll((1, 1), (1, 2))


def pooled_in_windows(x: Tensor) -> Tensor:
    w = windows(x.permute(0, 2, 3, 1), 4).permute(0, 3, 1, 2)
    return together(F.max_pool2d(w, 2).permute(0, 2, 3, 1), 6, len(x))


def convolved_in_padded_windows(x: Tensor) -> Tensor:
    w = windows(F.pad(x.permute(0, 2, 3, 1), (0, 0, 0, 3, 0, 3)), 5).permute(0, 3, 1, 2)
    w = w + F.conv2d(w, w.new_ones(12, 1, 3, 3), padding=1, groups=12)
    return together(w.permute(0, 2, 3, 1), 15, len(x))[:, :12, :12]


def attention_to_pooled_places(x: Tensor) -> Tensor:
    tokens = x.flatten(2)
    fewer = F.avg_pool1d(tokens, 4)
    return ((tokens.mT @ fewer).softmax(-1) @ fewer.mT).mT.reshape(x.shape) + x


def attention_to_the_neighbourhood(x: Tensor) -> Tensor:
    n, c, _, _ = x.shape
    queries = windows(x.permute(0, 2, 3, 1), 4).flatten(1, 2)  # of 9 blocks
    around = F.pad(x, (1, 1, 1, 1)).unfold(2, 6, 4).unfold(3, 6, 4)  # (n, c, 3, 3, 6, 6)
    keys = around.permute(0, 2, 3, 4, 5, 1).reshape(-1, 36, c)
    mixed = (queries @ keys.mT).softmax(-1) @ keys
    return together(mixed.view(-1, 4, 4, c), 12, n)


def attention_of_halves(x: Tensor) -> Tensor:
    """A row's queries see the flipped row: whatever the keys' order, the queries keep theirs."""
    keys = x.flip(3)
    return (x.permute(0, 2, 3, 1) @ keys.permute(0, 2, 1, 3)).softmax(-1) @ keys.permute(0, 2, 3, 1)


def without_others_and_with_them_again(x: Tensor) -> Tensor:
    """What a transformer does to its class tokens, where it has none."""
    tokens = x.flatten(2).mT
    return torch.cat([tokens[:, :0], tokens[:, 0:] * 2], dim=1)


FOLLOWED = {
    "no class token put before the others": (without_others_and_with_them_again, Grid("tokens", 12, 12, 12)),
    "rolled and padded windows": (rolled_and_padded_windows, Grid("channels_last", 12, 12, 12)),
    "padded and rolled windows": (padded_and_rolled_windows, Grid("channels_last", 12, 12, 12)),
    "rolled behind a merge": (rolled_behind_a_merge, Grid("channels_last", 6, 6, 48)),
    "pooled in windows": (pooled_in_windows, Grid("channels_last", 6, 6, 12)),
    "convolved in padded windows": (convolved_in_padded_windows, Grid("channels_last", 12, 12, 12)),
    "attention to pooled places": (attention_to_pooled_places, Grid("maps", 12, 12, 12)),
    "attention to the neighbourhood": (attention_to_the_neighbourhood, Grid("channels_last", 12, 12, 12)),
    "attention to flipped rows": (attention_of_halves, Grid("channels_last", 12, 12, 12)),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_networks_do_with_windows_and_attention_is_followed(name: str) -> None:
    turn, grid = FOLLOWED[name]
    assert layout_behind(Call(turn)) == grid


def test_a_norm_of_single_numbers_leaves_nothing_of_the_picture() -> None:
    norm = nn.LayerNorm(1)
    layout = layout_behind(Call(lambda x: norm(x.mean(1).flatten(1)[..., None])))
    assert "in which no axis keeps the picture's rows and columns" in str(layout)


NOT_FOLLOWED = {
    "rows one by one, put together": lambda x: torch.stack([row * 2 for row in x.unbind(2)], dim=2),
    "rows one by one, put together the other way round": lambda x: torch.stack(list(x.unbind(2))[::-1], dim=2),
    "turned round": lambda x: x.flip(2),
    "added to itself turned round": lambda x: x + x.flip(2),
    "tokens of which five make one": lambda x: x.flatten(2)[..., :140].reshape(len(x), -1, 28, 5),
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_what_is_not_followed_is_unknown_and_no_guess(name: str) -> None:
    assert layout_behind(Call(NOT_FOLLOWED[name])) is None


@pytest.mark.parametrize("turn", [rolled_padded_and_rolled_back, padded_rolled_and_cut])
def test_a_roll_and_a_padding_undone_in_the_wrong_order_give_no_map(turn: Callable[[Tensor], Tensor]) -> None:
    assert not isinstance(layout_behind(Call(turn)), Grid)
