"""What the model says of slices: scores, maps of all four diagnoses, and how like its training data they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from dashboard.core import audit_log
from dashboard.mri import shelf
from dashboard.shared import cached
from xai_core.attribution.catalog import batch_methods, find_method
from xai_core.attribution.class_maps import answer, make_target
from xai_core.attribution.method import AttributionRequest
from xai_core.evaluation.familiarity import Familiarity, familiarities
from xai_core.forward.fold import Folded, folded
from xai_core.forward.forward_pass import run_forward
from xai_core.images.head_crop import grey_values, head_crop
from xai_core.images.head_rim import rim_profile
from xai_core.models.brain_mri_checks import LAYER, Checks, checked, pooled
from xai_core.models.preprocess import head_input
from xai_core.models.sources.brain_mri import HEAD_SIDE, known_slices
from xai_core.types import Box, LoadedModel, Prediction, SourceImage

MODEL = "brain-mri"
LAST = "bn2"  # the layer whose means are the training vectors
SUGGESTED_METHOD, SUGGESTED = "grad_cam", LAST  # trained to lie in the tumour: docs/models/brain-mri.md
MOST = 512


@dataclass(frozen=True)
class MapRecipe:
    """How the maps are made."""

    method: str
    layer: str


@dataclass(frozen=True, eq=False)
class Reading:
    """One slice. maps: float32 (4, h, w), raw and signed, before softmax. box: the part that the model saw.

    peaks: float32 (4,), the highest cell of each class activation map of the last layer, whatever maps are shown.
    head: whether a head was found in it. checks: what the input gate sees. image_digest: of the slice's pixels.
    """

    prediction: Prediction
    maps: np.ndarray
    peaks: np.ndarray
    box: Box
    familiarity: Familiarity
    head: bool
    checks: Checks
    recipe: MapRecipe
    image_digest: str

    @property
    def plausible(self) -> bool:
        """Whether it is a head, light on dark: of nothing else a map is shown unasked."""
        return self.head and not (self.checks.strange or self.checks.inverted)


def model() -> LoadedModel:
    return cached.model(MODEL)


@cache
def twin() -> Folded:
    """The network as a series is read with it: faster by a third, the same up to rounding."""
    network = model()
    sample = torch.rand(1, 3, *network.config.input_size, generator=torch.Generator().manual_seed(0))
    return folded(network.module, sample.to(network.device))


def method_keys() -> list[str]:
    """Quick methods that tell the diagnoses apart, the suggested one first."""
    return sorted(batch_methods(), key=lambda key: key != SUGGESTED_METHOD)


def layer_names() -> list[str]:
    """The last layer of each stage, the suggested one first."""
    listed = cached.layers(model())
    names = [layer.name for layer in listed if layer.main and layer.stage_end and layer.grid[0] <= 24]
    return sorted(names, key=lambda name: (name != SUGGESTED, -names.index(name)))


def read(image: SourceImage, recipe: MapRecipe) -> Reading:
    """The model's answer to one slice, kept for this visitor."""
    return read_all([image], recipe)[0]


def read_all(images: Sequence[SourceImage], recipe: MapRecipe) -> list[Reading]:
    """The answers to several slices from one pass over those that are not known yet."""
    store = shelf.shelf("readings", MOST)
    keys = [(image.digest, recipe) for image in images]
    found = {key: store[key] for key in keys if key in store}
    new = [image for image, key in zip(images, keys, strict=True) if key not in found]
    if new:
        for image, made in zip(new, passed(new, recipe), strict=True):
            found[(image.digest, recipe)] = store[(image.digest, recipe)] = made
            audit_log.told(model(), made.prediction, image.digest)
    return [found[key] for key in keys]


def passed(images: Sequence[SourceImage], recipe: MapRecipe) -> list[Reading]:
    """The answers to slices from one pass."""
    network, method = model(), find_method(recipe.method)
    crops = [head_crop(image, HEAD_SIDE) for image in images]
    given = [head_input(network.config, crop, network.device) for crop in crops]
    inputs = torch.cat([one.tensor for one in given]).contiguous(memory_format=torch.channels_last)
    module = network.module if recipe.layer in twin().changed else twin().module
    made = run_forward(module, inputs, list(dict.fromkeys([recipe.layer, LAST, LAYER])))
    target = make_target(lambda: made, inputs, [list(range(len(network.config.class_names)))])
    maps = answer(method, AttributionRequest(module, inputs, (recipe.layer,), target, lambda: made), None, None)
    known = known_slices()
    cells = made.activations[LAST].detach()
    vectors = cells.mean(dim=(2, 3)).cpu().numpy()
    weights = network.module.get_parameter("classifier.weight").detach()
    peaks = torch.einsum("nchw,kc->nkhw", cells, weights).amax(dim=(2, 3)).float().cpu().numpy()
    like = familiarities(known.vectors, vectors, known.limit)
    middle = pooled(made.activations[LAYER])
    scores = made.scores.detach().float().cpu()
    shares = torch.softmax(scores, dim=1).numpy()
    return [
        Reading(
            Prediction(scores[i].numpy(), shares[i], network.config.class_names),
            maps[recipe.layer][i].detach().float().cpu().numpy(),
            peaks[i],
            given[i].box,
            like[i],
            crops[i].found,
            checked(middle[i], rim_profile(grey_values(image))),
            recipe,
            image.digest,
        )
        for i, image in enumerate(images)
    ]
