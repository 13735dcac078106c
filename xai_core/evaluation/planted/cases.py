"""What the bench asks: pictures with a class and the region where its evidence lies, for each world and for mosaics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from xai_core.evaluation.planted.network import World, inputs_of, planted_model, scenes
from xai_core.evaluation.planted.scene import SIDE, Scene
from xai_core.models.probability import probabilities

Task = Literal["shapes", "lesions", "mosaics", "marked"]
TASKS: dict[Task, World] = {"shapes": "shapes", "lesions": "lesions", "mosaics": "shapes", "marked": "marked"}
SURE = 0.8  # a picture joins a mosaic only if the network is so sure of it alone


@dataclass(frozen=True, eq=False)
class Case:
    """pixels: uint8 (h, w, 3). label: the class that is explained. region: bool (h, w), where its evidence lies."""

    pixels: np.ndarray
    label: int
    region: np.ndarray


def cases(task: Task, count: int, seed: int = 0) -> list[Case]:
    """`count` cases that the network answers rightly: a map of a wrong answer says nothing about its method.

    mosaics: four pictures of four classes in a grid; the region is the quarter of the class asked for (grid pointing
    game: Rao et al., CVPR 2022). marked: the region is the mark, all that this network looks at.
    """
    if task == "mosaics":
        return _mosaics(count, seed)
    return [
        Case(s.pixels, s.label, s.shortcut if task == "marked" else s.truth)
        for s in _rightly_named(TASKS[task], count, seed)
        if task == "marked" or s.truth.any()
    ][:count]


def _rightly_named(world: World, count: int, seed: int, sure: float = 0.0) -> list[Scene]:
    """At least `count` scenes with evidence in them that the network names rightly, at least so sure."""
    kept: list[Scene] = []
    batch = max(12, 2 * count)
    while len(kept) < count:
        made = [s for s in scenes(world, "test", batch, seed=seed) if s.truth.any() or s.shortcut.any()]
        named = _named(world, [s.pixels for s in made])
        kept += [s for s, p in zip(made, named, strict=True) if p.argmax() == s.label and p.max() >= sure]
        seed += batch
    return kept


def _named(world: World, images: Sequence[np.ndarray]) -> np.ndarray:
    """Probabilities float32 (n, classes)."""
    model = planted_model(world)
    with torch.no_grad():
        scores = model.module(inputs_of(world, images))
    return probabilities(scores, model.config.labels).numpy()


def _mosaics(count: int, seed: int) -> list[Case]:
    random = np.random.default_rng(seed)
    pool = _rightly_named("shapes", 4 * count, seed + 50_000, SURE)
    by_class: dict[int, list[Scene]] = {}
    for one in pool:
        by_class.setdefault(one.label, []).append(one)
    made = []
    for _ in range(count):
        classes = random.choice(sorted(by_class), 4, replace=False).tolist()
        chosen = [by_class[c][random.integers(len(by_class[c]))] for c in classes]
        upper, lower = (np.concatenate([s.pixels for s in pair], axis=1) for pair in (chosen[:2], chosen[2:]))
        requested = int(random.integers(4))
        region = np.zeros((2 * SIDE, 2 * SIDE), bool)
        top, left = requested // 2 * SIDE, requested % 2 * SIDE
        region[top : top + SIDE, left : left + SIDE] = True
        made.append(Case(np.concatenate([upper, lower]), classes[requested], region))
    return made
