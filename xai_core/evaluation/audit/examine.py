"""The examination of a few pictures at once: one pass for the answer and map, four more copies of each."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai_core.attribution.class_maps import class_maps
from xai_core.datasets import Dataset
from xai_core.evaluation.audit.record import GRID, Record
from xai_core.evaluation.checks.resolution import outer_frame, share_inside
from xai_core.evaluation.checks.stability import NOISE
from xai_core.evaluation.similarity import comparable, of_comparable
from xai_core.forward.forward_pass import run_forward
from xai_core.images.head_crop import head_crop
from xai_core.models.preprocess import model_view, prepare
from xai_core.models.probability import probabilities
from xai_core.render.colour import colour_table
from xai_core.render.place import resample
from xai_core.render.scale import has_evidence
from xai_core.types import Box, LoadedModel, ModelInput, SourceImage

BOX_COLUMNS = ("x_center", "y_center", "width", "height")  # of a list, as shares of the picture
BORDER = 0.125  # of each side: the frame that a border-only copy keeps
_MIDDLE = 0.15  # of each side, left over around the middle that stands for an unknown object
_THUMB, _OPACITY = 112, 0.6


@dataclass(frozen=True, eq=False)
class Looked:
    """The pictures of a batch that could be read, with the input made of each and its object, bool (H, W)."""

    indices: list[int]
    images: list[SourceImage]
    given: list[ModelInput]
    objects: list[np.ndarray]

    @property
    def inputs(self) -> Tensor:
        return torch.cat([one.tensor for one in self.given])


def examine(
    model: LoadedModel, dataset: Dataset, how: tuple[str, str], looked: Looked, truths: Sequence[int]
) -> list[Record]:
    """A record for each picture. how: method and layer. truths: the model's class of each picture's own, -1 where it
    has none."""
    inputs = looked.inputs
    answers = probabilities(_scores(model, inputs), model.config.labels)
    classes = answers.argmax(dim=1, keepdim=True)
    maps = _maps(model, inputs, how, classes)
    steady = _steadiness(model, inputs, how, classes, maps)
    regions = [o if o.any() else middle(o.shape) for o in looked.objects]
    frames = np.broadcast_to(outer_frame(regions[0].shape, BORDER), (len(regions), *regions[0].shape))
    border = _scores(model, _only(inputs, frames)).argmax(dim=1)
    background = _scores(model, _only(inputs, ~np.stack(regions))).argmax(dim=1)
    top = answers.topk(min(2, answers.shape[1]), dim=1).values
    return [
        _record(
            dataset,
            looked,
            at,
            Told(truths[at], int(classes[at]), top[at].tolist(), steady[at], int(border[at]), int(background[at])),
            maps[at],
            model_view(model.config, looked.given[at]),
        )
        for at in range(len(looked.indices))
    ]


@dataclass(frozen=True)
class Told:
    """What the model's passes said of one picture; see `Record`."""

    truth: int
    predicted: int
    best: list[float]
    steadiness: float
    border: int
    background: int


def read_in(model: LoadedModel, dataset: Dataset, index: int) -> tuple[SourceImage, ModelInput, np.ndarray]:
    """A picture, its input and its object; ImageError as `Dataset.load`."""
    image = dataset.load(index)
    given = prepare(model.config, image, model.device)
    return image, given, object_of(model, dataset, index, image, given)


def _scores(model: LoadedModel, inputs: Tensor) -> Tensor:
    return run_forward(model.module, inputs, ()).scores.detach().float()


def _maps(model: LoadedModel, inputs: Tensor, how: tuple[str, str], classes: Tensor) -> np.ndarray:
    """Signed maps (n, h, w) of each picture's own class (n, 1)."""
    method, layer = how
    return class_maps(model.module, inputs, [layer], classes, method, relu=False)[layer][:, 0].detach().cpu().numpy()


def _steadiness(
    model: LoadedModel, inputs: Tensor, how: tuple[str, str], classes: Tensor, maps: np.ndarray
) -> list[float]:
    mirrored = _maps(model, inputs.flip(3), how, classes)[:, :, ::-1]
    noise = torch.randn(inputs.shape, generator=torch.Generator().manual_seed(0)).to(inputs)
    spread = NOISE / torch.tensor(model.config.std).to(inputs).view(1, -1, 1, 1)
    noisy = _maps(model, inputs + spread * noise, how, classes)
    return [
        float(np.mean([of_comparable(comparable(own, False), comparable(o, False)).rank_correlation for o in others]))
        for own, *others in zip(maps, np.ascontiguousarray(mirrored), noisy, strict=True)
    ]


def _only(inputs: Tensor, kept: np.ndarray) -> Tensor:
    """Inputs of which only a part, bool (n, H, W), is left; the rest has the mean colour of that part."""
    mask = torch.tensor(kept).to(inputs)[:, None]
    mean = (inputs * mask).sum(dim=(2, 3), keepdim=True) / mask.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return torch.where(mask > 0, inputs, mean)


def _record(dataset: Dataset, looked: Looked, at: int, told: Told, values: np.ndarray, view: np.ndarray) -> Record:
    index, found = looked.indices[at], looked.objects[at]
    known = bool(found.any())
    inside = found if known else ~outer_frame(found.shape)
    empty = not has_evidence(values)
    kept = resample(values, (GRID, GRID))
    kept = kept / (float(np.abs(kept).max()) or 1.0)
    return Record(
        index=index,
        name=dataset.items[index].id,
        truth=told.truth,
        predicted=told.predicted,
        probability=told.best[0],
        margin=told.best[0] - (told.best[1] if len(told.best) > 1 else 0.0),
        empty=empty,
        outside=float("nan") if empty else 1 - share_inside(values, inside),
        area=float(1 - inside.mean()),
        known=known,
        steadiness=told.steadiness,
        border=told.border,
        background=told.background,
        map=tuple(round(float(v), 3) for v in kept.ravel()),
        thumbnail=_jpeg(view),
        overlay=_jpeg(_over(view, values)),
    )


def _over(view: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The picture with the positive evidence on it, its own maximum the brightest."""
    strength = np.clip(resample(values, view.shape[:2]), 0, None)
    strength = strength / (float(strength.max()) or 1.0)
    opacity = _OPACITY * np.clip(4 * strength, 0, 1)[:, :, None]
    colours = colour_table("viridis")[(255 * strength).astype(np.uint8)]
    over: np.ndarray = view * (1 - opacity) + colours * opacity
    return over.astype(np.uint8)


def _jpeg(pixels: np.ndarray) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_THUMB, _THUMB), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def object_of(model: LoadedModel, dataset: Dataset, index: int, image: SourceImage, given: ModelInput) -> np.ndarray:
    """bool (H, W) over the input: the box that the data set's list gives, else the head where the model reads heads;
    empty where nobody knows."""
    size = (int(given.tensor.shape[2]), int(given.tensor.shape[3]))
    if all(name in dataset.columns for name in BOX_COLUMNS):
        told = [float(dataset.columns[name][index]) for name in BOX_COLUMNS]
        if np.isfinite(told).all():
            return _inside(_box(told, image.size), given.box, size)
    side = model.config.resize.head_side
    crop = head_crop(image, side) if side is not None else None
    if crop is None or not crop.found:
        return np.zeros(size, bool)
    rows, columns = (np.arange(length) * crop.mask.shape[axis] // length for axis, length in enumerate(size))
    return crop.mask[np.ix_(rows, columns)]


def middle(size: tuple[int, int]) -> np.ndarray:
    """What stands for an object that is not known: all but a wide frame."""
    return ~outer_frame(size, _MIDDLE)


def _box(told: list[float], size: tuple[int, int]) -> Box:
    """Shares of the picture (height, width) as a box in its pixels."""
    x, y, width, height = told
    rows, columns = size
    return Box((x - width / 2) * columns, (y - height / 2) * rows, (x + width / 2) * columns, (y + height / 2) * rows)


def _inside(box: Box, seen: Box, size: tuple[int, int]) -> np.ndarray:
    """The input's pixels whose centres lie in a box of the picture."""
    y = seen.top + (np.arange(size[0]) + 0.5) / size[0] * (seen.bottom - seen.top)
    x = seen.left + (np.arange(size[1]) + 0.5) / size[1] * (seen.right - seen.left)
    return ((y >= box.top) & (y < box.bottom))[:, None] & ((x >= box.left) & (x < box.right))[None]
