"""One visitor who goes through the classes for hours: does the server's memory stay flat?

python -m benchmarks.class_changes                  2000 changes: all thousand classes, and all of them once more
python -m benchmarks.class_changes --changes 200    a quick look

The first time round each class is a new map, which the server keeps within its budget; the second time round the maps
are there. The slope of each half is that of the line through what the process held after every fiftieth change.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.load import CLASSES as BEST
from benchmarks.load import resident_bytes, served
from benchmarks.visitor import visit

LIST = "All classes"
CLASSES = 1000
TWICE = (517, 639)  # a crane and a maillot have the names of others before them in the list
EVERY = 50
SETTLE = 100  # changes before the first reading: libraries are loaded, pools are filled
Reading = tuple[int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.class_changes", description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=2 * CLASSES)
    changes = parser.parse_args(arguments).changes
    with served() as (base, process):
        waits, memory = changed(base, process.pid, changes)
    half = changes // 2
    print(f"{changes} class changes: median {statistics.median(waits) * 1e3:.0f} ms, slowest {max(waits):.2f} s")
    for name, part in (("new", memory[: half // EVERY]), ("known", memory[half // EVERY :])):
        print(
            f"{name} classes: {part[0][1] / 1e6:.1f} to {part[-1][1] / 1e6:.1f} MB, "
            f"{slope(part) * 1000 / 1e6:+.1f} MB per 1000 changes"
        )
    print("MB after each fiftieth: " + " ".join(f"{held / 1e6:.0f}" for _, held in memory))
    return 0


def changed(base: str, pid: int, changes: int) -> tuple[list[float], list[Reading]]:
    """Seconds of each change, and (changes, bytes) after every EVERY of them."""
    waits: list[float] = []
    memory: list[Reading] = []
    with visit(base) as visitor:
        visitor.open("", "model=imagenet&sample=coffee")
        for number in range(-SETTLE, changes):
            wanted = number % min(CLASSES, max(1, changes // 2))
            waited = visitor.select(LIST, wanted)
            if visitor.choices(BEST)[1]["selected"] != str(wanted) and wanted not in TWICE:
                raise RuntimeError(f"class {wanted} was asked for and is not shown")
            if number < 0:
                continue
            waits.append(waited)
            if (number + 1) % EVERY == 0:
                time.sleep(0.5)
                memory.append((number + 1, resident_bytes(pid)))
    return waits, memory


def slope(memory: Sequence[Reading]) -> float:
    """Bytes a change."""
    number, held = np.array(memory, float).T
    return float(np.polyfit(number, held, 1)[0]) if len(memory) > 1 else 0.0


if __name__ == "__main__":
    sys.exit(main())
