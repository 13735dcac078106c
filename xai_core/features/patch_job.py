"""What a search for top patches is asked: network, data, layers and the number by which places are ranked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Literal

import torch
from torch import Tensor

from xai_core.datasets import Dataset
from xai_core.errors import ClassError, LayerError
from xai_core.features.patches import LayerPatches
from xai_core.features.running_top import nothing_seen, ranked_with
from xai_core.forward.forward_pass import maps_of, run_forward, score_gradients
from xai_core.forward.mixing import one_by_one
from xai_core.forward.target import Target
from xai_core.models.grid import Grid, to_maps
from xai_core.models.isolate import find_layer, isolated
from xai_core.models.layouts import Layout, layouts
from xai_core.models.structure import structure_digest
from xai_core.types import LoadedModel

By = Literal["activation", "contribution"]
VERSION = 2  # goes up whenever the same question would get another answer
_BATCH = {"activation": 32, "contribution": 8}  # the backward pass keeps every layer's activations

Found = Mapping[str, LayerPatches]
Finder = Callable[[Tensor, Sequence[int], Found], Found]  # inputs (n, c, H, W), their indices, what was found before


@dataclass(frozen=True, eq=False)
class PatchJob:
    """layers: sorted dotted names. class_index: whose score "contribution" means; None: each picture's predicted class.

    batch is part of the question because a convolution rounds differently in batches of another size.
    """

    model: LoadedModel
    dataset: Dataset
    layers: tuple[str, ...]
    k: int
    by: By
    class_index: int | None
    batch: int
    per_image: int

    @cached_property
    def spec(self) -> dict[str, object]:
        """Everything that decides the result, fit for JSON."""
        config = self.model.config
        return {
            "version": VERSION,
            "model": config.key,
            "weights": self.model.digest,
            "network": structure_digest(self.model.module),  # strides are not among the weights
            "input": [
                list(config.input_size),
                list(config.mean),
                list(config.std),
                config.channel_order,
                asdict(config.resize),
            ],
            "dataset": self.dataset.digest,
            "layers": list(self.layers),
            "k": self.k,
            "by": self.by,
            "class": self.class_index,
            "batch": self.batch,
            "per_picture": self.per_image,
        }

    @cached_property
    def key(self) -> str:
        """SHA-256 hex of the specification."""
        return hashlib.sha256(json.dumps(self.spec, sort_keys=True).encode()).hexdigest()


def patch_job(
    model: LoadedModel,
    dataset: Dataset,
    layers: Sequence[str],
    k: int = 9,
    *,
    by: By = "activation",
    class_index: int | None = None,
    batch: int | None = None,
    per_image: int = 1,
) -> PatchJob:
    """The question in its one spelling; LayerError, ClassError or ValueError where it makes no sense."""
    if not layers:
        raise LayerError("No layer was given to search for patches; name at least one.")
    for name in layers:
        find_layer(model.module, name)
    if by not in _BATCH:
        raise ValueError(f"Places are ranked by activation or contribution, not by '{by}'.")
    if class_index is not None and (by == "activation" or not 0 <= class_index < len(model.config.class_names)):
        most = len(model.config.class_names) - 1
        raise ClassError(f"Class {class_index} was given; classes 0 to {most} can be, and with by='contribution' only.")
    size = batch or _BATCH[by]
    if min(k, size, per_image) < 1:
        raise ValueError(f"k, batch and per_picture must be at least 1; {k}, {batch} and {per_image} were given.")
    return PatchJob(model, dataset, tuple(sorted(set(layers))), k, by, class_index, size, per_image)


def finder(job: PatchJob) -> Finder:
    """A function from a batch of later pictures and what was found before to what is found with them."""
    find = _by_activation(job) if job.by == "activation" else partial(_by_contribution, job)

    def find_in_turn(inputs: Tensor, images: Sequence[int], before: Found) -> Found:
        parts = one_by_one(job.model.module, inputs)
        found = before
        for part, own in zip(parts, [images] if len(parts) == 1 else [[image] for image in images], strict=True):
            found = find(part, own, found)
        return found

    return find_in_turn


def _by_activation(job: PatchJob) -> Finder:
    """One forward pass: each layer is reduced while its output is still warm, and nothing is kept."""
    copy = isolated(job.model.module, job.layers)
    config = job.model.config
    known = layouts(job.model.module, (1, len(config.mean), *config.input_size), job.layers)
    given: list[tuple[Sequence[int], Found]] = []
    found: dict[str, LayerPatches] = {}

    def reduce(name: str, output: object) -> None:
        if name in found:
            raise LayerError(f"Layer '{name}' runs more than once in a pass; choose the block around it.")
        images, before = given[0]
        found[name] = _with(job, name, _maps(name, output, known.get(name)), images, before)

    for name in job.layers:
        copy.get_submodule(name).register_forward_hook(lambda _module, _args, output, name=name: reduce(name, output))

    def find(inputs: Tensor, images: Sequence[int], before: Found) -> Found:
        given[:] = [(images, before)]
        found.clear()
        with torch.no_grad():
            copy(inputs)
        missing = [name for name in job.layers if name not in found]
        if missing:
            raise LayerError(f"Layer '{missing[0]}' did not run in this network's forward pass; choose another layer.")
        return dict(found)

    return find


def _by_contribution(job: PatchJob, inputs: Tensor, images: Sequence[int], before: Found) -> Found:
    """One forward and one backward pass. A place counts alpha_k * A_k(i, j), its term in Grad-CAM's sum.

    alpha_k is the mean gradient of the class score over channel k (Selvaraju et al. 2017, equations 1 and 2). At the
    last layer before global average pooling and a linear layer, all terms of a picture sum to its score less the bias.
    """
    image_pass = run_forward(job.model.module, inputs, job.layers)
    predicted = image_pass.scores.detach().argmax(dim=1, keepdim=True)
    classes = predicted if job.class_index is None else torch.full_like(predicted, job.class_index)
    gradients = score_gradients(image_pass, Target(classes), job.layers)
    found: dict[str, LayerPatches] = {}
    for name in job.layers:
        activations, gradient = image_pass.activations[name].detach(), gradients[name]
        if activations.ndim == 2:
            activations, gradient = activations[:, :, None, None], gradient[:, :, None, None]
        else:
            maps_of(image_pass, name)
        alpha = gradient.mean(dim=(2, 3), keepdim=True)
        found[name] = _with(job, name, alpha * activations, images, before)
    return found


def _with(job: PatchJob, name: str, maps: Tensor, images: Sequence[int], before: Found) -> LayerPatches:
    """What was found at a layer before, and in these maps (n, c, h, w)."""
    best = before[name].ranked if name in before else nothing_seen(maps.shape[1], job.k)
    return LayerPatches((maps.shape[2], maps.shape[3]), ranked_with(best, maps, images, job.per_image))


def _maps(name: str, output: object, layout: Layout | None) -> Tensor:
    """(n, c, h, w), also of tokens; the numbers (n, c) of a linear layer count as maps of one place."""
    if isinstance(layout, str) and isinstance(output, Tensor) and output.ndim > 2:
        raise LayerError(layout)
    placed = to_maps(output, layout) if isinstance(output, Tensor) and isinstance(layout, Grid) else output
    if isinstance(placed, Tensor) and placed.ndim in (2, 4):
        return placed if placed.ndim == 4 else placed[:, :, None, None]
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    raise LayerError(f"Layer '{name}' gives {shape}, no feature maps (n, c, h, w); choose another layer.")
