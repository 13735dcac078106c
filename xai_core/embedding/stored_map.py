"""A map beside its table on the disk, so that a second visit shows it at once.

It lies in the view's own folder, which belongs to one state of the data, one network and one layer, and goes with it:
a map of anything else is never found.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xai_core.durable import keep, kept
from xai_core.embedding.neighbours import open_index
from xai_core.embedding.projection import Place, Projection
from xai_core.embedding.store import digest_of
from xai_core.embedding.tsne import placer
from xai_core.errors import NotApplicable
from xai_core.types import FeatureTable

VERSION = 1  # goes up whenever the same settings would give another map


def keep_map(table: FeatureTable, request: Mapping[str, object], made: Projection) -> None:
    """request: all settings that name the map, fit for JSON, as `stored_map` will ask for it."""
    facts = json.dumps({"method": made.method, "settings": dict(made.settings)})
    keep(_path(table, request), lambda file: np.savez(file, points=made.points, facts=np.array(facts)))


def stored_map(table: FeatureTable, request: Mapping[str, object]) -> Projection | None:
    """The map of these settings, None where there is none, or it is damaged.

    A t-SNE map can place new pictures as before; UMAP places them only while its process holds the map.
    """
    content = kept(_path(table, request))
    if content is None:
        return None
    file = np.load(content)
    points, facts = file["points"], json.loads(str(file["facts"]))
    method, settings = str(facts["method"]), dict(facts["settings"])
    if points.dtype != np.float32 or points.ndim != 2 or len(points) != len(table) or not np.isfinite(points).all():
        return None
    return Projection(method, points, _place(table, method, points), settings)


def _place(table: FeatureTable, method: str, points: np.ndarray) -> Place:
    return placer(points, open_index(table)) if method == "t-sne" else _gone


def _gone(_vectors: np.ndarray) -> np.ndarray:
    raise NotApplicable("This map was read from the disk and can place no new pictures; draw it again.")


def _path(table: FeatureTable, request: Mapping[str, object]) -> Path | None:
    return None if table.folder is None else table.folder / f"map-{digest_of([VERSION, dict(request)])[:16]}.npz"
