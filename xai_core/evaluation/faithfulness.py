"""Does the model use what the map shows? The map's curves on one picture, beside those of maps that know nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai_core.evaluation.perturbation import BATCH, STEPS, Curve, Fill, Kind, curves
from xai_core.evaluation.remake import no_progress, refuse_empty
from xai_core.evaluation.rival_maps import centre, shuffled
from xai_core.types import LoadedModel, ModelInput, ProgressCallback

RANDOM_MAPS = 3
MARKED = 0.2  # the share of the pixels that "the marked area" means in words


@dataclass(frozen=True, eq=False)
class Trial:
    """One curve for the map, one for a map of the centre, and some for the map's own cells in random places."""

    own: Curve
    centre: Curve
    random: tuple[Curve, ...]


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """deletion, insertion: the curves. Gains are insertion area minus deletion area: the more the better, [-1, 1]."""

    deletion: Trial
    insertion: Trial

    @property
    def probability(self) -> float:
        """Of the class, for the untouched picture."""
        return float(self.deletion.own.probabilities[0])

    @property
    def gain(self) -> float:
        return self.insertion.own.auc - self.deletion.own.auc

    @property
    def centre_gain(self) -> float:
        return self.insertion.centre.auc - self.deletion.centre.auc

    @property
    def random_gains(self) -> tuple[float, ...]:
        pairs = zip(self.insertion.random, self.deletion.random, strict=True)
        return tuple(inserted.auc - deleted.auc for inserted, deleted in pairs)

    @property
    def kept(self) -> float:
        """The class's probability when only the marked fifth of the picture stays sharp."""
        return self.insertion.own.at(MARKED)

    @property
    def without(self) -> float:
        """The class's probability when the marked fifth is painted grey."""
        return self.deletion.own.at(MARKED)


def faithfulness(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    class_index: int,
    *,
    deletion_fill: Fill = "grey",
    insertion_fill: Fill = "blurred",
    steps: int = STEPS,
    random_maps: int = RANDOM_MAPS,
    batch: int = BATCH,
    seed: int = 0,
    on_progress: ProgressCallback = no_progress,
) -> Faithfulness:
    """Deletion and insertion for a signed map (h, w): 94 passes by default. Raises what `refuse_empty` does."""
    refuse_empty(values)
    rivals = [shuffled(values, seed + number) for number in range(random_maps)]
    maps = [values, centre((int(given.tensor.shape[2]), int(given.tensor.shape[3]))), *rivals]
    each = 2 + len(maps) * (steps - 1)

    def trial(kind: Kind, fill: Fill, before: int) -> Trial:
        own, middle, *random = curves(
            model,
            given,
            maps,
            class_index,
            kind=kind,
            fill=fill,
            steps=steps,
            batch=batch,
            seed=seed,
            on_progress=lambda done, _total: on_progress(before + done, 2 * each),
        )
        return Trial(own, middle, tuple(random))

    return Faithfulness(trial("deletion", deletion_fill, 0), trial("insertion", insertion_fill, each))
