"""Is the map about this class? Its likeness to the maps of other classes, on the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai_core.errors import NotApplicable
from xai_core.evaluation.check import Check, Drawing, MapRow, NamedMap
from xai_core.evaluation.map_under_test import MapUnderTest, Remake, refuse_empty
from xai_core.evaluation.similarity import ALIKE, SAME, Similarity, level_of_another, similarity
from xai_core.models.class_names import short_name
from xai_core.render.recipe import signed
from xai_core.types import LoadedModel, ModelInput, Prediction, ProgressCallback

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
    drawn = np.random.default_rng(0).permutation(far)[:RANDOM_CLASSES].tolist()
    chosen = [order[0], *drawn]
    maps = remake(model.module, given.tensor, chosen)[0]
    others = [
        OtherClass(index, prediction.class_names[index], theirs, similarity(values, theirs, magnitude=magnitude))
        for index, theirs in zip(chosen, maps, strict=True)
    ]
    return Specificity(others[0], tuple(others[1:]))


def _run(tested: MapUnderTest, on_progress: ProgressCallback) -> Specificity:
    p, contrast_class = tested.image_pass, tested.result.contrast_class
    return specificity(
        p.model,
        p.given,
        tested.values,
        tested.again(on_progress),
        p.prediction,
        tested.class_index,
        magnitude=tested.pixels,
        exclude=() if contrast_class is None else (contrast_class,),
    )


def _summary(found: Specificity, tested: MapUnderTest) -> str:
    other = f"The map of {tested.named(found.runner_up.name)} has" if not found.random else "Maps of other classes have"
    return f"{other} a likeness of **{signed(found.resemblance)}** to it."


def _details(found: Specificity, tested: MapUnderTest) -> str:
    runner_up = (
        f"that of the runner-up, {tested.named(found.runner_up.name)}, by "
        f"{signed(found.runner_up.similarity.rank_correlation)}"
    )
    if not found.random:
        return f"The model has too few classes for a random one; the map resembles {runner_up} (likeness, at most 1)."
    names = ", ".join(tested.named(other.name) for other in found.random)
    return (
        f"The maps of classes that the model does not see here ({names}) resemble this one by "
        f"**{signed(found.resemblance)}** on average, {runner_up} (likeness, at most 1)."
    )


def _chart(found: Specificity, _tested: MapUnderTest) -> tuple[Drawing, ...]:
    """The other classes' maps."""
    others = (found.runner_up, *found.random)
    named = (NamedMap(f"{short_name(o.name)}: {signed(o.similarity.rank_correlation)}", o.values) for o in others)
    return (MapRow("classes", tuple(named)),)


CHECK = Check(
    key="specificity",
    question="Is it about this class?",
    doing="Maps of other classes",
    run=_run,
    level=lambda found: level_of_another(found.resemblance),
    meanings={
        "good": "Other classes have other maps. A runner-up of the same kind may rightly share its evidence.",
        "unclear": "Part of the map stays, whatever class is asked for.",
        "bad": "Any class has nearly this map: do not read it as evidence for this one.",
    },
    threshold="**Class**: the mean likeness to the maps of classes that the model does not see; passes up to "
    f"{ALIKE}, fails above {SAME}.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=10,
    maps=1 + RANDOM_CLASSES,
)
