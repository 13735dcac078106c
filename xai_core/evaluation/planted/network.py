"""The worlds of the planted-truth bench: their scenes, the small network trained on each, and what the bench asks.

Four convolutions, global average pooling and a linear layer. `python -m training.planted` makes the weights, which
lie beside this file; planted.json there says how good they are.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor, nn

from xai_core.evaluation.planted import lesions, shapes
from xai_core.evaluation.planted.scene import SIDE, Part, Scene
from xai_core.models.load import loaded
from xai_core.models.probability import probabilities
from xai_core.models.weights_file import bundled_weights
from xai_core.types import LoadedModel, ModelConfig, ResizeRule

World = Literal["shapes", "lesions", "marked"]
WORLDS: tuple[World, ...] = get_args(World)
TRUE_MARK = -1  # the mark names the scene's own class
STAGES = ("block2", "block3", "block4")
CLASSES: dict[World, tuple[str, ...]] = {
    "shapes": shapes.CLASSES,
    "lesions": lesions.CLASSES,
    "marked": shapes.MARKED_CLASSES,
}
_TITLES = {"shapes": "Planted shapes", "lesions": "Planted lesions", "marked": "Planted marks (a cheat)"}
FOLDER = Path(__file__).with_name("weights")
Task = Literal["shapes", "lesions", "mosaics", "marked"]
TASKS: dict[Task, World] = {"shapes": "shapes", "lesions": "lesions", "mosaics": "shapes", "marked": "marked"}
SURE = 0.8  # a picture joins a mosaic only if the network is so sure of it alone


def planted_network(classes: int) -> nn.Sequential:
    """The network without weights: (n, 3, h, w) to scores (n, classes). For 96 x 96: grids 48, 24, 12 and 12."""
    return nn.Sequential(
        OrderedDict(
            block1=_block(3, 16, 5, 2),
            block2=_block(16, 32, 3, 2),
            block3=_block(32, 48, 3, 2),
            block4=_block(48, 64, 3, 1),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classifier=nn.Linear(64, classes),
        )
    )


def _block(channels: int, filters: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(filters), relu=nn.ReLU()))


@cache
def planted_model(world: World) -> LoadedModel:
    """The trained network of a world, ready to be explained."""
    network = planted_network(len(CLASSES[world]))
    network.load_state_dict(load(bundled_weights(FOLDER / f"{world}.safetensors")))  # copied into float32
    return loaded(config(world), network.eval(), torch.device("cpu"))


@cache
def facts() -> dict[str, Any]:
    """How the networks were trained and how good they are, by world."""
    told: dict[str, Any] = json.loads((FOLDER / "planted.json").read_text("utf-8"))
    return told


def config(world: World) -> ModelConfig:
    return ModelConfig(
        key=f"planted/{world}",
        title=_TITLES[world],
        source="training/planted, trained on pictures with planted evidence",
        licence="as this project",
        input_size=(SIDE, SIDE),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        resize=ResizeRule(shorter_side=None),
        class_names=CLASSES[world],
        first_conv="block1.conv",
        classifier="classifier",
        default_layer="block4",
    )


def scenes(world: World, part: Part, count: int, seed: int = 0, *, mark: int | None = TRUE_MARK) -> list[Scene]:
    """`count` scenes, the classes in turn. mark: of the world "marked", the class that its mark names, or None."""
    n = len(CLASSES[world])
    made = []
    for number in range(count):
        label = number % n
        if world == "marked":
            named = label if mark == TRUE_MARK else mark
            made.append(shapes.marked(label, part, seed + number, named))
        else:
            made.append((shapes if world == "shapes" else lesions).scene(label, part, seed + number))
    return made


def inputs_of(world: World, images: Sequence[np.ndarray]) -> Tensor:
    """uint8 pictures (h, w, 3) as the world's network reads them: float32 (n, 3, h, w)."""
    about = config(world)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (about.mean, about.std))
    stacked = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    return (stacked - mean) / std


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
        with torch.no_grad():
            scores = planted_model(world).module(inputs_of(world, [s.pixels for s in made]))
        named = probabilities(scores, config(world).answer).numpy()
        kept += [s for s, p in zip(made, named, strict=True) if p.argmax() == s.label and p.max() >= sure]
        seed += batch
    return kept


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
