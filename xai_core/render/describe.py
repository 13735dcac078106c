"""A map in words, for those who cannot see it and for those who want to be sure of what they see."""

import numpy as np

from xai_core.render.place import resample
from xai_core.render.recipe import percent
from xai_core.render.scale import has_evidence

_ROWS = ("upper", "middle", "lower")
_COLUMNS = ("left", "centre", "right")
_FINE = 63  # divisible by three, fine enough for any native grid that is worth describing


def describe(raw: np.ndarray) -> str:
    """Where the positive evidence of a signed map (h, w) lies, in ninths of what the model saw, and how focused.

    >>> import numpy as np, xai_core as xai
    >>> xai.describe(np.full((7, 7), -1, np.float32))
    'No positive evidence for this class at this layer.'
    """
    if not has_evidence(raw):
        return "No positive evidence for this class at this layer."
    positive = resample(np.clip(raw, 0, None), (_FINE, _FINE))
    positive /= positive.sum()
    ninths = positive.reshape(3, _FINE // 3, 3, _FINE // 3).sum(axis=(1, 3))
    row, column = np.unravel_index(int(ninths.argmax()), ninths.shape)
    share = ninths[row, column]
    start = "Most of the evidence" if share >= 0.5 else f"The largest share of the evidence ({percent(share)})"
    falling = np.sort(positive, axis=None)[::-1]
    half = percent((np.searchsorted(np.cumsum(falling), 0.5) + 1) / falling.size)
    return f"{start} lies in the {_region(int(row), int(column))}; half of it covers {half} of what the model saw."


def _region(row: int, column: int) -> str:
    if (row, column) == (1, 1):
        return "centre"
    if row == 1:
        return f"middle {_COLUMNS[column]}"
    return f"{_ROWS[row]} {_COLUMNS[column]}"
