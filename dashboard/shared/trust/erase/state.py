"""What a visitor has marked, and the trials so far; one record a card, begun anew for another map."""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from dashboard.core.session import StateKey, none
from xai_core.evaluation.erase import Filling, Stroke

MOST_STROKES, MOST_POINTS, MOST_TRIALS, MOST_MAPS = 60, 2000, 30, 20


@dataclass(frozen=True)
class Marked:
    """strokes: what was drawn. strongest: the share of the map's highest places that is marked as well, or 0."""

    strokes: tuple[Stroke, ...] = ()
    strongest: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.strokes) or self.strongest > 0

    @property
    def how(self) -> str:
        """With what it was marked, in words."""
        tools = dict.fromkeys(stroke.kind for stroke in self.strokes)
        return " and ".join((*(["the map's strongest"] if self.strongest else []), *tools))


@dataclass(frozen=True)
class Trial:
    """One retest, as the history tells it. share: of the picture that was marked.

    before, after: what the model says of the class. sees: its best class then, with its probability; empty where it
    measures.
    """

    marked: Marked
    keep: bool
    filling: Filling
    share: float
    before: str
    after: str
    sees: str


@dataclass
class Desk:
    """turn: grows with every change, so that the browser drops what it has drawn itself."""

    about: Hashable
    marked: Marked = Marked()
    trials: list[Trial] = field(default_factory=list)
    turn: int = 0

    def mark(self, marked: Marked) -> None:
        self.marked, self.turn = marked, self.turn + 1

    def note(self, trial: Trial) -> None:
        """Keep a trial, unless it is in the list already."""
        if trial not in self.trials:
            self.trials.insert(0, trial)
            del self.trials[MOST_TRIALS:]


def desk(place: str, about: Hashable) -> Desk:
    """The record of the card at `place`; marks stay while only the map changes, and each map finds its trials again."""
    key = StateKey[Desk | None](f"{place}_desk", none)
    trials = StateKey[dict[Hashable, list[Trial]]](f"{place}_trials", dict).get()
    kept = key.get()
    if kept is None or kept.about != about:
        while len(trials) >= MOST_MAPS and about not in trials:
            del trials[next(iter(trials))]
        marked, turn = (kept.marked, kept.turn + 1) if kept else (Marked(), 0)
        kept = Desk(about, marked, trials.setdefault(about, []), turn)
        key.set(kept)
    return kept


def taken_in(desk: Desk, told: object) -> None:
    """What the browser says: a new stroke, "undo" or "clear"; it can send what it likes, so all else is ignored."""
    if told == "clear":
        desk.mark(Marked())
    elif told == "undo":
        desk.mark(Marked(desk.marked.strokes[:-1]) if desk.marked.strokes else Marked())
    else:
        stroke = stroke_from(told)
        if stroke is not None and len(desk.marked.strokes) < MOST_STROKES:
            desk.mark(Marked((*desk.marked.strokes, stroke), desk.marked.strongest))


def stroke_from(told: Any) -> Stroke | None:
    """A stroke, if that is what the browser sent."""
    try:
        kind, radius = told["kind"], float(told.get("radius", 0))
        points = tuple((float(x), float(y)) for x, y in told["points"])
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    numbers = [radius, *(value for point in points for value in point)]
    if kind not in ("brush", "box") or not 1 <= len(points) <= MOST_POINTS or (kind == "box" and len(points) != 2):
        return None
    return Stroke(kind, points, radius) if all(math.isfinite(n) and abs(n) < 1e5 for n in numbers) else None
