import numpy as np
import pytest
import torch
from torch import nn

from tests.networks import Small
from tests.xai_core.forward.field_probes import network
from xai_core.errors import LayerError
from xai_core.forward.pixel_gradient import effective_receptive_field
from xai_core.forward.receptive_field import receptive_field


class Sums(nn.Module):
    """Three 3 x 3 convolutions of ones: the field of a unit is a spline that can be written down."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(3)))
        for conv in self.convs:
            nn.init.ones_(conv.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convs(x).mean((2, 3))


def test_three_sums_of_three_pixels_give_the_coefficients_of_their_polynomial() -> None:
    field = effective_receptive_field(Sums().eval(), torch.rand(1, 1, 9, 11), "convs", (0, 4, 5))
    line = torch.tensor([1.0, 3.0, 6.0, 7.0, 6.0, 3.0, 1.0])  # (1 + x + x^2)^3
    expected = torch.zeros(9, 11)
    expected[1:8, 2:9] = torch.outer(line, line)
    assert torch.equal(field, expected)


def test_it_is_the_absolute_change_of_the_unit_for_a_change_of_each_pixel() -> None:
    torch.manual_seed(0)
    module, inputs = Small().eval().double(), torch.randn(2, 3, 8, 8, dtype=torch.double)
    field = effective_receptive_field(module, inputs, "act", (3, 2, 1))
    step, expected = 1e-6, torch.zeros(8, 8, dtype=torch.double)

    def unit(image: torch.Tensor) -> float:
        return module.act(module.block(module.stem(image)) + module.stem(image))[0, 3, 2, 1].item()

    with torch.no_grad():
        for n, c, i, j in np.ndindex(*inputs.shape):
            up, down = inputs[n : n + 1].clone(), inputs[n : n + 1].clone()
            up[0, c, i, j] += step
            down[0, c, i, j] -= step
            expected[i, j] += abs(unit(up) - unit(down)) / (2 * step) / len(inputs)
    assert expected.max() > 0
    assert torch.allclose(field, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "layer"), [("alexnet", "features.6"), ("resnet18", "layer2"), ("bundled", "blocks.2")]
)
def test_it_lies_inside_the_theoretical_field_and_is_strongest_in_the_middle(name: str, layer: str) -> None:
    module, inputs = network(name), torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    field = receptive_field(module, layer, (3, 128, 128))
    i, j = field.boxes.shape[0] // 2, field.boxes.shape[1] // 2
    box = field.box((i, j))
    effective = sum(effective_receptive_field(module, inputs, layer, (c, i, j)) for c in range(4))
    rows, columns = torch.nonzero(effective, as_tuple=True)
    assert box.left <= columns.min() < columns.max() < box.right
    assert box.top <= rows.min() < rows.max() < box.bottom
    quarter_h, quarter_w = (box.bottom - box.top) / 4, (box.right - box.left) / 4
    top, left = int(box.top + quarter_h), int(box.left + quarter_w)
    middle = effective[top : int(box.bottom - quarter_h), left : int(box.right - quarter_w)]
    assert middle.sum() > 0.4 * effective.sum(), "a quarter of the area"


def test_a_unit_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LayerError, match="no unit"):
        effective_receptive_field(Small().eval(), torch.rand(1, 3, 8, 8), "act", (0, 9, 0))
