"""What all visitors share within a budget in bytes: made once for all who ask at the same time, the least recently used
going first, and each visitor holding no more than a share of it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any, TypeVar

from dashboard.core.visitors import NOBODY

T = TypeVar("T")


@dataclass(eq=False)
class _Entry:
    value: Any
    size: int
    visitors: set[str] = field(default_factory=set)


@dataclass(eq=False)
class LRUCache:
    """budget: bytes of all values; a single value that is larger is kept alone, so that it can be used at all.
    each: how many values one visitor holds; None for no limit."""

    budget: int
    each: int | None = None
    size: int = field(default=0, init=False)  # bytes in use
    _lock: RLock = field(default_factory=RLock)
    _entries: OrderedDict[Hashable, _Entry] = field(default_factory=OrderedDict)
    _held: dict[str, OrderedDict[Hashable, None]] = field(default_factory=dict)
    _making: dict[Hashable, tuple[Lock, list[int]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Hashable, who: str = NOBODY) -> Any | None:
        """The value of this key, if it is kept; it counts as used by the visitor."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            self._hold(key, entry, who)
            return entry.value

    def put(self, key: Hashable, value: T, size: int, visitors: Iterable[str] = ()) -> T:
        """Keep a value of `size` bytes for these visitors, in place of what the key had."""
        with self._lock:
            before = self._entries.get(key)
            self.size += size - (before.size if before else 0)
            self._entries[key] = entry = _Entry(value, size)
            self._entries.move_to_end(key)
            for who in visitors:
                self._hold(key, entry, who)
            while len(self._entries) > 1 and self.size > self.budget:
                self._drop(next(iter(self._entries)))
        return value

    def get_or_make(self, key: Hashable, make: Callable[[], T], size_of: Callable[[T], int], who: str = NOBODY) -> T:
        """The value of this key; while one visitor's is being made the others wait for it. An error of `make` is its
        caller's alone: whoever waits then tries in turn."""
        found: T | None = self.find(key, who)
        if found is not None:
            return found
        with self._lock:
            lock, users = self._making.setdefault(key, (Lock(), [0]))
            users[0] += 1
        try:
            with lock:
                found = self.find(key, who)
                if found is None:
                    made = make()
                    found = self.put(key, made, size_of(made), (who,))
                return found
        finally:
            with self._lock:
                users[0] -= 1
                if not users[0]:
                    self._making.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._held.clear()
            self.size = 0

    def _hold(self, key: Hashable, entry: _Entry, who: str) -> None:
        """Beyond the visitor's share, what they used longest ago goes, unless another holds it too."""
        if who == NOBODY or self.each is None:
            return
        entry.visitors.add(who)
        held = self._held.setdefault(who, OrderedDict())
        held[key] = None
        held.move_to_end(key)
        while len(held) > self.each:
            self._release(next(iter(held)), who)

    def _release(self, key: Hashable, who: str) -> None:
        held = self._held[who]
        held.pop(key, None)
        if not held:
            del self._held[who]
        entry = self._entries.get(key)
        if entry is not None:
            entry.visitors.discard(who)
            if not entry.visitors:
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size -= entry.size
        for who in entry.visitors:
            held = self._held.get(who)
            if held is not None:
                held.pop(key, None)
                if not held:
                    del self._held[who]
