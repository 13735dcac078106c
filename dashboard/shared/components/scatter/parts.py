"""What the map is made of travels in parts: a part that has not changed is not sent again.

Streamlit keeps messages of 10 kB and more in the browser and then sends their hash alone. So the points, their colours
and the selection are a message each, carried by an invisible component into a store on the page (js/store.js), where
the map finds them. The scene, small and always sent, names the digests that belong together.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from dashboard.shared.components.scatter.colours import Colours
from dashboard.shared.components.scatter.records import Cloud, CurrentPoint, ScatterOptions
from dashboard.shared.components.viewer.frontend import joined
from dashboard.shared.components.viewer.payload import pack

HERE = Path(__file__).parent


_carrier = st.components.v2.component("sightline_scatter_part", js=joined(HERE / "js" / "part.js"))


def send(key: str, part: str, header: Mapping[str, Any], blobs: Mapping[str, bytes], of: str = "") -> str:
    """Put a part of the map into the browser's store and return its digest. of: digest of the larger blobs."""
    digest = hashlib.blake2b(json.dumps([header, of]).encode(), digest_size=12).hexdigest()
    payload = pack({"map": key, "part": part, "digest": digest, **header}, blobs)
    _carrier(data=payload, key=f"{key}-{part}")
    return digest


def send_points(key: str, cloud: Cloud) -> str:
    """4 bytes a point."""
    low, high = (cloud.steps.min(0), cloud.steps.max(0)) if len(cloud) else (np.zeros(2), np.ones(2))
    header = {
        "count": len(cloud),
        "origin": cloud.origin,
        "span": cloud.span,
        "extent": [int(step) for step in (*low, *high)],
    }
    return send(key, "points", header, {"steps": cloud.steps.tobytes()}, cloud.digest)


def send_colours(key: str, colours: Colours) -> str:
    """1 byte a point, and the two tables."""
    header = {
        "label": colours.label,
        "entries": [[entry.code, entry.name, entry.count] for entry in colours.entries],
        "ends": colours.ends,
    }
    tables = {"light": colours.light.tobytes(), "dark": colours.dark.tobytes()}
    blobs = {"codes": colours.codes.tobytes(), **tables}
    return send(key, "colours", header, blobs, colours.digest + _digest(*tables.values()))


def send_marks(key: str, selected: np.ndarray | None, highlighted: np.ndarray | None) -> str:
    """An eighth of a byte a point for each of the two sets that is not empty."""
    sets = {"selected": selected, "highlighted": highlighted}
    filled = {name: mask for name, mask in sets.items() if mask is not None and mask.any()}
    blobs = {name: np.packbits(mask, bitorder="little").tobytes() for name, mask in filled.items()}
    header = {"counts": {name: int(mask.sum()) for name, mask in filled.items()}}
    return send(key, "marks", header, blobs, _digest(*blobs.values()))


def send_scene(key: str, needs: Mapping[str, str], options: ScatterOptions) -> None:
    """What stands among the points, and which parts belong together; images are the blobs post<i> and current."""
    signposts, current_point = options.signposts, options.current_point
    blobs = {f"post{i}": post.image for i, post in enumerate(signposts) if post.image}
    if current_point and current_point.image:
        blobs["current"] = current_point.image
    header = {
        "needs": needs,
        "name": options.name,
        "description": options.description,
        "posts": [[float(post.x), float(post.y), post.label, post.code] for post in signposts],
        "current": current_point and _placed(current_point),
        "chosen": options.chosen,
    }
    send(key, "scene", header, blobs, _digest(*blobs.values()))


def _placed(current_point: CurrentPoint) -> dict[str, Any]:
    return {
        "x": float(current_point.x),
        "y": float(current_point.y),
        "label": current_point.label,
        "neighbours": [int(index) for index in current_point.neighbours],
    }


def _digest(*blobs: bytes) -> str:
    return hashlib.blake2b(b"".join(blobs), digest_size=12).hexdigest()
