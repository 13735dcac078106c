"""What makes two pictures alike to the network: the terms of their distance by channel, and the places that agree.

The joint map follows Stylianou, Souvenir & Pless, "Visualizing deep similarity networks" (2019): where the vectors are
averages of feature maps, their cosine is a sum over places, and each place's part can be shown.
"""

from dataclasses import dataclass

import numpy as np
import torch

from xai_core.embedding.distances import Metric, check_metric
from xai_core.errors import NotApplicable, SettingError
from xai_core.forward.forward_pass import run_forward
from xai_core.forward.head import find_head
from xai_core.forward.mixing import one_by_one
from xai_core.models.preprocess import prepare
from xai_core.types import Box, LoadedModel, SourceImage


@dataclass(frozen=True, eq=False)
class Terms:
    """values: float64 (d,), one number a channel, which sum to `total`; order: channels, the largest first.

    For l2 the total is the squared distance, and large terms tell the pictures apart; for cosine it is the cosine, and
    large terms make them alike.
    """

    values: np.ndarray
    total: float
    order: np.ndarray


@dataclass(frozen=True, eq=False)
class JointMaps:
    """Where two pictures are alike: float32 (h, w) each, whose sums are the cosine of their vectors, both the same.

    boxes: the part of each picture that its map covers.
    """

    layer: str
    maps: tuple[np.ndarray, np.ndarray]
    boxes: tuple[Box, Box]
    cosine: float


def distance_terms(a: np.ndarray, b: np.ndarray, metric: Metric = "l2") -> Terms:
    """What each channel adds to the distance or likeness of two vectors (d,)."""
    check_metric(metric)
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise SettingError(f"Two vectors of one length are compared; {first.shape} and {second.shape} were given.")
    if metric == "l2":
        values = (first - second) ** 2
    else:
        values = first * second / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-300)
    return Terms(values, float(values.sum()), np.argsort(-values, kind="stable"))


def joint_maps(model: LoadedModel, a: SourceImage, b: SourceImage, layer: str | None = None) -> JointMaps:
    """Each place's part in the cosine of two pictures' vectors, from one pass each.

    layer: one with feature maps, as the table's; None: the maps whose averages the classifier reads.
    NotApplicable: the classifier reads no averages, or the layer has no maps larger than 1 x 1.
    """
    name, relu = (layer, False) if layer is not None else _averaged_layer(model)
    inputs = [prepare(model.config, image, model.device) for image in (a, b)]
    given = one_by_one(model.module, torch.cat([one.tensor for one in inputs]))
    both = torch.cat([run_forward(model.module, images, [name]).activations[name].detach() for images in given])
    if both.ndim != 4 or both[0, 0].numel() == 1:
        raise NotApplicable(f"Layer '{name}' has no places larger than 1 × 1, so two pictures are not compared there.")
    maps = (both.clamp(min=0) if relu else both).double().cpu().numpy()
    means = maps.mean((2, 3))
    lengths = max(float(np.linalg.norm(means[0]) * np.linalg.norm(means[1])), 1e-300)
    places = maps.shape[2] * maps.shape[3]
    parts = [np.einsum("chw,c->hw", maps[i], means[1 - i]) / (lengths * places) for i in (0, 1)]
    return JointMaps(
        layer=name,
        maps=(parts[0].astype(np.float32), parts[1].astype(np.float32)),
        boxes=(inputs[0].box, inputs[1].box),
        cosine=float(means[0] @ means[1]) / lengths,
    )


def _averaged_layer(model: LoadedModel) -> tuple[str, bool]:
    """The layer whose channel averages the classifier reads, and whether a ReLU comes between."""
    head = find_head(model.module, (1, len(model.config.mean), *model.config.input_size))
    if isinstance(head, str):
        raise NotApplicable(
            "Where two pictures are alike can be shown when the vectors are averages of feature maps; here the "
            "classifier reads something else, so choose a convolutional layer."
        )
    return head.layers[-1], head.relu
