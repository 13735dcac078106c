"""CPU time of alternatives, interleaved in one run, so that a busy machine slows them all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def compare(work: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds (all threads of this process) of each piece of work over `rounds` interleaved rounds."""
    spent: dict[str, list[float]] = {name: [] for name in work}
    for call in work.values():
        call()
    for _ in range(rounds):
        for name, call in work.items():
            start = time.process_time()
            call()
            spent[name].append(time.process_time() - start)
    return {name: statistics.median(seconds) for name, seconds in spent.items()}
