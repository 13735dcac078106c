"""Pictures of what one unit sees: bright where it looks and dark elsewhere, or a part of the picture alone."""

import numpy as np
from PIL import Image

from dashboard.shared.components.viewer import DisplayImage, display_image_of
from xai_core.attribution.explain import ImageForwardPass
from xai_core.images.display import display_pixels
from xai_core.render.place import place
from xai_core.types import Box

DARKEST = 0.12  # of the brightness that is left where the unit does not look
SMOOTHING = 1 / 40  # of the input's longer side: single pixels would be a speckle
PEAK = 99.5  # percentile of the influence that is shown at full brightness
PALE = 0.6  # of white in a picture that only says where a map's pixels lie
LARGEST_SIDE = 640


def shaded(image_pass: ImageForwardPass, influence: np.ndarray) -> DisplayImage:
    """The picture, dimmed by the influence (H, W), at least 0, of the input's pixels on the unit."""
    pixels = display_pixels(image_pass.image)
    height, width = pixels.shape[:2]
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    small = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    smaller = np.asarray(Image.fromarray(pixels).resize((small[1], small[0]), Image.Resampling.BILINEAR))
    y, x, box = small[0] / height, small[1] / width, image_pass.given.box
    scaled = Box(box.left * x, box.top * y, box.right * x, box.bottom * y)
    light = np.nan_to_num(place(brightness(influence), scaled, small), nan=0.0)
    dimmed = smaller * (DARKEST + (1 - DARKEST) * light[:, :, None])
    drawn = display_image_of(dimmed.round().astype(np.uint8), scaled, image_pass.image.name)
    return DisplayImage(drawn.data, (height, width), box, drawn.name)


def part_of(image_pass: ImageForwardPass, area: tuple[int, int, int, int]) -> DisplayImage:
    """The part of the picture behind `area` (left, top, right, bottom) of the input, pale and grey under a map."""
    pixels, box = display_pixels(image_pass.image), image_pass.given.box
    rows, columns = image_pass.model.config.input_size
    x, y = (box.right - box.left) / columns, (box.bottom - box.top) / rows
    seen = Box(box.left + area[0] * x, box.top + area[1] * y, box.left + area[2] * x, box.top + area[3] * y)
    left, top = max(0, int(np.ceil(seen.left))), max(0, int(np.ceil(seen.top)))  # whole pixels inside
    part = pixels[top : max(top + 1, int(seen.bottom)), left : max(left + 1, int(seen.right))]
    moved = Box(seen.left - left, seen.top - top, seen.right - left, seen.bottom - top)
    grey = part.mean(axis=2, keepdims=True) * (1 - PALE) + 255 * PALE
    return display_image_of(np.repeat(grey.astype(np.uint8), 3, axis=2), moved, f"Part of {image_pass.image.name}")


def brightness(influence: np.ndarray) -> np.ndarray:
    """Influence (H, W) as brightness in [0, 1]: smoothed a little, the square root taken so that weak parts show."""
    smooth = _blurred(influence, max(1, round(max(influence.shape) * SMOOTHING)))
    top = float(np.percentile(smooth, PEAK)) or float(smooth.max()) or 1.0
    return np.sqrt(np.clip(smooth / top, 0, 1)).astype(np.float32)


def looked_at(influence: np.ndarray, share: float = 0.9) -> float:
    """The smallest part of the picture's pixels, in [0, 1], that holds `share` of all influence."""
    ranked = np.sort(influence, axis=None)[::-1].cumsum()
    return float((np.searchsorted(ranked, share * ranked[-1]) + 1) / ranked.size) if ranked[-1] > 0 else 0.0


def _blurred(values: np.ndarray, side: int) -> np.ndarray:
    """Means over side x side pixels, edges held."""
    before, after = (side - 1) // 2, side // 2
    for axis in (0, 1):
        pad = [(before + 1, after) if a == axis else (0, 0) for a in (0, 1)]
        sums = np.pad(values, pad, mode="edge").cumsum(axis=axis, dtype=np.float64)
        n = sums.shape[axis]
        values = (np.take(sums, range(side, n), axis) - np.take(sums, range(n - side), axis)) / side
    return values
