"""The current picture of the side bar, put among the others."""

from dataclasses import dataclass

import numpy as np

import xai_core as xai
from dashboard.core.plain_text import plainly
from dashboard.map import layouts
from dashboard.map.layouts import Shown
from dashboard.map.map_cache import once
from dashboard.map.map_descriptions import strangeness_in_words
from dashboard.map.map_view import title_of
from dashboard.map.table import Space, index_of
from dashboard.shared.components.scatter import CurrentPoint
from dashboard.shared.components.viewer import display_image
from xai_core.embedding.embedding_layer import embedder, find_embedding_layer
from xai_core.embedding.neighbours import neighbours
from xai_core.embedding.suspects import strangeness, usual_distances
from xai_core.images.display import display_pixels
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel, SourceImage

NEAREST = 8


@dataclass(frozen=True, eq=False)
class Placed:
    """The picture on the map (None: not on this one), and a sentence on how usual it is among the others."""

    current_point: CurrentPoint | None
    sentence: str


def placed(space: Space, map: Shown) -> Placed:
    """Where the current picture falls, with its true neighbours. SightlineError: the network cannot read it."""
    request, image = space.request, space.request.image
    vector = once(lambda: _vector(request.model, request.layer, image), "vector", space.key, image.digest)
    index = index_of(space, "l2")
    near = neighbours(index, vector, min(NEAREST, len(space.table))).rows[0]
    usual = once(lambda: usual_distances(space.table, space.graph), "usual", space.key)
    by_angle = once(lambda: xai.open_index(space.table, "cosine", exact=True), "angles", space.key)
    share = float(strangeness(usual, by_angle, vector)[0])
    names = ", ".join(dict.fromkeys(plainly(title_of(space.table, int(row))) for row in near))
    words = f"{strangeness_in_words(share, plainly(image.name))} Its nearest: {names}."
    if map.projection.points.shape[1] == 3:
        return Placed(None, words)
    point = layouts.place(map, vector)
    if point is None:
        point = map.projection.points[near[0]]
        words += " UMAP no longer holds this map and cannot place it, so it stands on its nearest neighbour."
    thumb = display_image(display_pixels(image), 96)
    return Placed(CurrentPoint(float(point[0]), float(point[1]), image.name, thumb, tuple(near.tolist())), words)


def _vector(model: LoadedModel, layer: str | None, image: SourceImage) -> np.ndarray:
    """float32 (d,)"""
    vectors, _ = embedder(model, find_embedding_layer(model, layer))(prepare(model.config, image, model.device).tensor)
    return vectors[0].cpu().numpy()
