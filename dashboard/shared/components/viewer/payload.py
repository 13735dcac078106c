"""One bytes payload for the browser: a JSON header, then the blobs it names.

Layout: uint32 little-endian n, n bytes of UTF-8 JSON, the blobs. `header["blobs"][name]` is [offset, length], counted
from the end of the header; js/payload.js is the reader. Base64 in JSON would add a third and a decoding step.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from dashboard.shared.components.viewer.records import DisplayImage
from xai_core.types import Box


def pack(header: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bytes:
    """The header and its blobs as one payload."""
    places, offset = {}, 0
    for name, blob in blobs.items():
        places[name] = [offset, len(blob)]
        offset += len(blob)
    text = json.dumps({**header, "blobs": places}, ensure_ascii=False, allow_nan=False).encode()
    return b"".join([struct.pack("<I", len(text)), text, *blobs.values()])


def image_header(image: DisplayImage) -> dict[str, Any]:
    """What the browser needs to place a picture; the digest lets it keep the decoded one."""
    height, width = image.size
    return {
        "digest": hashlib.blake2b(image.data, digest_size=16).hexdigest(),
        "width": width,
        "height": height,
        "box": box_list(image.box),
        "name": image.name,
    }


def box_list(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def map_bytes(values: np.ndarray) -> bytes:
    """float32 (rows, cols), little-endian, row by row."""
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def scale_top(values: np.ndarray, signed: bool) -> float:
    """How far a colour scale must go to hold the map: its maximum, or its largest magnitude where both signs count."""
    return float(np.abs(values).max() if signed else values.max())


def map_header(values: np.ndarray, vmax: float, signed: bool, message: str | None = None) -> dict[str, Any]:
    """A small map (rows, cols) on the scale from 0, or from -vmax, to vmax; one that shows nothing says why."""
    rows, cols = values.shape
    low, peak, vmax = float(values.min()), float(values.max()), float(vmax)
    if message is None and min(scale_top(values, signed), vmax) <= 0:
        message = "no evidence" if signed else "no positive evidence"
    vmin = -vmax if signed else 0.0
    return {"rows": rows, "cols": cols, "vmin": vmin, "vmax": vmax, "low": low, "peak": peak, "message": message}
