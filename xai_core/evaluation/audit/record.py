"""What an audit finds out about one picture."""

from __future__ import annotations

from dataclasses import dataclass

GRID = 14  # cells a side on which maps are kept


@dataclass(frozen=True)
class Record:
    """index, name: of the picture in its data set. truth: the model's class of the same name as the picture's, or -1.

    predicted, probability, margin: the model's best class, and its lead over the second. empty: no positive evidence.
    outside: the share of the evidence outside the object, and area, the share of the input there; known is False where
    the object is not known, and the outer frame stands for what is outside. steadiness: mean rank correlation of the
    map with those of the mirror image and of a noisy copy. border, background: the best class of a copy of which only
    the outer frame is left, and of one without the object. map: (14, 14) evidence for the predicted class, row by row,
    the largest magnitude 1. thumbnail, overlay: JPEG of what the model saw, bare and with its map, as data URLs.
    """

    index: int
    name: str
    truth: int
    predicted: int
    probability: float
    margin: float
    empty: bool
    outside: float
    area: float
    known: bool
    steadiness: float
    border: int
    background: int
    map: tuple[float, ...]
    thumbnail: str
    overlay: str

    @property
    def right(self) -> bool | None:
        """None where the picture's class is not among the model's."""
        return None if self.truth < 0 else self.truth == self.predicted
