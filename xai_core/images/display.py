"""A picture as the screen shows it."""

import numpy as np

from xai_core.types import SourceImage


def display_pixels(image: SourceImage) -> np.ndarray:
    """The picture as uint8 (h, w, 3) RGB: a photograph as it is, a scan as grey through its display window.

    A scan's grey is linear from centre - width/2 (0) to centre + width/2 (255), rounded; DICOM PS3.3 C.11.2.1.3.2;
    or follows the window's table between the two.
    Without a window it spans the scan's own finite range; values that are no number are black.
    """
    if image.kind == "photograph":
        return image.pixels
    values = image.pixels.astype(np.float64)
    low, high = _displayed_range(image, values)
    share = (values - low) / max(high - low, 1e-30)  # a window of no width is a threshold
    share = np.clip(share, 0, 1)
    if image.window is not None and image.window.table:
        share = np.interp(share, np.linspace(0, 1, len(image.window.table)), image.window.table)
    grey = np.rint(np.nan_to_num(share) * 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _displayed_range(image: SourceImage, values: np.ndarray) -> tuple[float, float]:
    if image.window is not None:
        return image.window.center - image.window.width / 2, image.window.center + image.window.width / 2
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
