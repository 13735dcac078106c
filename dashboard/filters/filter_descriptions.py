"""The numbers of a filter in words."""

import math

import numpy as np

from dashboard.filters.filter_cache import Responses, Sheet
from dashboard.filters.filter_choice import Sort
from xai_core.features.filter_facts import Twin
from xai_core.render.recipe import percent

BLOB = 0.02  # cycles a pixel: a wave longer than 50 pixels is none in a filter of a few


def in_numbers(sheet: Sheet, responses: Responses, k: int, sort: Sort) -> str:
    """The number that filter k is sorted by, short enough for its tile; nothing where it is its own number."""
    facts = sheet.facts
    if sort == "number":
        return ""
    if sort == "response":
        return number(float(responses.maps[k].max()))
    if facts.idle[k]:
        return "idle"
    if sort == "orientation":
        angle = float(facts.orientation[k])
        return "none" if math.isnan(angle) else f"{_degrees(angle)}°"
    if sort == "frequency":
        return f"{facts.frequency[k]:.2f}"
    if sort == "colourfulness":
        return percent(float(facts.colourfulness[k]))
    return number(float(facts.norm[k]))


def number(value: float) -> str:
    """Three digits, as short as a tile needs."""
    return f"{value:.2f}" if 0.1 <= abs(value) < 100 else f"{value:.3g}"


def _degrees(angle: float) -> int:
    """Whole degrees of [0, 180): 179.6 is 0."""
    return round(angle) % 180


def orientation_in_words(angle: float) -> str:
    """Of stripes, in degrees anticlockwise from horizontal."""
    if math.isnan(angle):
        return "none: a spot, a ring or an even patch"
    kinds = ("lying", "rising to the right", "upright", "falling to the right")
    return f"{_degrees(angle)}°, {kinds[round(angle / 45) % 4]}"


def frequency_in_words(frequency: float) -> str:
    """Of the strongest wave, in cycles a pixel."""
    if frequency < BLOB:
        return "0: no stripes, one even patch"
    return f"{frequency:.2f} cycles a pixel (a wave of {1 / frequency:.1f} px)"


def rank_in_words(values: np.ndarray, k: int) -> str:
    """Where value k stands among all, the largest first: "3rd of 32"."""
    rank = 1 + int((values > values[k]).sum())
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending} of {len(values)}"


def twin_in_words(twin: Twin) -> str:
    """The cosine, and on a second line arrows for the pixels by which the twin must be moved."""
    down, right = twin.shift
    moves = [("↓" if down > 0 else "↑") + str(abs(down))] if down else []
    moves += [("→" if right > 0 else "←") + str(abs(right))] if right else []
    return f"{twin.cosine:.2f}".replace("-", "−") + "\n" + (" ".join(moves) or "as is")
