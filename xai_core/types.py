"""The core types: frozen records that flow image -> model -> forward pass -> attribution -> render."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from xai_core.deprecated import renamed_attribute, warn
from xai_core.errors import LayerError

if TYPE_CHECKING:
    import torch

Interpolation = Literal["bilinear", "bicubic", "nearest", "lanczos"]
ChannelOrder = Literal["RGB", "BGR"]
AnswerKind = Literal["one", "several", "yes_no", "number", "embedding", "likeness"]
Fit = Literal["crop", "stretch", "pad"]
CropStart = Literal["round", "floor"]
Score = Literal["logit", "log_probability"]
ProgressCallback = Callable[[int, int], None]  # (done, of all); it may raise to stop the work

RESEARCH_ONLY = "Research use only: not for diagnosis."
CLINICAL_CAUTION = f"{RESEARCH_ONLY} A heat map is not an outline of a lesion."


def no_progress(_done: int, _total: int) -> None:
    """A `ProgressCallback` for whoever does not want to know."""


@dataclass(frozen=True)
class Box:
    """A rectangle in picture coordinates: pixels, origin at the top left corner, right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Window:
    """Display window of a scan in its physical unit: values below centre - width/2 are black, above + width/2 white.

    table: shares of white at even steps across the window, linear in between, for what is no straight line from black
    to white: (1, 0) is the inverse; empty otherwise.
    """

    center: float
    width: float
    table: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class SourceImage:
    """A picture as it was read, upright.

    pixels: uint8 (h, w, 3) RGB for a photograph; float32 (h, w) in physical units for a scan.
    notes: what was done on reading ("transparent parts were laid on white"), one sentence each.
    digest: SHA-256 hex of shape, dtype and pixels, and of a scan's window; the name is not part of it.
    """

    pixels: np.ndarray
    name: str
    kind: Literal["photograph", "scan"]
    digest: str
    notes: tuple[str, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    window: Window | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])


@dataclass(frozen=True)
class ResizeRule:
    """How a picture becomes the model's input.

    shorter_side: length in pixels to which the shorter side is scaled before the centre crop to the input size;
    None stretches the whole picture to the input size without a crop.
    head_side: for slices of a head: the picture is first cropped to the head at so many pixels a side, see
    `images.head_crop`, and that square is stretched to the input size.
    fit: what else may be done to that length before the crop: "stretch" brings both sides to it (timm's "squash"),
    "pad" scales the longer side to it and fills what is missing with the mean (timm's "border"). Where the input is no
    square, the length is its shorter side's, and the other is in proportion.
    crop_start: what becomes of half a pixel where the crop begins: torchvision rounds it, transformers leaves it away.
    """

    shorter_side: int | None
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    head_side: int | None = None
    fit: Fit = "crop"
    crop_start: CropStart = "round"


@dataclass(frozen=True)
class Answer:
    """What the numbers mean that a network gives.

    kind: "one" of the classes holds (softmax); "several" may, each on its own (sigmoid); "yes_no": a single number, the
    logit of the second class, and its negative speaks for the first; "number": measures such as an age, no classes;
    "embedding": a place among other pictures, of which nothing can be explained until it is compared; "likeness": the
    cosine of an embedding with that of each reference picture, see `similar_to`.
    unit: of a number, as it stands behind it: "years".
    output: which output is read of a network that has several: its name or place, "logits", "0" or "heads.1"; empty
    where it has one.
    """

    kind: AnswerKind = "one"
    unit: str = ""
    output: str = ""

    @property
    def alone(self) -> bool:
        """Whether a class's probability, if it has one, follows from its own score, whatever the others' are."""
        return self.kind != "one"

    @property
    def probable(self) -> bool:
        """Whether there are classes with probabilities: a measure and a likeness have none."""
        return self.kind not in ("number", "embedding", "likeness")


@dataclass(frozen=True)
class Download:
    """Weights that are fetched only when the user asks: address, size in bytes, and the start of the file's SHA-256."""

    url: str
    size_bytes: int
    sha256_prefix: str


@dataclass(frozen=True)
class ModelConfig:
    """What one must know to feed a network and read its answer.

    input_size: (height, width). mean, std: for inputs scaled to [0, 1], one value for each channel that the network
    reads, in its own order; a single one means that it reads grey pictures.
    first_conv, classifier, default_layer: dotted module names, None where unknown.
    channel_order: of a network that reads three channels. architecture: "torchvision/resnet18", for a file of weights.
    class_names: in the order of the scores, after `answer` made them; of a number the name of what is measured.
    caution: what must stand beside every answer of the network.
    settled: what a file's weights do not tell and its owner says, as (name, value): ("head_activation", "gelu").
    """

    key: str
    title: str
    source: str
    licence: str
    input_size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: ResizeRule
    class_names: tuple[str, ...]
    first_conv: str | None = None
    classifier: str | None = None
    default_layer: str | None = None
    notes: tuple[str, ...] = ()
    download: Download | None = None
    channel_order: ChannelOrder = "RGB"
    architecture: str | None = None
    answer: Answer = Answer()
    caution: str = ""
    settled: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> AnswerKind:
        """The kind of the answer, under its name before 0.3."""
        warn(".labels", ".answer.kind")
        return self.answer.kind


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network ready to be explained: in eval mode, parameters frozen. digest: SHA-256 hex of its state dict."""

    config: ModelConfig
    module: torch.nn.Module
    device: torch.device
    digest: str

    card = renamed_attribute("card", "config")


@dataclass(frozen=True, eq=False)
class ModelInput:
    """tensor: float32 (1, c, H, W), normalised; c is 3, or 1 for grey. box: the part of the picture it covers."""

    tensor: torch.Tensor
    box: Box


@dataclass(frozen=True)
class ClassScore:
    """One class of a prediction: its index, name, score (logit) and probability in [0, 1]; NaN where it has none."""

    index: int
    name: str
    score: float
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says of one picture.

    scores: float32 (n_classes,), before softmax or sigmoid. probabilities: float32 (n_classes,), NaN for measures.
    """

    scores: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    answer: Answer = Answer()

    @property
    def labels(self) -> AnswerKind:
        """The kind of the answer, under its name before 0.3."""
        warn(".labels", ".answer.kind")
        return self.answer.kind

    def of(self, index: int) -> ClassScore:
        return ClassScore(index, self.class_names[index], float(self.scores[index]), float(self.probabilities[index]))

    def top(self, k: int) -> list[ClassScore]:
        """The k classes or references with the highest score, best first; measures in their order."""
        ranked = self.answer.kind not in ("number", "embedding")
        order = np.argsort(-self.scores, kind="stable") if ranked else np.arange(len(self.scores))
        return [self.of(int(i)) for i in order[:k]]


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
    scores, probabilities: of those classes, before softmax and after. answer: what they mean.
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
    answer: Answer = Answer()

    picture_size = renamed_attribute("picture_size", "image_size")
    against = renamed_attribute("against", "contrast_class")
    against_name = renamed_attribute("against_name", "contrast_class_name")


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """What a network makes of the pictures of a data set: row i of every field belongs to one picture.

    vectors: float32 (n, d), read-only, a memory map where the table lies on the disk.
    items: int64 (n,), the picture's index in the data set. unread: name and reason of the pictures without a row.
    labels: int32 (n,), into class_names, -1 without. predictions, runners_up: int32 (n,), into model_classes.
    probabilities, runner_up_probabilities: float32 (n,), of these two; NaN where the model measures.
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

    @property
    def classified(self) -> bool:
        """Whether the model tells classes: a measure has no prediction and no probability."""
        return not np.isnan(self.probabilities).all()

    def __len__(self) -> int:
        return len(self.vectors)
