"""The worlds of the bench: which scenes they are made of, and these scenes as a network reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from xai_core.evaluation.planted import lesions, shapes
from xai_core.evaluation.planted.network import CLASSES, World, config
from xai_core.evaluation.planted.scene import Part, Scene

TRUE_MARK = -1  # the mark names the scene's own class


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
