"""How often the trust card's levels are right: maps that mean nothing, and Grad-CAM, on photographs.

python -m benchmarks.trust_rates --photos ../shared/data/photos          ten minutes on one core

For each photograph the card is given the bundled network's Grad-CAM of its most probable class, and five maps that
mean nothing: a spot in the middle, the picture's edges, the Grad-CAM of the same class in another photograph, and its
own mirrored or moved by half the picture. Each is made again for other networks, classes and pictures as it was made,
so that the last three pass every check but those that take the picture apart. The card's rules were chosen on 23
photographs of the same folder, which are not counted.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xai_core as xai
from training.digits import share
from xai_core.attribution.explain import ImageForwardPass, explain_forward_pass
from xai_core.evaluation.check import Level
from xai_core.evaluation.checks import CHECKS
from xai_core.evaluation.map_under_test import MapUnderTest, Remake, remake_of
from xai_core.evaluation.rival_maps import centre, misplaced
from xai_core.evaluation.verdict import Findings, verdict
from xai_core.types import no_progress

CHOSEN_ON = 23
TRUE = "Grad-CAM"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--count", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    model = xai.load_model("imagenet")
    paths = sorted(options.photos.glob("*.JPEG"))
    order = np.random.default_rng(0).permutation(len(paths))[CHOSEN_ON : CHOSEN_ON + options.count + 1]
    layer = xai.suggested_layer(model)
    passes = (xai.forward_image(model, xai.load_image(paths[i]), [layer]) for i in order)
    counts: dict[str, Counter[Level]] = {}
    for done, (before, image_pass) in enumerate(pairwise(passes), start=1):
        for name, tested in cases(image_pass, before.given.tensor, layer).items():
            counts.setdefault(name, Counter())[level(tested, whole=name == TRUE)] += 1
        print(f"{done} of {options.count}", {name: dict(levels) for name, levels in counts.items()}, flush=True)
    for name, levels in counts.items():
        wrong: Level = "bad" if name == TRUE else "good"
        print(f"{name}: {wrong}", share(torch.arange(sum(levels.values())) < levels[wrong]))


def cases(image_pass: ImageForwardPass, other: Tensor, layer: str) -> dict[str, MapUnderTest]:
    """The maps to be judged. other: another picture (1, 3, H, W), as the network reads it."""
    result = explain_forward_pass(image_pass, "grad_cam", [layer])
    grad_cam = remake_of(image_pass.model, result, layer)
    middle = centre(result.maps[layer][0].shape)

    def edges(_module: nn.Module, inputs: Tensor, classes: Sequence[int]) -> np.ndarray:
        grey = inputs.mean(dim=1)
        steep = torch.hypot(*torch.gradient(grey, dim=(1, 2)))[:, None]
        cells = F.adaptive_avg_pool2d(steep, middle.shape)
        return cells.expand(-1, len(classes), -1, -1).cpu().numpy()

    def always(_module: nn.Module, inputs: Tensor, classes: Sequence[int]) -> np.ndarray:
        return np.tile(middle, (len(inputs), len(classes), 1, 1))

    def elsewhere(module: nn.Module, inputs: Tensor, classes: Sequence[int]) -> np.ndarray:
        return np.repeat(grad_cam(module, other, classes), len(inputs), axis=0)

    made: dict[str, Remake] = {TRUE: grad_cam, "middle": always, "edges": edges, "another picture's": elsewhere}
    made |= {name: misplacing(grad_cam, name) for name in misplaced(middle)}
    answer = {}
    for name, remake in made.items():
        values = remake(image_pass.model.module, image_pass.given.tensor, result.classes)[0]
        answer[name] = MapUnderTest(image_pass, replace(result, maps={layer: values}), layer, remake=remake)
    return answer


def misplacing(grad_cam: Remake, name: str) -> Remake:
    def remake(module: nn.Module, inputs: Tensor, classes: Sequence[int]) -> np.ndarray:
        return np.stack([[misplaced(one)[name] for one in maps] for maps in grad_cam(module, inputs, classes)])

    return remake


def level(tested: MapUnderTest, *, whole: bool) -> Level:
    """The card's level. whole: every check is made; else only until one objects, as then it is not the highest."""
    made = {}
    for check in CHECKS:
        made[check.key] = check.run(tested, no_progress)
        if not whole and check.level(made[check.key]) not in ("good", None):
            break
    return verdict(Findings(made), tested.image_pass.prediction).level


if __name__ == "__main__":
    main()
