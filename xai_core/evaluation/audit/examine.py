"""The examination of a few pictures at once: one pass for the answer and map, four more copies of each."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
from xai_core.render.place import resample
from xai_core.render.scale import colour_table, has_evidence
from xai_core.types import Box, LoadedModel, ModelInput, SourceImage

BOX_COLUMNS = ("x_center", "y_center", "width", "height")  # of a list, as shares of the picture
BORDER = 0.125  # of each side: the frame that a border-only copy keeps
_MIDDLE = 0.15  # of each side, left over around the middle that stands for an unknown object
_THUMB, _OPACITY = 112, 0.6


@dataclass(frozen=True, eq=False)
class Looked:
    """A picture of the data set that could be read, the input made of it, and its object, bool (H, W).

    truth: the model's class of the picture's own, -1 where it has none.
    """

    index: int
    given: ModelInput
    object: np.ndarray
    truth: int


def examine(model: LoadedModel, dataset: Dataset, how: tuple[str, str], looked: Sequence[Looked]) -> list[Record]:
    """A record for each picture. how: method and layer."""
    inputs = torch.cat([one.given.tensor for one in looked])
    answers = probabilities(_scores(model, inputs), model.config.answer)
    classes = answers.argmax(dim=1, keepdim=True)
    maps = _maps(model, inputs, how, classes)
    steady = _steadiness(model, inputs, how, classes, maps)
    regions = [one.object if one.object.any() else middle(one.object.shape) for one in looked]
    frames = np.broadcast_to(outer_frame(regions[0].shape, BORDER), (len(regions), *regions[0].shape))
    border = _scores(model, _only(inputs, frames)).argmax(dim=1)
    background = _scores(model, _only(inputs, ~np.stack(regions))).argmax(dim=1)
    top = answers.topk(min(2, answers.shape[1]), dim=1).values
    return [
        Record(
            index=one.index,
            name=dataset.items[one.index].id,
            truth=one.truth,
            predicted=int(classes[at]),
            probability=(best := top[at].tolist())[0],
            margin=best[0] - (best[1] if len(best) > 1 else 0.0),
            steadiness=steady[at],
            border=int(border[at]),
            background=int(background[at]),
            **_evidence(maps[at], one.object, model_view(model.config, one.given)),
        )
        for at, one in enumerate(looked)
    ]


def read_in(model: LoadedModel, dataset: Dataset, index: int, truth: int) -> Looked:
    """A picture, its input and its object; ImageError as `Dataset.load`."""
    image = dataset.load(index)
    given = prepare(model.config, image, model.device)
    return Looked(index, given, object_of(model, dataset, index, image, given), truth)


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


def _evidence(values: np.ndarray, found: np.ndarray, view: np.ndarray) -> dict[str, Any]:
    """What a record tells of a map (h, w) and the object: where the evidence lies, and the map in small pictures."""
    known = bool(found.any())
    inside = found if known else ~outer_frame(found.shape)
    empty = not has_evidence(values)
    kept = resample(values, (GRID, GRID))
    kept = kept / (float(np.abs(kept).max()) or 1.0)
    return {
        "empty": empty,
        "outside": float("nan") if empty else 1 - share_inside(values, inside),
        "area": float(1 - inside.mean()),
        "known": known,
        "map": tuple(round(float(v), 3) for v in kept.ravel()),
        "thumbnail": _jpeg(view),
        "overlay": _jpeg(_over(view, values)),
    }


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
            (x, y, width, height), (rows, columns) = told, image.size
            (left, right), (top, bottom) = ((at - side / 2, at + side / 2) for at, side in ((x, width), (y, height)))
            box = Box(left * columns, top * rows, right * columns, bottom * rows)
            return _inside(box, given.box, size)
    side = model.config.resize.head_side
    crop = head_crop(image, side) if side is not None else None
    if crop is None or not crop.found:
        return np.zeros(size, bool)
    rows, columns = (np.arange(length) * crop.mask.shape[axis] // length for axis, length in enumerate(size))
    return crop.mask[np.ix_(rows, columns)]


def middle(size: tuple[int, int]) -> np.ndarray:
    """What stands for an object that is not known: all but a wide frame."""
    return ~outer_frame(size, _MIDDLE)


def _inside(box: Box, seen: Box, size: tuple[int, int]) -> np.ndarray:
    """The input's pixels whose centres lie in a box of the picture."""
    y = seen.top + (np.arange(size[0]) + 0.5) / size[0] * (seen.bottom - seen.top)
    x = seen.left + (np.arange(size[1]) + 0.5) / size[1] * (seen.right - seen.left)
    return ((y >= box.top) & (y < box.bottom))[:, None] & ((x >= box.left) & (x < box.right))[None]
