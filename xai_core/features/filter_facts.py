"""Numbers of a filter: its norm, the orientation and frequency of its stripes, how colourful it is, and its twins."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

_FINE = 64  # samples of the spectrum along each axis; a peak is placed to about 1/4 of a sample by a parabola
_NO_DIRECTION = 0.1
_IDLE = 0.01

FilterOrder = Literal["norm", "orientation", "frequency", "colourfulness", "response"]


@dataclass(frozen=True, eq=False)
class FilterFacts:
    """Each float32 (n,), one number a filter.

    norm: Euclidean. frequency: of the strongest wave, in cycles a pixel, 0 (a blob) to 0.71.
    direction: in [0, 1], how much of the spectrum agrees on one orientation: 1 for stripes, 0 for spots and rings.
    orientation: of the stripes in degrees, [0, 180), anticlockwise from horizontal: 0 lying, 90 upright; NaN where
    `direction` is below 0.1.
    colourfulness: in [0, 1], the share of the energy in which channels differ from their mean.
    idle: bool (n,), whether the norm is below a hundredth of the largest: training left such a filter without a use,
    and its other numbers describe what is left of its noise.
    """

    norm: np.ndarray
    frequency: np.ndarray
    direction: np.ndarray
    orientation: np.ndarray
    colourfulness: np.ndarray
    idle: np.ndarray


def filter_facts(filters: Tensor) -> FilterFacts:
    """The numbers of filters (n, c, h, w), from their power spectra summed over the channels.

    The orientation is the mean direction of the power, angles doubled so that opposite directions agree (Bigun &
    Granlund 1987); the frequency is the place of the spectrum's peak.
    """
    weights = filters.detach().double().cpu().numpy()
    energy = (weights**2).sum(axis=(1, 2, 3))
    colour = ((weights - weights.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2, 3))
    power = _power(weights)
    direction, orientation = _orientation(power)
    norm = np.sqrt(energy)
    return FilterFacts(
        norm=norm.astype(np.float32),
        frequency=_peak_frequency(power).astype(np.float32),
        direction=direction.astype(np.float32),
        orientation=orientation.astype(np.float32),
        colourfulness=_share(colour, energy).astype(np.float32),
        idle=_idle(norm),
    )


def spectra(filters: Tensor) -> np.ndarray:
    """The power spectra behind these numbers: float32 (n, s, s), the zero frequency in the middle, each at most 1.

    From -1/2 to 1/2 cycles a pixel, columns to the right and rows downwards, as in the filter: stripes lie at a right
    angle to the line through their two peaks.
    """
    power = _power(filters.detach().double().cpu().numpy())
    return _share(power, np.broadcast_to(power.max(axis=(1, 2), keepdims=True), power.shape)).astype(np.float32)


def filter_order(facts: FilterFacts, by: FilterOrder, responses: Tensor | None = None) -> np.ndarray:
    """Indices (n,) in the order to show filters in: the largest first; orientations upwards from 0, those without last.

    Idle filters come after all others, except by response.
    responses: (n, h, w) of the current picture, for "response", which ranks by the highest.
    """
    if by == "response":
        if responses is None:
            raise ValueError("Sorting by response needs the filters' responses to a picture.")
        return np.argsort(-responses.detach().cpu().numpy().max(axis=(1, 2)), kind="stable")
    values = facts.orientation if by == "orientation" else -getattr(facts, by)
    return np.lexsort((values, facts.idle))  # NaN comes last among those that are not idle


@dataclass(frozen=True)
class Twin:
    """index: of the other filter. cosine: in [-1, 1], negative for the same pattern with its sign turned.

    shift: (rows, columns) by which the other's pattern is moved to agree best.
    """

    index: int
    cosine: float
    shift: tuple[int, int]


def twins(filters: Tensor, index: int, k: int = 3, reach: int = 1) -> tuple[Twin, ...]:
    """The k filters most like this one, up to their sign and a shift of at most `reach` pixels, most alike first.

    An idle filter is like no other. What a shift pushes over the edge is lost, so that its cosine is never flattered.
    """
    weights = filters.detach().double().cpu().numpy()
    norm = np.sqrt((weights**2).sum(axis=(1, 2, 3), keepdims=True))
    weights = np.divide(weights, norm, out=np.zeros_like(weights), where=~_idle(norm))
    steps = sorted(
        ((i, j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1)),
        key=lambda s: (abs(s[0]) + abs(s[1]), s),
    )
    cosines = np.stack([(_moved(weights, step) * weights[index]).sum(axis=(1, 2, 3)) for step in steps])  # (steps, n)
    best = np.abs(cosines).argmax(axis=0)
    cosine = cosines[best, np.arange(len(weights))]
    order = [int(i) for i in np.argsort(-np.abs(cosine).round(9), kind="stable") if i != index]
    return tuple(Twin(i, float(cosine[i]), steps[best[i]]) for i in order[:k])


def _idle(norm: np.ndarray) -> np.ndarray:
    idle: np.ndarray = norm <= _IDLE * norm.max()
    return idle


def _moved(weights: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """(n, c, h, w) moved down and to the right, zeros behind."""
    moved = np.zeros_like(weights)
    (to_row, from_row), (to_column, from_column) = (
        (slice(max(s, 0), size + min(s, 0)), slice(max(-s, 0), size + min(-s, 0)))
        for s, size in zip(step, weights.shape[2:], strict=True)
    )
    moved[:, :, to_row, to_column] = weights[:, :, from_row, from_column]
    return moved


def _power(weights: np.ndarray) -> np.ndarray:
    """Power spectra (n, fine, fine), the zero frequency in the middle; not less fine than the filter."""
    fine = max(_FINE, 2 * max(weights.shape[2:]))
    # One filter at a time: those of a deep layer have hundreds of channels.
    power = [(np.abs(np.fft.fft2(filter_, s=(fine, fine))) ** 2).sum(axis=0) for filter_ in weights]
    return np.fft.fftshift(np.stack(power), axes=(1, 2))


def _orientation(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strength of the direction, and orientation of the stripes in degrees: at a right angle to their wave."""
    rows, columns = _frequencies(power)
    wave = np.arctan2(-rows, columns)  # rows count downwards, angles upwards
    inside = (np.hypot(rows, columns) > 0) & (np.hypot(rows, columns) < 0.5)  # a disc favours no direction
    doubled = (power * np.exp(2j * wave) * inside).sum(axis=(1, 2))
    strength = _share(np.abs(doubled), (power * inside).sum(axis=(1, 2)))
    degrees = np.rad2deg(np.angle(doubled) / 2 + np.pi / 2) % 180
    return strength, np.where(strength >= _NO_DIRECTION, degrees, np.nan)


def _peak_frequency(power: np.ndarray) -> np.ndarray:
    """Cycles a pixel of the highest point of each spectrum, placed between its samples by a parabola on each axis."""
    n, fine, _ = power.shape
    highest = power >= (1 - 1e-9) * power.max(axis=(1, 2), keepdims=True)
    lowest = np.where(highest, np.hypot(*_frequencies(power)), np.inf)  # of equals: a single pixel has a flat spectrum
    row, column = np.unravel_index(lowest.reshape(n, -1).argmin(axis=1), power.shape[1:])
    places = []
    for axis, at in ((0, row), (1, column)):
        near = [
            power[np.arange(n), (row + d * (axis == 0)) % fine, (column + d * (axis == 1)) % fine] for d in (-1, 0, 1)
        ]
        bend = near[0] - 2 * near[1] + near[2]
        offset = np.divide(near[0] - near[2], 2 * bend, out=np.zeros(n), where=bend < 0)
        places.append((at + offset) / fine - 0.5)
    distance: np.ndarray = np.hypot(*places)
    return distance


def _frequencies(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    steps = np.fft.fftshift(np.fft.fftfreq(power.shape[1]))
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    return rows, columns


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    share: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return share
