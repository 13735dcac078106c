"""The question behind a map, so that it can be asked again: of another picture, network or class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor, nn

from xai_core.attribution.baselines import black_white_baselines
from xai_core.attribution.catalog import find_method
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.method import INPUT
from xai_core.errors import SightlineError
from xai_core.types import Explanation, LoadedModel, ProgressCallback

Remake = Callable[[nn.Module, Tensor, Sequence[int]], np.ndarray]
"""(network, inputs (n, c, H, W), k classes) to signed maps float32 (n, k, h, w)."""


def no_progress(_done: int, _total: int) -> None:
    """For whoever does not want to know."""


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
            classes,
            method.key,
            relu=False,
            score=result.score,  # type: ignore[arg-type]
            contrast_class=result.contrast_class,
            settings=settings,
            baselines=black_white_baselines(model.config),
            on_progress=on_progress,
        )
        found = maps[INPUT if INPUT in maps else layer]
        return found.detach().float().cpu().numpy()

    return remake


def refuse_empty(values: np.ndarray) -> None:
    """SightlineError for a map without any difference between its places: it has no order that could be tested."""
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        raise SightlineError(
            "This map is the same everywhere, so it ranks no place above another and nothing can be tested; "
            "choose another class, layer or method."
        )
