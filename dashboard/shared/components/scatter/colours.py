"""A colour for each point: one byte a point, and what the bytes mean."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.shared.components.scatter.palette import OTHER, category_table, rgb_of
from xai_core.errors import SettingError
from xai_core.render.scale import colour_table

MOST_CLASSES = 255  # with a code of their own; the rest share the last one
RAMP = 255  # steps of a continuous scale; code 255 stands for "no value"


@dataclass(frozen=True)
class Entry:
    """A line of the legend: all points with this code."""

    code: int
    name: str
    count: int


@dataclass(frozen=True, eq=False)
class Colours:
    """codes: uint8 (n,). light, dark: uint8 (256, 3) RGB, the colour of each code on a light and on a dark page.

    entries: the classes, or only "no value" where ends, the values at the two ends of a continuous scale, are given.
    """

    label: str
    codes: np.ndarray
    light: np.ndarray
    dark: np.ndarray
    entries: tuple[Entry, ...]
    ends: tuple[float, float] | None
    digest: str


def by_category(
    classes: np.ndarray,
    names: Sequence[str],
    label: str,
    palette: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Colours:
    """One colour a class. classes: integers (n,), indices into names; negative means unknown.

    Beyond 255 classes the most frequent keep a colour of their own and the rest is grey. palette: #rrggbb of each
    class on a light and on a dark page, such as green and red for right and wrong.
    """
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or (classes.size and classes.max() >= len(names)):
        raise SettingError(f"The classes are {classes.dtype} {classes.shape}; give indices below {len(names)}, (n,).")
    counts = np.bincount(classes[classes >= 0], minlength=len(names))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    code_of = np.full(len(names) + 1, MOST_CLASSES, np.uint8)  # the last entry serves the negative classes
    code_of[kept] = np.arange(len(kept))
    codes = code_of[np.maximum(classes, -1)]
    entries = [Entry(code, names[i], int(counts[i])) for code, i in enumerate(kept) if counts[i]]
    if rest := int((codes == MOST_CLASSES).sum()):
        entries.append(Entry(MOST_CLASSES, "unknown" if len(kept) == len(names) else "other", rest))
    tables = [_categories(len(kept), dark, palette and [palette[dark][i] for i in kept]) for dark in (False, True)]
    return Colours(label, codes, tables[0], tables[1], tuple(entries), None, _digest(codes))


def _categories(count: int, dark: bool, chosen: Sequence[str] | None) -> np.ndarray:
    table = np.full((256, 3), rgb_of(OTHER[dark]), np.uint8)
    table[:count] = [rgb_of(text) for text in chosen] if chosen else category_table(count, dark)
    return table


def by_value(
    values: np.ndarray,
    label: str,
    ends: tuple[float, float] | None = None,
    scale: str = "viridis",
) -> Colours:
    """A continuous scale. values: real (n,); what is not finite is grey, "no value". ends: None for the extremes."""
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise SettingError(f"The values are {values.dtype} {values.shape}; give real numbers of shape (n,).")
    values = values.astype(np.float64)
    known = np.isfinite(values)
    low, high = ends or ((float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 1.0))
    if not low <= high:
        raise SettingError(f"The colour scale runs from {low} to {high}; give the smaller end first.")
    parts = np.clip((np.where(known, values, low) - low) / ((high - low) or 1.0), 0, 1)
    codes = np.where(known, np.minimum(parts * RAMP, RAMP - 1), RAMP).astype(np.uint8)
    missing = int((~known).sum())
    entries = (Entry(RAMP, "no value", missing),) if missing else ()
    # The end of the scale that would vanish into the page is left out.
    light, dark = (_ramp(scale, *cut, on_dark) for cut, on_dark in (((0.0, 0.92), False), ((0.1, 1.0), True)))
    return Colours(label, codes, light, dark, entries, (low, high), _digest(codes))


def _ramp(scale: str, start: float, stop: float, dark: bool) -> np.ndarray:
    steps = np.rint(255 * np.linspace(start, stop, RAMP)).astype(int)
    return np.vstack([colour_table(scale)[steps], np.array([rgb_of(OTHER[dark])], np.uint8)])


def _digest(codes: np.ndarray) -> str:
    return hashlib.blake2b(codes.tobytes(), digest_size=12).hexdigest()
