"""Deletion and insertion: how the probability of a class falls as the places that a map rates highest are removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from xai_core.attribution.baselines import baseline
from xai_core.attribution.method import AttributionRequest
from xai_core.errors import SettingError
from xai_core.evaluation.remake import no_progress
from xai_core.evaluation.rival_maps import ranks
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.target import Target
from xai_core.models.probability import probabilities
from xai_core.types import LoadedModel, ModelInput, ProgressCallback

Kind = Literal["deletion", "insertion"]
Fill = Literal["grey", "blurred"]
STEPS = 10
BATCH = 4  # on a CPU a larger one leaves the cache: 16 takes a third more time a pass


@dataclass(frozen=True, eq=False)
class Curve:
    """fractions: float (s + 1,), share of the pixels removed (deletion) or shown (insertion), from 0 to 1.

    probabilities: float32 (s + 1,), of the class. fill: what stands where the picture does not.
    """

    kind: Kind
    fill: Fill
    fractions: np.ndarray
    probabilities: np.ndarray

    @property
    def auc(self) -> float:
        """Area under the curve by trapezoids, [0, 1]: low is good for deletion, high for insertion."""
        return float(np.trapezoid(self.probabilities, self.fractions))

    def at(self, fraction: float) -> float:
        """The probability at a share of the pixels, linear between the steps."""
        return float(np.interp(fraction, self.fractions, self.probabilities))


def curves(
    model: LoadedModel,
    given: ModelInput,
    maps: Sequence[np.ndarray],
    class_index: int,
    *,
    kind: Kind,
    fill: Fill,
    steps: int = STEPS,
    batch: int = BATCH,
    seed: int = 0,
    on_progress: ProgressCallback = no_progress,
) -> list[Curve]:
    """One curve for each of `maps` (h, w) of one picture, after Petsiuk et al., RISE, BMVC 2018.

    RISE deletes to grey (the mean colour) and inserts into the blurred picture. steps: equal shares of the pixels,
    where RISE takes 224 pixels at a time. The ends are the same for every map and computed once:
    2 + maps * (steps - 1) passes, `batch` at a time. seed: of the order among equal values.
    SettingError: steps or batch below 1.
    """
    if steps < 1 or batch < 1:
        raise SettingError(f"Steps and batch are at least 1; {steps} and {batch} were given.")
    size = (int(given.tensor.shape[2]), int(given.tensor.shape[3]))
    ranked = [torch.from_numpy(ranks(values, size, seed)).to(given.tensor.device) for values in maps]
    counts = np.round(np.linspace(0, 1, steps + 1) * size[0] * size[1]).astype(int)
    wanted = [ranked[0] < counts[0], ranked[0] < counts[-1]]
    masks = iter([*wanted, *(order < count for order in ranked for count in counts[1:-1])])
    total = 2 + len(maps) * (steps - 1)
    found = _probabilities(model, given.tensor, masks, class_index, (kind, fill), batch, total, on_progress)
    first, last, inner = found[:1], found[1:2], found[2:].reshape(len(maps), steps - 1)
    return [Curve(kind, fill, counts / counts[-1], np.concatenate([first, row, last])) for row in inner]


def _probabilities(
    model: LoadedModel,
    image: Tensor,
    masks: Iterator[Tensor],
    class_index: int,
    how: tuple[Kind, Fill],
    batch: int,
    total: int,
    on_progress: ProgressCallback,
) -> np.ndarray:
    """The class's probability for each mask (H, W), True where a pixel was removed or shown: float32 (total,)."""
    kind, fill = how
    empty = filled(model, image, fill)
    inside, outside = (empty, image) if kind == "deletion" else (image, empty)
    found: list[Tensor] = []
    while chunk := list(islice(masks, batch)):
        found.append(probability(model, torch.where(torch.stack(chunk)[:, None], inside, outside), class_index))
        on_progress(sum(map(len, found)), total)
    return torch.cat(found).cpu().numpy()


def filled(model: LoadedModel, image: Tensor, fill: Fill) -> Tensor:
    """What stands for "nothing there" in place of the picture (1, c, H, W)."""
    target = Target(torch.zeros(1, 1, dtype=torch.int64))
    return baseline(
        fill, AttributionRequest(model.module, image, (), target, lambda: run_forward(model.module, image, ()))
    )


def probability(model: LoadedModel, inputs: Tensor, class_index: int) -> Tensor:
    """float32 (n,): the probability of the class for inputs (n, c, H, W)."""
    scores = run_forward(model.module, inputs, ()).scores
    return probabilities(scores.detach().float(), model.config.labels)[:, class_index]
