import pytest
import torch
from torch import Tensor, nn

from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.methods.occlusion import windows


class Sums(nn.Module):
    """Two classes: the sum of all pixels, and ten times the first pixel of the first channel."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x.sum(dim=(1, 2, 3)), 10 * x[:, 0, 0, 0]], dim=1)


def occluded(inputs: Tensor, **settings: object) -> Tensor:
    baselines = (torch.full((1,), -1.0), torch.full((1,), 1.0))
    return class_maps(Sums().eval(), inputs, [], [[0, 1]], method="occlusion", settings=settings, baselines=baselines)[
        "input"
    ]


def test_drops_of_windows_that_do_not_overlap_are_computed_by_hand():
    inputs = torch.arange(16.0).view(1, 1, 4, 4)
    maps = occluded(inputs, window=50, stride=50)
    # The sums of the four 2 x 2 windows: 0+1+4+5, 2+3+6+7, 8+9+12+13, 10+11+14+15.
    blocks = torch.tensor([[10.0, 18.0], [42.0, 50.0]])
    assert torch.equal(maps[0, 0], blocks.repeat_interleave(2, 0).repeat_interleave(2, 1))
    assert torch.equal(maps[0, 1], torch.zeros(4, 4))


def test_overlapping_windows_are_averaged():
    """A row of three pixels 1, 2, 4 with windows of 2 and stride 1: drops 3 and 6, so 3, (3 + 6) / 2, 6."""
    column = torch.tensor([1.0, 2.0, 4.0]).view(1, 1, 1, 3).repeat(1, 1, 2, 1) / 2
    maps = occluded(column, window=100, stride=50)[0, 0]
    assert maps.tolist() == [[3.0, 4.5, 6.0], [3.0, 4.5, 6.0]]


def test_windows_are_cut_off_at_the_border():
    assert windows((1, 5), 2, 2) == [(slice(0, 1), slice(0, 2)), (slice(0, 1), slice(2, 4)), (slice(0, 1), slice(4, 5))]
    assert windows((3, 3), 5, 1) == [(slice(0, 3), slice(0, 3))]


@pytest.mark.parametrize(("fill", "drop"), [("grey", 4 * 3), ("black", 4 * (3 + 1)), ("white", 4 * (3 - 1))])
def test_the_fill_is_what_the_window_is_painted_with(fill: str, drop: float):
    maps = occluded(torch.full((1, 1, 4, 4), 3.0), window=50, stride=50, fill=fill)
    assert maps[0, 0].unique().tolist() == [drop]


def test_blur_hides_detail_and_leaves_an_even_picture_alone():
    even = occluded(torch.full((1, 1, 32, 32), 3.0), window=50, stride=50, fill="blurred")
    assert even.abs().max() < 1e-3
    spot = torch.zeros(1, 1, 32, 32)
    spot[0, 0, 0, 0] = 1.0
    assert occluded(spot, window=25, stride=25, fill="blurred")[0, 1, 0, 0] > 5, "the spot held 10"


def test_a_stride_that_leaves_gaps_is_refused():
    with pytest.raises(ValueError, match="leaves gaps between windows of 20 %; choose a stride of at most the window"):
        occluded(torch.zeros(1, 1, 8, 8), window=20, stride=40)
