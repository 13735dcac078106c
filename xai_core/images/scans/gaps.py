"""Slices along a line: their step, the places that no slice fills, and what to say about it."""

from dataclasses import dataclass

import numpy as np

_EVEN = 0.05  # share of the step by which a distance may differ from a whole number of steps


@dataclass(frozen=True, eq=False)
class Places:
    """step_mm: median distance; 0 for one slice. slots: int (n,), the place of each slice, counted in steps."""

    step_mm: float
    slots: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """Places between the first and the last that hold no slice."""
        return tuple(sorted(set(range(int(self.slots[-1]) + 1)) - set(self.slots.tolist())))


def places(distances_mm: np.ndarray) -> Places:
    """Where slices at these ascending distances along their normal lie; (n,) millimetres.

    Where every distance is a whole number of steps, the empty places are kept free; at most as many as there are
    slices. Otherwise the slices stand one after the other, and a sentence says that the spacing is uneven.
    """
    count = len(distances_mm)
    if count == 1:
        return Places(0.0, np.zeros(1, int))
    steps = np.diff(distances_mm)
    step = float(np.median(steps))
    wide = steps / step
    whole = np.maximum(np.rint(wide).astype(int), 1)
    uneven = np.abs(wide - whole).max() > _EVEN
    missing = int(whole.sum()) - (count - 1)
    if uneven or missing > count:
        least, most = f"{steps.min():.4g}", f"{steps.max():.4g}"
        note = f"The slices are unevenly spaced, {least} to {most} mm apart; they are shown as if they were even."
        return Places(step, np.arange(count), (note,))
    slots = np.concatenate([[0], np.cumsum(whole)])
    return Places(step, slots, (_gap_note(missing, int((whole > 1).sum())),) if missing else ())


def _gap_note(missing: int, gaps: int) -> str:
    slices = "1 slice is" if missing == 1 else f"{missing} slices are"
    where = "1 place" if gaps == 1 else f"{gaps} places"
    return f"{slices} missing from the stack, at {where}; the empty slices are filled with the lowest value."
