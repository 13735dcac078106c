"""Grey values of more than eight bits, stretched to what a screen can show."""

from __future__ import annotations

import numpy as np

from xai_core.errors import ImageError

DEEP_GREY = {
    "I;16": "16-bit",
    "I;16L": "16-bit",
    "I;16B": "16-bit",
    "I;16N": "16-bit",
    "I": "whole-number",
    "F": "floating-point",
}
MID_GREY = 128
_ROWS_AT_ONCE = 512  # keeps the float64 copy small on a large picture


def stretched(values: np.ndarray, depth: str, label: str, *, zero_is_white: bool) -> tuple[np.ndarray, str]:
    """(h, w) numbers as uint8 (h, w), linear from their minimum..maximum to 0..255, and the sentence that says so.

    zero_is_white: low values are light (TIFF's WhiteIsZero), so 255..0. Raises ImageError where a value is not finite.
    """
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ImageError(f"{label} holds grey values that are NaN or infinite; replace them and save it again.")
    if low == high:
        grey = np.full(values.shape, MID_GREY, np.uint8)
        return grey, f"All its {depth} grey values are {low:.6g}; they are shown as mid grey."
    blocks = np.split(values, range(_ROWS_AT_ONCE, len(values), _ROWS_AT_ONCE))
    grey = np.concatenate(
        [np.rint((rows.astype(np.float64) - low) * 255 / (high - low)).astype(np.uint8) for rows in blocks]
    )
    ends = "0 to 255"
    if zero_is_white:
        grey, ends = 255 - grey, "255 to 0"
    return grey, f"The picture has {depth} grey values {low:.6g} to {high:.6g}; they were stretched to {ends}."
