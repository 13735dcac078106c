"""A series of the MRI page: what maps for all four diagnoses add to the plain forward passes.

python -m benchmarks.mri_series       300 made slices of 512 x 512; CPU time on one thread, both sides in turns

Prints, for the method and the layer that the page suggests, what the maps cost as a ratio of the plain passes,
what the whole reading costs with cutting out the head on both sides, and the most memory after each hundred slices.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from dashboard.mri.reading import SUGGESTED, SUGGESTED_METHOD, MapRecipe, model, passed, twin
from dashboard.mri.series import BATCH
from xai_core.attribution.catalog import find_method
from xai_core.attribution.class_maps import answer, make_target
from xai_core.attribution.method import AttributionRequest
from xai_core.forward.forward_pass import run_forward
from xai_core.images.digest import array_digest
from xai_core.images.head_crop import head_crop
from xai_core.models.preprocess import head_input
from xai_core.models.sources.brain_mri import HEAD_SIDE
from xai_core.types import SourceImage

SLICES, SIDE = 300, 512
ASKED = {"as the page suggests": MapRecipe(SUGGESTED_METHOD, SUGGESTED)}


def made_slice(number: int) -> SourceImage:
    """An oval head of noise, another one each time."""
    rng = np.random.default_rng(number)
    y, x = np.ogrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    head = (y / 0.9) ** 2 + (x / 0.7) ** 2 < 1
    pixels = np.where(head, 300 + 200 * rng.random((SIDE, SIDE)), 0).astype(np.float32)
    return SourceImage(pixels, "made", "scan", array_digest(pixels))


def inputs_of(images: Sequence[SourceImage]) -> torch.Tensor:
    network = model()
    return torch.cat([head_input(network.config, head_crop(image, HEAD_SIDE)).tensor for image in images])


def plain(inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model().module(inputs)


def maps(inputs: torch.Tensor, recipe: MapRecipe) -> dict[str, torch.Tensor]:
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    made = run_forward(twin().module, inputs, [recipe.layer])
    target = make_target(lambda: made, inputs, [list(range(len(model().config.class_names)))])
    question = AttributionRequest(twin().module, inputs, (recipe.layer,), target, lambda: made)
    return answer(find_method(recipe.method), question, None, None)


def side_by_side(numbers: Iterable[int], spent: dict[str, float]) -> int:
    """Add what a batch costs in CPU seconds, piece by piece; gives how many readings were made."""
    images = [made_slice(number) for number in numbers]
    inputs = timed(spent, "head cut out", lambda: inputs_of(images))
    timed(spent, "plain", lambda: plain(inputs))
    for name, recipe in ASKED.items():
        timed(spent, f"maps {name}", partial(maps, inputs, recipe))
        timed(spent, f"reading {name}", partial(passed, images, recipe))
    return len(images)


def timed(spent: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    start = time.process_time()
    made = work()
    spent[name] = spent.get(name, 0.0) + time.process_time() - start
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=SLICES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    side_by_side(range(BATCH), {})  # warms up
    spent: dict[str, float] = {}
    memory: list[str] = []
    for first in range(0, options.slices, BATCH):
        done = first + side_by_side(range(first, min(first + BATCH, options.slices)), spent)
        if done % (12 * BATCH) == 0 or done == options.slices:
            memory.append(f"{done}: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    for name, seconds in spent.items():
        print(f"{name:30} {1000 * seconds / options.slices:6.1f} ms of CPU a slice")
    for name in ASKED:
        whole = spent[f"reading {name}"] / (spent["plain"] + spent["head cut out"])
        print(
            f"{name}: maps {spent[f'maps {name}'] / spent['plain']:.2f} x plain; the whole reading {whole:.2f} x plain"
        )
    print("most memory after", ", ".join(memory))


if __name__ == "__main__":
    main()
