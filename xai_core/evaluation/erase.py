"""Erase a region of the input, or all but it, and ask the model again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from xai_core.attribution.baselines import baseline
from xai_core.attribution.explain import ImageForwardPass, forward_input
from xai_core.attribution.method import AttributionRequest
from xai_core.errors import SettingError
from xai_core.evaluation.imputation import impute
from xai_core.evaluation.rival_maps import ranks
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.target import Target
from xai_core.types import LoadedModel, ModelInput

Fill = Literal["grey", "blurred"]
Filling = Literal["blur", "grey", "mean", "noise", "inpaint"]
FILLINGS: tuple[Filling, ...] = get_args(Filling)
_FINE = 1e-4  # of an imputation that is looked at


@dataclass(frozen=True)
class Stroke:
    """What was drawn: a brush along points of a radius, or a box between two corners; (x, y) in pixels of the input."""

    kind: Literal["brush", "box"]
    points: tuple[tuple[float, float], ...]
    radius: float = 0.0


def region_of(strokes: Sequence[Stroke], size: tuple[int, int]) -> np.ndarray:
    """The pixels that the strokes cover: bool `size` (height, width)."""
    canvas = Image.new("1", (size[1], size[0]))
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        if stroke.kind == "box":
            (left, right), (top, bottom) = (sorted(axis) for axis in zip(*stroke.points[:2], strict=True))
            pen.rectangle((round(left), round(top), round(right) - 1, round(bottom) - 1), fill=1)
            continue
        pen.line(stroke.points, fill=1, width=max(1, round(2 * stroke.radius)), joint="curve")
        for x, y in stroke.points:
            r = stroke.radius
            pen.ellipse((x - r, y - r, x + r, y + r), fill=1)
    return np.array(canvas)  # a copy that may be written to


def strongest(values: np.ndarray, size: tuple[int, int], share: float) -> np.ndarray:
    """The pixels that a map (h, w) rates highest, a `share` of all: bool `size`."""
    return ranks(values, size) < round(share * size[0] * size[1])


def erased(
    image_pass: ImageForwardPass, region: np.ndarray, filling: Filling, *, keep: bool = False, seed: int = 0
) -> Tensor:
    """The input (1, c, H, W) with the region, bool (H, W), replaced; keep: with all but the region replaced.

    blur: a strong blur of the picture. grey: the mean of the model's normalisation, as in `faithfulness`. mean, noise:
    the mean colour of what stays, and normal noise of its spread.
    inpaint: the gap filled in smoothly from its edge.
    """
    if filling not in FILLINGS:
        raise SettingError(f"A region is filled with one of {', '.join(FILLINGS)}; {filling} was given.")
    image = image_pass.given.tensor
    gone = torch.from_numpy(region != keep).to(image.device)
    if not gone.any():
        return image.clone()
    return torch.where(gone, _paint(image_pass, image, gone, filling, seed), image)


def retest(image_pass: ImageForwardPass, changed: Tensor) -> ImageForwardPass:
    """The model's pass over the changed input, with the layers of the first; its map lies over the same box."""
    layers = tuple(image_pass.forward_pass.activations)
    return forward_input(image_pass.model, image_pass.image, ModelInput(changed, image_pass.given.box), layers)


def filled(model: LoadedModel, image: Tensor, fill: Fill) -> Tensor:
    """What stands for "nothing there" in place of the picture (1, c, H, W): its mean colour, or the picture blurred."""
    target = Target(torch.zeros(1, 1, dtype=torch.int64))
    return baseline(
        fill, AttributionRequest(model.module, image, (), target, lambda: run_forward(model.module, image, ()))
    )


def _paint(image_pass: ImageForwardPass, image: Tensor, gone: Tensor, filling: Filling, seed: int) -> Tensor:
    """What comes in place of the pixels that are gone, for all pixels (1, c, H, W)."""
    if filling in ("blur", "grey"):
        return filled(image_pass.model, image, "blurred" if filling == "blur" else "grey")
    if filling == "inpaint":
        return impute(image, gone[None], noise=0, tolerance=_FINE)
    stays = image[:, :, ~gone] if not bool(gone.all()) else image.flatten(2)
    mean, spread = stays.mean(dim=2)[..., None, None], stays.std(dim=2, correction=0)[..., None, None]
    if filling == "mean":
        return mean.expand_as(image)
    drawn = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed)).to(image)
    return (mean + spread * drawn).clamp(image.min(), image.max())
