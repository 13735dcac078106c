"""All checks of one map, and the verdict: what the Trust card shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from xai_core.attribution.explain import ImageForwardPass, forward_image
from xai_core.attribution.method import INPUT
from xai_core.errors import LayerError, SightlineError
from xai_core.evaluation.faithfulness import faithfulness
from xai_core.evaluation.familiarity import familiarity_of
from xai_core.evaluation.parameter_randomisation import POINTS, parameter_randomisation
from xai_core.evaluation.remake import no_progress, remake_of
from xai_core.evaluation.resolution import resolution_check
from xai_core.evaluation.rival_maps import in_patches
from xai_core.evaluation.road import road
from xai_core.evaluation.specificity import RANDOM_CLASSES, specificity
from xai_core.evaluation.stability import CHANGES, stability
from xai_core.evaluation.verdict import Checks, Level, Verdict, levels_of, verdict
from xai_core.types import Explanation, LoadedModel, ProgressCallback, SourceImage

CURVE_STEPS = 5  # a fifth of the picture each: the share that deletion and insertion have of 150 passes
EXTRA_MAPS = POINTS + 1 + RANDOM_CLASSES + CHANGES  # that the checks ask the method for


@dataclass(frozen=True, eq=False)
class MapUnderTest:
    """The map of the first class of `result` at `layer`, and the pass that it came from."""

    image_pass: ImageForwardPass
    result: Explanation
    layer: str

    @property
    def values(self) -> np.ndarray:
        """The signed map, float32 (h, w)."""
        return self.result.maps[self.layer][0]

    @property
    def regions(self) -> np.ndarray:
        """The map by which places are taken away: one of pixels in patches."""
        return in_patches(self.values) if self.pixels else self.values

    @property
    def class_index(self) -> int:
        return self.result.classes[0]

    @property
    def pixels(self) -> bool:
        return self.layer == INPUT


@dataclass(frozen=True, eq=False)
class Trust:
    """checks: what was found, with its figures. levels: of each check that gives one. verdict: of all together."""

    checks: Checks
    levels: Mapping[str, Level | None]
    verdict: Verdict


def trust(
    model: LoadedModel,
    image: SourceImage,
    result: Explanation,
    layer: str | None = None,
    *,
    on_progress: ProgressCallback = no_progress,
) -> Trust:
    """Put the map of the first class of `result` to six tests, by about 100 to 150 passes of the network.

    layer: of the result; by default its first. on_progress(done, total), in checks, may raise to stop.
    SightlineError: the result is of another picture or model, or its map is the same everywhere.
    """
    if (result.image_digest, result.weights_digest) != (image.digest, model.digest):
        raise SightlineError("The result is of another picture or another model; explain this picture by this model.")
    name = layer if layer is not None else next(iter(result.maps))
    if name not in result.maps:
        raise LayerError(f"The result has maps of {', '.join(result.maps)}, not of '{name}'.")
    layers = [
        read for read in (name, model.config.default_layer) if read not in (INPUT, None)
    ]  # the second: familiarity
    tested = MapUnderTest(forward_image(model, image, layers), result, name)
    found = {}
    for done, (check, make) in enumerate(CHECKS.items(), start=1):
        found[check] = make(tested, no_progress)
        on_progress(done, len(CHECKS))
    checks, familiar = Checks(**found), familiarity_of(tested.image_pass)
    told = verdict(checks, tested.image_pass.prediction, familiar=familiar is None or familiar.familiar)
    return Trust(checks, levels_of(checks), told)


def _faithfulness(tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    image_pass = tested.image_pass
    requested = (image_pass.model, image_pass.given, tested.regions, tested.class_index)
    return faithfulness(*requested, steps=CURVE_STEPS, on_progress=on_progress)


def _road(tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    image_pass = tested.image_pass
    return road(image_pass.model, image_pass.given, tested.regions, tested.class_index, on_progress=on_progress)


def _cascade(tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    return _by_remaking(parameter_randomisation, POINTS, tested, on_progress)


def _specificity(tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    image_pass, contrast_class = tested.image_pass, tested.result.contrast_class
    return specificity(
        image_pass.model,
        image_pass.given,
        tested.values,
        remake_of(image_pass.model, tested.result, tested.layer, on_progress),
        image_pass.prediction,
        tested.class_index,
        magnitude=tested.pixels,
        exclude=() if contrast_class is None else (contrast_class,),
    )


def _stability(tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    return _by_remaking(stability, CHANGES, tested, on_progress)


def _fineness(tested: MapUnderTest, _on_progress: ProgressCallback) -> Any:
    return resolution_check(tested.image_pass, tested.layer, tested.values)


def _by_remaking(check: Callable[..., Any], total: int, tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    """A check that makes the map again and again; a slow map's own progress keeps the way out open."""
    image_pass, done = tested.image_pass, [0]

    def one_more(now: int, of: int) -> None:
        done[0] = now
        on_progress(now, of)

    def still(_done: int, _total: int) -> None:
        on_progress(done[0], total)

    remake = remake_of(image_pass.model, tested.result, tested.layer, still)
    run = partial(check, image_pass.model, image_pass.given, tested.values, remake, tested.class_index)
    return run(magnitude=tested.pixels, on_progress=one_more)


CHECKS: Mapping[str, Callable[[MapUnderTest, ProgressCallback], Any]] = {
    "faithfulness": _faithfulness,
    "road": _road,
    "parameter_randomisation": _cascade,
    "specificity": _specificity,
    "stability": _stability,
    "resolution": _fineness,
}
"""The fields of `Checks`, and what makes each from a map; on_progress(done, total) may raise to stop."""
