"""Weights that follow from their place in a Keras archive, so that a large network is kept as its configuration."""

from __future__ import annotations

import gzip
import io
import json
import math
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CASES = Path(__file__).with_name("cases")


@dataclass(frozen=True, eq=False)
class Case:
    """config, version: as Keras wrote them. weights: [path, layer, shape]. x: (n, h, w, c) of the answers y.

    layer, map: Keras's own Grad-CAM of class 1 of the first picture, (h, w), neither scaled nor cut at 0.
    """

    config: str
    version: str
    weights: Sequence[Any]
    x: np.ndarray
    y: np.ndarray
    layer: str
    map: np.ndarray


def case(name: str) -> Case:
    told = json.loads(gzip.decompress((CASES / f"{name}.json.gz").read_bytes()))
    y, grid = (np.array(told[key], np.float32) for key in ("y", "map"))
    return Case(told["config"], told["version"], told["weights"], pictures(told["x"]), y, told["layer"], grid)


def pictures(told: dict[str, Any]) -> np.ndarray:
    """float32 (n, h, w, c) between 0 and a highest value."""
    return np.random.default_rng(0).uniform(0, told["highest"], told["shape"]).astype(np.float32)


def archive(of: Case) -> bytes:
    """The .keras file with the weights that belong to its places."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for path, owner, shape in of.weights:
            file[path] = numbers(path, shape)
            file[path.rpartition("/")[0]].attrs["name"] = owner
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": of.version}))
        file.writestr("config.json", of.config)
        file.writestr("model.weights.h5", weights.getvalue())
    return packed.getvalue()


def numbers(path: str, shape: Sequence[int]) -> np.ndarray:
    """A trained network's kind of numbers: positive variances, kernels that keep the size of what they are given."""
    rng = np.random.default_rng(zlib.crc32(path.encode()))
    *_, layer, _, number = path.split("/")
    if not shape:
        return np.array(7, np.int32)
    if "normalization" in layer:
        spread = "batch" in layer or number == "1"  # which of a batch norm's are the variances depends on its form
        return (rng.uniform(0.5, 1.5, shape) if spread else rng.normal(0, 0.1, shape)).astype(np.float32)
    if number == "0" or len(shape) > 1:
        fan_in = math.prod(shape[:-1]) if shape[-1] > 1 else math.prod(shape[:2])
        return rng.normal(0, math.sqrt(2 / max(fan_in, 1)), shape).astype(np.float32)
    return rng.normal(0, 0.1, shape).astype(np.float32)
