"""What a network answers, and what is found out about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from xai_core.deprecated import renamed_attribute
from xai_core.errors import LayerError
from xai_core.types.image import Box
from xai_core.types.model import Labels

Score = Literal["logit", "log_probability"]


@dataclass(frozen=True)
class ClassScore:
    """One class of a prediction: its index, name, score (logit) and probability in [0, 1]."""

    index: int
    name: str
    score: float
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says of one picture.

    scores: float32 (n_classes,), before softmax or sigmoid. probabilities: float32 (n_classes,).
    labels: "one": the probabilities sum to 1; "several": each stands alone.
    """

    scores: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    labels: Labels = "one"

    def of(self, index: int) -> ClassScore:
        return ClassScore(index, self.class_names[index], float(self.scores[index]), float(self.probabilities[index]))

    def top(self, k: int) -> list[ClassScore]:
        """The k classes with the highest score, best first."""
        order = np.argsort(-self.scores, kind="stable")[:k]
        return [self.of(int(i)) for i in order]


@dataclass(frozen=True)
class LayerInfo:
    """A layer that gives feature maps: dotted name, kind of module, channels and grid (h, w) for the model's input.

    main: it belongs to the short list of layers that make sense for a class map.
    stage_end: the last layer of the short list at its grid size.
    suggested: the default for class maps.
    convolution: it is a convolution.
    """

    name: str
    kind: str
    channels: int
    grid: tuple[int, int]
    main: bool
    stage_end: bool
    suggested: bool
    convolution: bool


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """Where the units of a layer look, in input pixels; pairs are (rows, columns).

    size, stride, start: of the layers' windows, as if the input had no edge. Unit (i, j) sees the rows from
    start[0] + i * stride[0] on, size[0] of them, the first pixel being row 0; columns likewise. What gates bring in
    from the whole picture is left out here. Behind an upsampling, size is the largest and stride a mean.
    boxes: int64 (h, w, 4), left, top, right, bottom: the smallest box around all input pixels that can change the unit
    in any of its channels, exact at the edges too; empty for a unit that sees nothing.
    windows: the same by size, stride and start, unit by unit: they may leave the input, and know no gates.
    reason: one sentence why every unit sees the whole picture; None where that is not so.
    """

    size: tuple[float, float]
    stride: tuple[float, float]
    start: tuple[float, float]
    input_size: tuple[int, int]
    boxes: np.ndarray
    windows: np.ndarray
    reason: str | None = None

    @property
    def whole(self) -> bool:
        """Whether every unit sees the whole picture."""
        return self.reason is not None

    def box(self, unit: Sequence[int], clipped: bool = True) -> Box:
        """The field of unit (i, j) or (c, i, j): what can change it, or its window, which may leave the input."""
        h, w = self.boxes.shape[:2]
        i, j = tuple(unit)[-2:] if len(unit) > 1 else (0, 0)  # after a linear layer a unit is (c,)
        if not (0 <= i < h and 0 <= j < w):
            raise LayerError(f"The layer's grid is {h} x {w}, so it has no unit {tuple(unit)}; places count from 0.")
        return Box(*(self.boxes if clipped else self.windows)[i, j].tolist())


@dataclass(frozen=True, eq=False)
class Explanation:
    """Everything needed to rebuild each image and its recipe line.

    maps: {layer: float32 (k, h, w)} raw and signed, at the layer's native grid, one for each class in `classes`.
    scores, probabilities: of those classes, before softmax and after.
    box: the part of the picture that the maps cover. image_size, input_size: (height, width) in pixels.
    score, contrast_class: which number was explained: "logit" or "log_probability", and whether as a lead over a class.
    settings: the method's own options by name.
    """

    method: str
    classes: tuple[int, ...]
    class_names: tuple[str, ...]
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    maps: Mapping[str, np.ndarray]
    box: Box
    image_size: tuple[int, int]
    input_size: tuple[int, int]
    model_key: str
    model_title: str
    weights_digest: str
    image_digest: str
    score: Score = "logit"
    contrast_class: int | None = None
    contrast_class_name: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)

    picture_size = renamed_attribute("picture_size", "image_size")
    against = renamed_attribute("against", "contrast_class")
    against_name = renamed_attribute("against_name", "contrast_class_name")


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """What a network makes of the pictures of a data set: row i of every field belongs to one picture.

    vectors: float32 (n, d), read-only, a memory map where the table lies on the disk.
    items: int64 (n,), the picture's index in the data set. unread: name and reason of the pictures without a row.
    labels: int32 (n,), into class_names, -1 without. predictions, runners_up: int32 (n,), into model_classes.
    probabilities, runner_up_probabilities: float32 (n,), of these two.
    losses: float32 (n,), -log of the probability of the picture's own class, NaN where the model has none of its name.
    thumbnails: JPEG bytes. digests: what the table was made of.
    folder: where it lies, and where what is derived from it may be kept; None for a table in memory.
    """

    vectors: np.ndarray
    names: Sequence[str]
    items: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray
    runners_up: np.ndarray
    runner_up_probabilities: np.ndarray
    losses: np.ndarray
    thumbnails: Sequence[bytes]
    image_digests: Sequence[str]
    layer: str
    class_names: tuple[str, ...]
    model_classes: tuple[str, ...]
    digests: Mapping[str, str]
    unread: tuple[tuple[str, str], ...] = ()
    folder: Path | None = None

    picture_digests = renamed_attribute("picture_digests", "image_digests")

    def __len__(self) -> int:
        return len(self.vectors)
