"""What a check of the trust card is: a record with its question, its functions, its words, and what it draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from xai_core.errors import NotApplicable
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.types import Box, ProgressCallback

Level = Literal["good", "unclear", "bad"]
Role = Literal["own", "opposite", "middle", "chance", "measure"]


@dataclass(frozen=True, eq=False)
class Check:
    """One test of a map. Texts are Markdown; a class's name stands in them as `MapUnderTest.named` gives it.

    key: its name in `trust(...).checks`. question: as the card asks it. doing: what the progress bar says.
    run: the map and on_progress(done, total), which may raise to stop, to what was found; NotApplicable: the check has
    no meaning here. level: of what was found; None for a fact that counts for no level.
    meanings: what each level means; of None too, where `level` gives it. threshold: how the levels are told apart.
    summary, details: what was found and the map, to a line with its main figure, and to sentences with all of them.
    chart: the same to what is drawn. passes: CPU time in plain passes of the network, for a method of one gradient a
    map. maps: how many more it asks the method for. source: the paper, for a list of them.
    """

    key: str
    question: str
    doing: str
    run: Callable[[MapUnderTest, ProgressCallback], Any]
    level: Callable[[Any], Level | None]
    meanings: Mapping[Level | None, str]
    threshold: str
    summary: Callable[[Any, MapUnderTest], str]
    details: Callable[[Any, MapUnderTest], str]
    chart: Callable[[Any, MapUnderTest], tuple[Drawing, ...]]
    passes: int
    maps: int = 0
    source: str = ""


@dataclass(frozen=True)
class NotHere:
    """What stands in the place of a finding where the check has no meaning. reason: one sentence."""

    reason: str


def run_check(check: Check, tested: MapUnderTest, on_progress: ProgressCallback) -> Any:
    """What the check finds, or `NotHere`."""
    try:
        return check.run(tested, on_progress)
    except NotApplicable as reason:
        return NotHere(str(reason))


@dataclass(frozen=True)
class Note:
    """A sentence among the drawings."""

    text: str


@dataclass(frozen=True)
class Axis:
    """title, and the ends of the scale. kind: "share" is written in per cent; of "name" there are no ends."""

    title: str
    ends: tuple[float, float] | None = None
    kind: Literal["share", "number", "name"] = "share"


@dataclass(frozen=True, eq=False)
class Line:
    """y (n,) over x (n,), which is numbers or, on an axis of names, the names; lines of one name are one entry.

    role: "own" and "opposite" are of the map itself, "middle" and "chance" its rivals, "measure" stands for itself.
    points: a name of each point.
    """

    name: str
    x: np.ndarray | tuple[str, ...]
    y: np.ndarray | tuple[float, ...]
    role: Role
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Curves:
    """Lines in one pair of axes. key: distinct within the card. alt: what they show, for who cannot see them."""

    key: str
    caption: str
    lines: tuple[Line, ...]
    x: Axis
    y: Axis
    alt: str


@dataclass(frozen=True)
class Beside:
    """Curves side by side, one below the other where there is no room."""

    curves: tuple[Curves, ...]


@dataclass(frozen=True, eq=False)
class NamedMap:
    """A signed map (h, w), drawn as the tested one is; top: the end of its scale, where it is another quantity."""

    name: str
    values: np.ndarray
    top: float | None = None


@dataclass(frozen=True)
class MapRow:
    """The map under test, then others of the same picture. key: distinct within the card."""

    key: str
    maps: tuple[NamedMap, ...]


@dataclass(frozen=True)
class ToScale:
    """The map under test over its picture, with one cell and, where known, all that the cell sees."""

    key: str
    caption: str
    row: int
    column: int
    sees: Box | None


Drawing = Note | Curves | Beside | MapRow | ToScale

SHARE_OF_IMAGE, PROBABILITY = Axis("share of the picture", (0, 1)), Axis("probability", (0, 1.03))
