"""What the map shows: the points, and what stands among them. Checked on entry."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xai_core.errors import SettingError

STEPS = 65_535  # a coordinate is a 16-bit step along the wider side of the points' box


@dataclass(frozen=True, eq=False)
class Cloud:
    """n points of a plane, and the 4 bytes a point that the browser gets. Make it once with `cloud_of` and keep it.

    xy: float (n, 2), x to the right, y up. steps: uint16 (n, 2), `origin + steps * span / 65535` is xy to within half
    a step. digest: of the steps; points with the same digest are not sent again.
    """

    xy: np.ndarray
    steps: np.ndarray
    origin: tuple[float, float]
    span: float
    digest: str

    def __len__(self) -> int:
        return len(self.xy)


def cloud_of(xy: np.ndarray) -> Cloud:
    """The Cloud of real (n, 2) coordinates; both axes share one scale. 15 ms for a million points."""
    if xy.ndim != 2 or xy.shape[1] != 2 or xy.dtype.kind != "f":
        raise SettingError(f"The points are {xy.dtype} {xy.shape}; give floating-point coordinates of shape (n, 2).")
    if not np.isfinite(xy).all():
        bad = int((~np.isfinite(xy).all(axis=1)).sum())
        raise SettingError(f"{bad} of {len(xy)} points have a coordinate that is not finite; leave them out.")
    low, high = (xy.min(axis=0), xy.max(axis=0)) if len(xy) else (np.zeros(2), np.ones(2))
    span = float((high.astype(float) - low).max()) or 1.0
    steps = np.rint((xy - low) * (STEPS / span)).astype("<u2")
    digest = hashlib.blake2b(steps.tobytes(), digest_size=12).hexdigest()
    return Cloud(xy, steps, (float(low[0]), float(low[1])), span, digest)


@dataclass(frozen=True)
class Signpost:
    """A label among the points, such as a class at its centre. image: a small encoded image (WebP, PNG, JPEG).

    code: the colour code that it belongs to, so that hiding the class hides it too. Give the important ones first:
    one that would cover another is left out until the person comes nearer.
    """

    x: float
    y: float
    label: str
    image: bytes | None = None
    code: int | None = None


@dataclass(frozen=True)
class CurrentPoint:
    """The current picture, placed on the map; lines go from it to its neighbours, given as indices of points."""

    x: float
    y: float
    label: str
    image: bytes | None = None
    neighbours: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tip:
    """What is said of a point under the pointer: a small encoded image, a title and lines of text."""

    title: str
    lines: tuple[str, ...] = ()
    image: bytes | None = None


@dataclass(frozen=True)
class Tips:
    """How to describe points: `describe(indices)` gives a Tip each, in a few milliseconds. It is asked in a run of its
    own, apart from the page's. version: names what it says; under another version the browser asks anew."""

    describe: Callable[[Sequence[int]], Sequence[Tip]]
    version: str = ""


@dataclass(frozen=True, eq=False)
class ScatterOptions:
    """What stands among the points, and how large the map is.

    description: the map in words, for those who cannot see it. height: of the plot in CSS pixels, at most its width.
    selected: bool (n,), the others fade. highlighted: bool (n,), such as what a search found: larger, with a rim.
    chosen: the point that is open, marked with a ring.
    """

    name: str = "Map"
    description: str = ""
    height: int = 640
    selected: np.ndarray | None = None
    highlighted: np.ndarray | None = None
    chosen: int | None = None
    signposts: tuple[Signpost, ...] = ()
    current_point: CurrentPoint | None = None
    tips: Tips | None = None
