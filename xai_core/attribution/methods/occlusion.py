"""Occlusion: how far the score drops when a window of the picture is hidden (Zeiler & Fergus 2014, section 4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from xai_core.attribution.baselines import BASELINES, baseline
from xai_core.attribution.method import INPUT, AttributionRequest, Method, setting
from xai_core.errors import SettingError
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.target import target_scores
from xai_core.types import ProgressCallback

Window = tuple[slice, slice]


@dataclass(frozen=True)
class OcclusionSettings:
    """window, stride: percent of the input's shorter side, so that one default fits inputs of any size."""

    window: float = setting(14, "Window", low=1, high=100, step=1, help="Its side, in % of the picture's shorter side.")
    stride: float = setting(7, "Stride", low=1, high=100, step=1, help="From window to window, in % of the same side.")
    fill: str = setting("grey", "Paint with", options=BASELINES)
    batch: int = setting(16, "Windows in one pass", low=1, high=128, step=1, help="Speed and memory; not the result.")


def windows(size: tuple[int, int], window: int, stride: int) -> list[Window]:
    """Square windows over (height, width) pixels, row by row; at the right and lower border they are cut off."""

    def along(length: int) -> list[slice]:
        count = -(-max(length - window, 0) // stride) + 1
        return [slice(i * stride, min(i * stride + window, length)) for i in range(count)]

    return [(rows, columns) for rows in along(size[0]) for columns in along(size[1])]


def _answer(
    request: AttributionRequest, settings: OcclusionSettings, on_progress: ProgressCallback
) -> dict[str, Tensor]:
    if settings.stride > settings.window:
        raise SettingError(
            f"Occlusion: a stride of {settings.stride} % leaves gaps between windows of {settings.window} %; "
            "choose a stride of at most the window."
        )
    n, _, height, width = request.inputs.shape
    side, stride = (max(1, round(percent / 100 * min(height, width))) for percent in (settings.window, settings.stride))
    places = windows((height, width), side, stride)
    fill = baseline(settings.fill, request)
    intact = target_scores(request.forward_pass.scores.detach(), request.target)
    total = intact.new_zeros(n, intact.shape[1], height, width)
    counts = total.new_zeros(height, width)  # in how many windows each pixel lies
    for place in places:
        counts[place] += 1
    for image in range(n):
        for start in range(0, len(places), settings.batch):
            chunk = places[start : start + settings.batch]
            drops = intact[image] - _occluded_scores(request, image, fill[image], chunk)
            for place, drop in zip(chunk, drops, strict=True):
                total[image, :, *place] += drop[:, None, None]
            on_progress(image * len(places) + start + len(chunk), n * len(places))
    return {INPUT: total / counts}


def _occluded_scores(request: AttributionRequest, image: int, fill: Tensor, places: Sequence[Window]) -> Tensor:
    """The explained numbers (s, k) of one picture with each of s windows painted over."""
    copies = request.inputs[image].detach().repeat(len(places), 1, 1, 1)
    for copy, place in zip(copies, places, strict=True):
        copy[:, *place] = fill[:, *place]
    scores = run_forward(request.module, copies, ()).scores
    return target_scores(scores, request.target.of_image(image, len(places)))


METHOD = Method(
    key="occlusion",
    title="Occlusion",
    paper="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
    about="A window moves over the picture and hides it; each pixel shows how far the score drops on average.",
    reading="The stronger the colour of a place, the more the score of this class {falls} when a window over it is "
    "hidden. The map is as coarse as the window, {window:g} % of the picture's shorter side: details within a block "
    "mean nothing.",
    answer=_answer,
    target="pixel",
    settings=OcclusionSettings,
    slow=True,
    caveat="A painted window is itself something that the network has never seen; compare several fills and sizes.",
)
