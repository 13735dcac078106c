"""Noisy linear imputation: missing pixels as the weighted mean of their neighbours, so that a gap leaves no trace.

Rong et al., A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML 2022.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

NOISE = 0.01  # standard deviation in the network's own scale, as in the authors' code
TOLERANCE = 1e-3  # of the largest residual, a tenth of the noise; pixels are then right to about 0.004
_MOST_ITERATIONS = 60
_COARSEST = 4
_DAMPING = 0.8
_LEAST_SHARE = 0.2  # below a quarter, the least that a cell with a known pixel has
_KERNEL = torch.tensor([[1.0, 2.0, 1.0], [2.0, 0.0, 2.0], [1.0, 2.0, 1.0]]) / 12


@dataclass(frozen=True, eq=False)
class _Grid:
    """One grid of the solver, as planes (1, p, h, w). gaps: 1 where a pixel is missing. weight: (1, 1, h, w), the sum
    of the neighbours' weights, less than 1 along the edge. pace: the damped inverse of it in the gaps, 0 elsewhere.
    """

    gaps: Tensor
    weight: Tensor
    pace: Tensor


def impute(
    images: Tensor, missing: Tensor, *, noise: float = NOISE, tolerance: float = TOLERANCE, seed: int = 0
) -> Tensor:
    """Pictures (n, c, H, W) with their missing pixels, bool (n, H, W), solved for and a little noise laid on them.

    Each missing pixel is the mean of its eight neighbours, the four at its sides counting twice; beyond the edge there
    are none. What the authors solve with a sparse factorisation is done here by conjugate gradients with a
    multigrid preconditioner. A picture of which nothing is left becomes its mean.
    """
    n, c, height, width = images.shape
    nothing_left = missing.flatten(1).all(dim=1)
    gaps = missing[:, None].to(images.dtype).expand(-1, c, -1, -1).reshape(1, n * c, height, width)
    known = images.reshape(1, n * c, height, width) * (1 - gaps)
    found = _solve(_neighbours(known).mul_(gaps), _grids(gaps), _guess(known, gaps), tolerance)
    filled = (known + found).view_as(images)
    filled[nothing_left] = images[nothing_left].mean(dim=(2, 3), keepdim=True)
    drawn = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return filled.addcmul_(drawn.to(images), gaps.view_as(images), value=noise)


def _guess(known: Tensor, gaps: Tensor) -> Tensor:
    """What to begin with: a gap has what the finest of ever coarser grids that knows anything there says."""
    seen = 1 - gaps
    if min(gaps.shape[2:]) <= _COARSEST:
        return gaps * (known.sum(dim=(2, 3), keepdim=True) / seen.sum(dim=(2, 3), keepdim=True).clamp(min=1))
    share = functional.avg_pool2d(seen, 2, ceil_mode=True)
    coarse = functional.avg_pool2d(known, 2, ceil_mode=True) / share.clamp(min=_LEAST_SHARE)
    coarse = coarse + _guess(coarse, (share == 0).to(gaps))
    return gaps * functional.interpolate(coarse, size=gaps.shape[2:], mode="bilinear")


def _neighbours(planes: Tensor) -> Tensor:
    """The weighted sum over the neighbours of every pixel of (1, p, h, w); none lie beyond the edge."""
    count = planes.shape[1]  # planes as channels of one picture: ten times faster than as a batch
    return functional.conv2d(planes, _KERNEL.to(planes).repeat(count, 1, 1, 1), padding=1, groups=count)


def _grids(gaps: Tensor) -> list[_Grid]:
    """Ever coarser grids; a coarse cell is open where all of its pixels are missing."""
    grids = []
    while True:
        weight = _neighbours(torch.ones_like(gaps[:, :1]))
        grids.append(_Grid(gaps, weight, _DAMPING * gaps / weight))
        if min(gaps.shape[2:]) <= _COARSEST:
            return grids
        gaps = (functional.avg_pool2d(gaps, 2, ceil_mode=True) > 0.99).to(gaps)


def _solve(right: Tensor, grids: list[_Grid], x: Tensor, tolerance: float) -> Tensor:
    """Conjugate gradients for (weight - neighbours) x = right in the gaps, all planes at once."""
    residual = right - _applied(x, grids[0])
    direction = _cycle(residual, grids)
    size = _dot(residual, direction)
    for _ in range(_MOST_ITERATIONS):
        if float(residual.abs().amax()) <= tolerance:
            break
        applied = _applied(direction, grids[0])
        step = size / _dot(direction, applied).clamp_(min=1e-30)
        x.addcmul_(step, direction)
        residual.addcmul_(step, applied, value=-1)
        corrected = _cycle(residual, grids)
        before, size = size, _dot(residual, corrected)
        direction.mul_(size / before.clamp(min=1e-30)).add_(corrected)
    return x


def _dot(a: Tensor, b: Tensor) -> Tensor:
    products: Tensor = torch.linalg.vecdot(a.flatten(2), b.flatten(2))
    return products[..., None, None]


def _applied(x: Tensor, grid: _Grid) -> Tensor:
    """The equations' left side for x, which is 0 outside the gaps."""
    return (grid.weight * x).sub_(_neighbours(x)).mul_(grid.gaps)


def _cycle(right: Tensor, grids: list[_Grid]) -> Tensor:
    """One symmetric multigrid cycle: smooth, correct from the coarser grid, smooth again."""
    grid, *coarser = grids
    x = grid.pace * right
    if coarser:
        left = right - _applied(x, grid)
        sums = functional.avg_pool2d(left, 2, ceil_mode=True, divisor_override=1).mul_(coarser[0].gaps)
        found = functional.interpolate(_cycle(sums, coarser), scale_factor=2)
        x.addcmul_(found[..., : x.shape[2], : x.shape[3]], grid.gaps)
    for _ in range(1 if coarser else 8):
        x.addcmul_(right - _applied(x, grid), grid.pace)
    return x
