"""Would any network give this map? The cascading randomisation of Adebayo et al., Sanity Checks, NeurIPS 2018."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai_core.evaluation.randomised_copy import randomised_copy, stages
from xai_core.evaluation.remake import Remake, no_progress, refuse_empty
from xai_core.evaluation.similarity import Similarity, similarity
from xai_core.types import LoadedModel, ModelInput, ProgressCallback

POINTS = 6


@dataclass(frozen=True, eq=False)
class Step:
    """down_to: the lowest layer with fresh weights. share: of all stages, (0, 1]. values: that copy's map (h, w)."""

    down_to: str
    share: float
    values: np.ndarray
    similarity: Similarity


@dataclass(frozen=True, eq=False)
class ParameterRandomisation:
    """The steps from the classifier alone down to the whole network."""

    steps: tuple[Step, ...]

    @property
    def resemblance(self) -> float:
        """The mean rank correlation while the upper half forgets: near 1 for a map that does not need what was learned.

        Further down chance takes over: any two smooth maps of a few cells may resemble each other, or be opposites.
        """
        upper = self.steps[: -(-len(self.steps) // 2)]
        return float(np.mean([step.similarity.rank_correlation for step in upper]))


def parameter_randomisation(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    remake: Remake,
    class_index: int,
    *,
    magnitude: bool = False,
    points: int = POINTS,
    seed: int = 0,
    on_progress: ProgressCallback = no_progress,
) -> ParameterRandomisation:
    """Compare a map (h, w) with those of copies that forgot more and more, from the top down: `points` maps, one pass.

    magnitude: see `comparable`. The steps are spread evenly over the stages, the first and the last always among them.
    """
    refuse_empty(values)
    found = stages(model.module, given.tensor)[::-1]
    chosen = np.unique(np.linspace(0, len(found) - 1, min(points, len(found))).round().astype(int))
    steps: list[Step] = []
    randomised, forgotten = model.module, 0
    for last in chosen:
        fresh = [name for stage in found[forgotten : last + 1] for name in stage]
        randomised = randomised_copy(randomised, fresh, seed)  # what it has forgotten before stays as it is
        forgotten = last + 1
        theirs = remake(randomised, given.tensor, [class_index])[0, 0]
        alike = similarity(values, np.nan_to_num(theirs), magnitude=magnitude)
        steps.append(Step(found[last][0], (last + 1) / len(found), theirs, alike))
        on_progress(len(steps), len(chosen))
    return ParameterRandomisation(tuple(steps))
