"""Remove and debias: what the class loses when marked places go and the gaps are filled so that they leave no trace.

Rong et al., A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML 2022 (ROAD).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xai_core.evaluation.imputation import NOISE, impute
from xai_core.evaluation.perturbation import BATCH, probability
from xai_core.evaluation.remake import no_progress, refuse_empty
from xai_core.evaluation.rival_maps import centre, ranks, shuffled
from xai_core.types import LoadedModel, ModelInput, ProgressCallback

SHARES = (0.2, 0.5, 0.8)
RANDOM_MAPS = 2


@dataclass(frozen=True, eq=False)
class Removal:
    """Probabilities of the class, float32 (s,), at each share of the pixels removed.

    most: the map's highest places go first (MoRF); least: its lowest (LeRF).
    """

    most: np.ndarray
    least: np.ndarray

    @property
    def gap(self) -> float:
        """Half of how much more is left when the lowest places go than when the highest do, [-0.5, 0.5]: pytorch-
        grad-cam's "combined" score. A map that knows nothing has 0 on average."""
        return float(np.mean(self.least - self.most)) / 2


@dataclass(frozen=True, eq=False)
class Road:
    """shares: of the pixels removed, (s,). random: one row a random map, float32 (r, s), its highest places first.

    probability: of the class, for the untouched picture.
    """

    shares: tuple[float, ...]
    probability: float
    own: Removal
    centre: Removal
    random: np.ndarray

    @property
    def chance(self) -> float:
        """The largest gap between two random removals, halved as the gaps are: how far chance alone leads."""
        means = self.random.mean(axis=1)
        return float(np.ptp(means)) / 2

    @property
    def kept(self) -> float:
        """The class's probability when only the marked area is kept, of the size that the last share leaves."""
        return float(self.own.least[-1])

    @property
    def drop(self) -> float:
        """The share of the confidence that is lost when only the marked area is kept, [0, 1]; 0 where it grew."""
        return max(0.0, self.probability - self.kept) / max(self.probability, 1e-12)


def road(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    class_index: int,
    *,
    shares: Sequence[float] = SHARES,
    random_maps: int = RANDOM_MAPS,
    noise: float = NOISE,
    batch: int = BATCH,
    seed: int = 0,
    on_progress: ProgressCallback = no_progress,
) -> Road:
    """ROAD of a signed map (h, w): 19 passes and 18 imputations by default. Raises what `refuse_empty` does.

    Unlike pytorch-grad-cam's it follows the probability of one picture, removes exact numbers of pixels (there the
    pixels from a percentile on), orders equals at random, and draws its noise from a seed.
    """
    refuse_empty(values)
    size = (int(given.tensor.shape[2]), int(given.tensor.shape[3]))
    own, middle = (ranks(m, size, seed) for m in (values, centre(size)))
    random = [ranks(shuffled(values, seed + number), size, seed) for number in range(random_maps)]
    last = size[0] * size[1] - 1
    orders = [own, last - own, middle, last - middle, *random]
    counts = np.round(np.array(shares) * (last + 1)).astype(int)
    masks = [torch.from_numpy(order < count) for order in orders for count in counts]
    found = _probabilities(model, given.tensor, masks, class_index, noise, batch, seed, on_progress)
    rows = found[1:].reshape(len(orders), len(counts))
    return Road(tuple(shares), float(found[0]), Removal(*rows[:2]), Removal(*rows[2:4]), rows[4:])


def _probabilities(
    model: LoadedModel,
    image: Tensor,
    masks: list[Tensor],
    class_index: int,
    noise: float,
    batch: int,
    seed: int,
    on_progress: ProgressCallback,
) -> np.ndarray:
    """The class's probability for the picture, and with each mask (H, W), True where a pixel is removed: float32."""
    found = [probability(model, image, class_index)]
    for start in range(0, len(masks), batch):
        chosen = torch.stack(masks[start : start + batch]).to(image.device)
        filled = impute(image.expand(len(chosen), -1, -1, -1), chosen, noise=noise, seed=seed + start)
        found.append(probability(model, filled, class_index))
        on_progress(min(start + batch, len(masks)), len(masks))
    return torch.cat(found).cpu().numpy()
