"""Turns at the cores for long work: one piece of it at a time, shared out fairly between visitors.

Who has worked for a while gives way, at its next step, to the one that has waited longest for a turn. So a short
piece of work is not held up by a long one, and a visitor with many pieces gets no more than one with a single piece.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Condition, Event

SLICE_S = 5.0


@dataclass(eq=False)
class Turn:
    """The place of one piece of work. since: when its present turn began; None while it waits."""

    queue: FairQueue
    visitor: str
    ticket: int
    since: float | None = None

    def wait(self, stop: Event) -> None:
        """Until it is its turn, or `stop` is set; that is noticed at once only by `Turns.wake`."""
        queue = self.queue
        with queue.changed:
            queue.changed.wait_for(lambda: stop.is_set() or queue.first() is self)
            if not stop.is_set():
                queue.begin(self)

    def step(self, stop: Event) -> None:
        """Between two steps of the work: go on, or give way where somebody waits and the slice is used up."""
        if self.since is None or time.monotonic() - self.since < self.queue.slice_s:
            return
        with self.queue.changed:
            if not self.queue.waiting:
                return
            self.queue.requeue(self)
        self.wait(stop)

    def end(self) -> None:
        self.queue.leave(self)

    @property
    def position(self) -> int:
        """How many turns until its own: 0 while it works."""
        with self.queue.changed:
            if self.since is not None:
                return 0
            line = self.queue.line()
            return line.index(self) + 1 if self in line else 0


@dataclass(eq=False)
class FairQueue:
    """A queue. At most one turn is under way. tickets, rounds: how many were given so far."""

    slice_s: float = SLICE_S
    changed: Condition = field(default_factory=Condition)
    waiting: list[Turn] = field(default_factory=list)
    working: Turn | None = None
    tickets: int = 0
    rounds: int = 0
    last: dict[str, int] = field(default_factory=dict)  # the round of each present visitor's latest turn

    def join(self, visitor: str) -> Turn:
        """A place at the end of the visitor's own line."""
        with self.changed:
            turn = Turn(self, visitor, self.tickets)
            self.tickets += 1
            self.waiting.append(turn)
            return turn

    def leave(self, turn: Turn) -> None:
        """Give the turn, or the place, up."""
        with self.changed:
            self._drop(turn)
            present = {one.visitor for one in (*self.waiting, self.working) if one}
            self.last = {visitor: number for visitor, number in self.last.items() if visitor in present}
            self.changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look whether they still want to."""
        with self.changed:
            self.changed.notify_all()

    def first(self) -> Turn | None:
        """Whose turn it is; None while somebody works. With `changed` held, as the following."""
        return None if self.working else min(self.waiting, key=self._order, default=None)

    def begin(self, turn: Turn) -> None:
        self.waiting.remove(turn)
        self.working, turn.since = turn, time.monotonic()
        self.rounds += 1
        self.last[turn.visitor] = self.rounds

    def requeue(self, turn: Turn) -> None:
        self._drop(turn)
        turn.ticket, self.tickets = self.tickets, self.tickets + 1
        self.waiting.append(turn)
        self.changed.notify_all()

    def line(self) -> list[Turn]:
        """Those who wait, in the order in which they will work."""
        return list(_in_turn(self.waiting, dict(self.last)))

    def _drop(self, turn: Turn) -> None:
        turn.since = None
        if turn in self.waiting:
            self.waiting.remove(turn)
        if self.working is turn:
            self.working = None

    def _order(self, turn: Turn) -> tuple[int, int]:
        return self.last.get(turn.visitor, 0), turn.ticket


def _in_turn(waiting: Iterable[Turn], last: dict[str, int]) -> Iterable[Turn]:
    left, rounds = list(waiting), max(last.values(), default=0)
    while left:
        chosen = min(left, key=lambda turn: (last.get(turn.visitor, 0), turn.ticket))
        left.remove(chosen)
        rounds += 1
        last[chosen.visitor] = rounds
        yield chosen
