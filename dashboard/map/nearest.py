"""The nearest pictures of the open one, each with its map: a click walks on."""

import math
from dataclasses import astuple, replace

import numpy as np
import streamlit as st

from dashboard.core import jobs
from dashboard.core.plain_text import in_prose
from dashboard.map import map_choice
from dashboard.map.alike_view import alike
from dashboard.map.map_view import prediction_in_words, title_of
from dashboard.map.table import Space, index_of, predicted_maps
from dashboard.shared import job_lines
from dashboard.shared.components.choices import Choice, choices, thumbnail, thumbnail_url
from dashboard.shared.one_of import one_of
from xai_core.embedding.distances import Metric, Nearest
from xai_core.embedding.neighbours import neighbours
from xai_core.images.display import display_pixels
from xai_core.models.class_names import short_name
from xai_core.render.overlay import overlay
from xai_core.types import Box, Explanation, SourceImage

COUNTS = (6, 12, 24)
METRICS: dict[Metric, str] = {"l2": "L2", "cosine": "Cosine"}
SIDE = 240  # of a picture with its map, in pixels
SMALLEST = 96  # a smaller picture is enlarged


def nearest(space: Space) -> None:
    """Below the map, while a picture is open."""
    row = map_choice.current(space).open
    if row is None:
        return
    st.subheader("Nearest in the space", anchor=False)
    metric, count, with_maps = _controls()
    found = neighbours(index_of(space, metric), row, min(count, len(space.table) - 1))
    rows = [row, *found.rows[0].tolist()]
    choices(
        _cards(space, rows, found, _maps(space, rows) if with_maps else {}),
        selected=str(row),
        label="Nearest pictures",
        look="cards",
        key="space_neighbours",
        on_choose=lambda id: map_choice.walk_to(int(id)) if int(id) != row else None,
    )
    st.caption(_said(space, row, found, with_maps))
    alike(space, row, [int(other) for other in found.rows[0]])


def _controls() -> tuple[Metric, int, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        told = "L2: the length of the difference. Cosine: 1 minus the cosine of the angle, whatever the lengths."
        metric: Metric = one_of("Nearest by", METRICS, "l2", "space_metric", help=told)
        count = one_of("How many", {n: str(n) for n in COUNTS}, COUNTS[0], "space_near_count")
        with_maps = st.toggle(
            "With maps",
            value=True,
            key="space_near_maps",
            persist_state="session",
            help="Grad-CAM of each picture's predicted class, each on its own scale.",
        )
    return metric, count, with_maps


def _cards(space: Space, rows: list[int], found: Nearest, maps: dict[int, str]) -> list[Choice]:
    table = space.table
    decimals = decimals_for(float(found.distances[0].max(initial=0)))
    far = ["", *(f"{distance:.{decimals}f} away" for distance in found.distances[0])]
    return [
        Choice(
            str(row),
            f"{away} · {short_name(title_of(table, row))}" if away else "This picture",
            f"predicted {prediction_in_words(table, row)}",
            image=maps.get(row) or thumbnail_url(table, row),
            hint=str(table.names[row]),
        )
        for row, away in zip(rows, far, strict=True)
    ]


def decimals_for(largest: float) -> int:
    """So many that a list of numbers up to this one shows three digits of it, each number as many."""
    return 3 if largest <= 0 else min(8, max(0, 2 - math.floor(math.log10(largest))))


def _said(space: Space, row: int, found: Nearest, with_maps: bool) -> str:
    words = "The number is the distance in the space, not on the map. Click one to walk on."
    if with_maps:
        words += " The colours show the evidence for each one's predicted class."
    if not space.labelled:
        return words
    same = sum(int(space.table.labels[other]) == int(space.table.labels[row]) for other in found.rows[0])
    return f"{same} of these {len(found.rows[0])} carry the same label. {words}"


def _maps(space: Space, rows: list[int]) -> dict[int, str]:
    """Data URLs by row; none until all are there."""
    key = f"near|{space.key}|{np.array(rows).tobytes().hex()}"
    run = jobs.job_of(key, lambda tell: overlays(space, rows, tell), in_turn=False)
    if run.running:
        job_lines.follow(key, "Grad-CAM of the nearest", "pictures")
    elif run.trouble:
        st.caption(in_prose(run.trouble))
    return run.result or {}


def overlays(space: Space, rows: list[int], tell: jobs.JobProgress) -> dict[int, str]:
    """Each picture under the Grad-CAM of its predicted class, as a data URL; without those that can't be read."""
    return {
        row: thumbnail(overlay(*_enlarged(image_pass.image, result)), SIDE)
        for row, image_pass, result in predicted_maps(space, rows, tell)
    }


def _enlarged(image: SourceImage, result: Explanation) -> tuple[SourceImage, Explanation]:
    """As the screen has it, a tiny picture in whole steps larger, so that the map on it can be seen."""
    pixels = display_pixels(image)
    times = max(1, -(-SMALLEST // max(pixels.shape[:2])))
    left, top, right, bottom = (times * edge for edge in astuple(result.box))
    larger = np.repeat(np.repeat(pixels, times, 0), times, 1)
    return replace(image, pixels=larger, kind="photograph"), replace(result, box=Box(left, top, right, bottom))
