"""Is the map about this class? Its likeness to the maps of other classes, on the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai_core.errors import NotApplicable
from xai_core.evaluation.remake import Remake, refuse_empty
from xai_core.evaluation.similarity import Similarity, similarity
from xai_core.types import LoadedModel, ModelInput, Prediction

RANDOM_CLASSES = 3
PLAUSIBLE = 5  # the most probable classes may rightly share evidence; random ones are drawn from the others


@dataclass(frozen=True, eq=False)
class OtherClass:
    """A class that was not asked for, its map float32 (h, w), and how far it resembles the one that was."""

    index: int
    name: str
    values: np.ndarray
    similarity: Similarity


@dataclass(frozen=True, eq=False)
class Specificity:
    """runner_up: the most probable other class. random: classes that the model does not see, if it has enough."""

    runner_up: OtherClass
    random: tuple[OtherClass, ...]

    @property
    def resemblance(self) -> float:
        """The mean rank correlation with random classes, or with the runner-up where there are none."""
        requested = self.random or (self.runner_up,)
        return float(np.mean([other.similarity.rank_correlation for other in requested]))


def specificity(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    remake: Remake,
    prediction: Prediction,
    class_index: int,
    *,
    magnitude: bool = False,
    exclude: Sequence[int] = (),
    seed: int = 0,
) -> Specificity:
    """Compare a map (h, w) with the runner-up's and with those of three random classes: one pass, four gradients.

    exclude: classes that have no map of their own, such as the rival of "A rather than B".
    NotApplicable: there is no other class.
    """
    refuse_empty(values)
    barred = {class_index, *exclude}
    order = [scored.index for scored in prediction.top(len(prediction.class_names)) if scored.index not in barred]
    if not order:
        raise NotApplicable(
            f"{model.config.title} has no other class to compare with; this check needs a model of at least two "
            "classes, three where one of them is the rival."
        )
    far = order[PLAUSIBLE - 1 :] or order[1:]
    drawn = np.random.default_rng(seed).permutation(far)[:RANDOM_CLASSES].tolist()
    chosen = [order[0], *drawn]
    maps = remake(model.module, given.tensor, chosen)[0]
    others = [
        OtherClass(index, prediction.class_names[index], theirs, similarity(values, theirs, magnitude=magnitude))
        for index, theirs in zip(chosen, maps, strict=True)
    ]
    return Specificity(others[0], tuple(others[1:]))
