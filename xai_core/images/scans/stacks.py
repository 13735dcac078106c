"""From loose frames to stacks: by series, size and orientation, sorted along the normal, one list for each step."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai_core.images.scans.dicom_frame import Frame
from xai_core.images.scans.dicom_pixels import is_colour

_SAME_DIRECTION = 2e-3  # about a tenth of a degree
_SAME_PLACE_MM = 1e-2


@dataclass(frozen=True, eq=False)
class Stack:
    """Frames of one series in one orientation.

    steps: one list of frames for each volume, sorted along the normal where the files say where they lie.
    names: of the steps. notes: what was dropped or could not be told.
    """

    steps: tuple[tuple[Frame, ...], ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def stacks_of(frames: Sequence[Frame]) -> tuple[list[Stack], list[str]]:
    """Every stack, largest first, and sentences for the localisers that were left out.

    Localisers stay in where there is nothing else. Instance numbers and names play no part.
    """
    others = [frame for frame in frames if not frame.localiser]
    left_out = len(frames) - len(others) if others else 0
    groups: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame in others or frames:
        groups[_kind(frame)].append(frame)
    stacks = [_stack(part) for group in groups.values() for part in _by_direction(group)]
    three = _three_plane(stacks)
    left_out += sum(len(step) for stack in three for step in stack.steps)
    kept = sorted((s for s in stacks if s not in three), key=lambda s: -len(s.steps[0]) * len(s.steps))
    one = "1 localiser image was" if left_out == 1 else f"{left_out} localiser images were"
    return kept, [f"{one} left out."] if left_out else []


def _kind(frame: Frame) -> tuple[object, ...]:
    """What frames of one stack have in common; without a position, a file is a stack of its own."""
    spacing = tuple(round(mm, 3) for mm in frame.spacing_mm or ())
    alone = () if frame.position is not None and frame.orientation is not None else (id(frame.pixels),)
    return (frame.series, frame.size, spacing, is_colour(frame.pixels), frame.modality, *alone)


def _by_direction(frames: list[Frame]) -> list[list[Frame]]:
    """Frames apart whose directions differ; a chain of tiny differences stays together with its first."""
    parts: list[list[Frame]] = []
    for frame in frames:
        for part in parts:
            if _same_direction(part[0], frame):
                part.append(frame)
                break
        else:
            parts.append([frame])
    return parts


def _same_direction(one: Frame, other: Frame) -> bool:
    if one.orientation is None or other.orientation is None:
        return one.orientation is other.orientation
    return float(np.abs(one.orientation - other.orientation).max()) < _SAME_DIRECTION


def _stack(frames: list[Frame]) -> Stack:
    unique = list({frame.identity: frame for frame in frames}.values())
    twice = len(frames) - len(unique)
    notes: tuple[str, ...] = (f"{twice} images were given twice; they count once.",) if twice else ()
    if unique[0].position is None or unique[0].orientation is None:
        if len(unique) > 1:
            notes += ("The file does not say where its frames lie; they stand in the order stored.",)
        return Stack((tuple(unique),), ("",), notes)
    ordered = sorted(unique, key=distance)
    names, steps, told = _steps(ordered)
    return Stack(tuple(map(tuple, steps)), tuple(names), notes + told)


def distance(frame: Frame) -> float:
    """How far along the normal of its plane a frame lies, in millimetres."""
    assert frame.orientation is not None
    assert frame.position is not None
    return float(np.cross(*frame.orientation) @ frame.position)


def _steps(ordered: list[Frame]) -> tuple[list[str], list[list[Frame]], tuple[str, ...]]:
    """Frames that share places, parted by the first mark (or all marks together) that leaves one a place."""
    if _one_a_place(ordered):
        return [""], [ordered], ()
    marks = list(dict.fromkeys(name for frame in ordered for name in frame.marks))
    for names in [*([mark] for mark in marks), marks]:
        parts: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
        for frame in ordered:
            parts[tuple(frame.marks.get(name, "") for name in names)].append(frame)
        if len(parts) > 1 and all(map(_one_a_place, parts.values())):
            keys = sorted(parts, key=lambda key: [(str(type(value)), value) for value in key])
            return [_title(names, key) for key in keys], [parts[key] for key in keys], ()
    return _by_turn(ordered)


def _by_turn(ordered: list[Frame]) -> tuple[list[str], list[list[Frame]], tuple[str, ...]]:
    turns: list[list[Frame]] = []
    seen: Counter[float] = Counter()
    last = -np.inf
    for frame in ordered:
        last = last if distance(frame) - last < _SAME_PLACE_MM else distance(frame)
        if seen[last] == len(turns):
            turns.append([])
        turns[seen[last]].append(frame)
        seen[last] += 1
    note = "Several images lie at one place, and nothing tells them apart; they were parted in the order given."
    return [f"{number} of {len(turns)}" for number in range(1, len(turns) + 1)], turns, (note,)


def _one_a_place(ordered: Sequence[Frame]) -> bool:
    return len(ordered) < 2 or float(np.diff([distance(frame) for frame in ordered]).min()) > _SAME_PLACE_MM


def _title(names: list[str], key: tuple[object, ...]) -> str:
    return ", ".join(name.format(value) for name, value in zip(names, key, strict=True) if value != "")


def _three_plane(stacks: list[Stack]) -> list[Stack]:
    """Short stacks of one series in three planes beside longer stacks of others: a localiser that does not say so."""
    by_series: dict[bytes, list[Stack]] = defaultdict(list)
    for stack in stacks:
        by_series[stack.steps[0][0].series].append(stack)
    few = [group for group in by_series.values() if len(group) >= 3 and all(len(s.steps[0]) <= 5 for s in group)]
    found = [stack for group in few for stack in group if stack.steps[0][0].orientation is not None]
    return found if len(found) < len(stacks) else []
