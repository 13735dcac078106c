"""The map that is put to the test, and the question behind it: asked again of another picture, network or class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from xai_core.attribution.baselines import black_white_baselines
from xai_core.attribution.catalog import find_method
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import INPUT
from xai_core.errors import NotApplicable, SightlineError
from xai_core.evaluation.rival_maps import in_patches
from xai_core.forward.forward_pass import run_forward
from xai_core.models.class_names import short_name
from xai_core.models.probability import probabilities
from xai_core.types import Explanation, LoadedModel, ProgressCallback, no_progress

Remake = Callable[[nn.Module, Tensor, Sequence[int]], np.ndarray]
"""(network, inputs (n, c, H, W), k classes) to signed maps float32 (n, k, h, w)."""
BATCH = 4  # inputs at once; on a CPU a larger one leaves the cache: 16 takes a third more time a pass


@dataclass(frozen=True, eq=False)
class MapUnderTest:
    """The map of the first class of `result` at `layer`, and the pass that it came from.

    named: how a class's name stands in a sentence; a screen that reads Markdown gives its own way.
    remake: how the map is made again, where not as `result` says.
    """

    image_pass: ImageForwardPass
    result: Explanation
    layer: str
    named: Callable[[str], str] = short_name
    remake: Remake | None = None

    @property
    def values(self) -> np.ndarray:
        """The signed map, float32 (h, w)."""
        maps: np.ndarray = self.result.maps[self.layer]
        values: np.ndarray = maps[0]
        return values

    @property
    def regions(self) -> np.ndarray:
        """The map by which places are taken away: one of pixels in patches."""
        return in_patches(self.values) if self.pixels else self.values

    @property
    def class_index(self) -> int:
        return self.result.classes[0]

    @property
    def class_name(self) -> str:
        return self.named(self.result.class_names[0])

    @property
    def pixels(self) -> bool:
        return self.layer == INPUT

    def again(self, on_progress: ProgressCallback = no_progress) -> Remake:
        """How the map is made; on_progress may raise to cancel in the middle of a slow method's map."""
        return self.remake or remake_of(self.image_pass.model, self.result, self.layer, on_progress)

    def again_and_again(self, total: int, on_progress: ProgressCallback) -> tuple[Remake, ProgressCallback]:
        """The same for a check of `total` maps, and its progress: a slow map's own keeps the way out open."""
        done = [0]

        def one_more(now: int, of: int) -> None:
            done[0] = now
            on_progress(now, of)

        return self.again(lambda _done, _total: on_progress(done[0], total)), one_more


def remake_of(
    model: LoadedModel, result: Explanation, layer: str, on_progress: ProgressCallback = no_progress
) -> Remake:
    """How the map of `result` at `layer` was made, for any network of this structure, picture and classes.

    on_progress: may raise to cancel in the middle of a slow method's map.
    """
    method = find_method(result.method)
    settings = {name: value for name, value in result.settings.items() if name != "layer" or not method.needs_layer}
    layers = [str(result.settings["layer"])] if method.needs_layer else [layer]

    def remake(module: nn.Module, inputs: Tensor, classes: Sequence[int]) -> np.ndarray:
        maps = class_maps(
            module,
            inputs,
            method.layers_read(layers),
            [list(classes)],
            method.key,
            relu=False,
            score=result.score,
            contrast_class=result.contrast_class,
            settings=settings,
            baselines=black_white_baselines(model.config),
            on_progress=on_progress,
        )
        found = maps[INPUT if INPUT in maps else layer]
        return found.detach().float().cpu().numpy()

    return remake


def probability(model: LoadedModel, inputs: Tensor, class_index: int) -> Tensor:
    """float32 (n,): the probability of the class for inputs (n, c, H, W). NotApplicable: the network measures."""
    if not model.config.answer.probable:
        raise NotApplicable("This check follows a probability, and a measure has none.")
    scores = run_forward(model.module, inputs, ()).scores
    return probabilities(scores.detach().float(), model.config.answer)[:, class_index]


def refuse_empty(values: np.ndarray) -> None:
    """SightlineError for a map without any difference between its places: it has no order that could be tested."""
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        raise SightlineError(
            "This map is the same everywhere, so it ranks no place above another and nothing can be tested; "
            "choose another class, layer or method."
        )
