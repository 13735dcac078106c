"""Which slices of Cheng's collection the brain MRI network was tested on, so that a copy of it opens on slices never
learned from.

`python -m training.brain_mri` writes the list beside the weights; in every copy the slices have the same numbers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

HELD_OUT = Path(__file__).parent / "weights" / "brain-mri-held-out.json"
EACH = 4  # cases of each diagnosis


@cache
def held_out() -> Mapping[str, tuple[int, ...]]:
    """By diagnosis, the numbers of the slices in the test blocks, ascending."""
    listed = json.loads(HELD_OUT.read_text("utf-8"))["numbers"]
    return {name: tuple(int(number) for number in numbers) for name, numbers in listed.items()}


def cases(present: Collection[int], each: int = EACH) -> list[int]:
    """The numbers of so many held-out slices of each diagnosis, evenly spaced over those of them that are present.

    Only the numbers decide, and no answer of the network: misses are among them as often as they are.
    """
    given = set(present)
    chosen: list[int] = []
    for numbers in held_out().values():
        there = [number for number in numbers if number in given]
        count = min(each, len(there))
        chosen += [there[(2 * i + 1) * len(there) // (2 * count)] for i in range(count)]
    return chosen
