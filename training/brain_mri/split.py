"""Which slices train, choose and judge: whole patients where the copy tells them, else blocks of consecutive file
numbers with gaps; never a random split."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

CLASSES = ("glioma", "meningioma", "no_tumor", "pituitary")
Part = Literal["train", "validation", "test", "gap"]
# Ten blocks a class: test in two places, validation (for the temperature alone) beside one, so that borders are few.
BLOCKS: tuple[Part, ...] = ("train", "train", "test", "validation", "train", "train", "train", "test", "train", "train")
MARGIN = (
    12  # about a patient's slices (3064 of 233 patients), left out at each border on the side that is less held out
)
TWINS = 0.97  # correlation of standardised pictures at which two count as one
_TWIN_SIDE = 40
_LEAST_BLOCKS = 40  # of a class as long as a margin; smaller trials have shorter ones
PATIENTS = "patients.csv"  # beside the pictures; `python -m training.brain_mri.cheng` writes it
_SUFFIXES = (".jpg", ".png")
_RANK = {"train": 0, "validation": 1, "test": 2}


def slices(data: Path, limit: int | None = None) -> list[Path]:
    """All slices, class by class, in the order of their numbers; with a limit so many of each class, evenly spaced."""
    return [path for name in CLASSES for path in spaced(_pictures(data / name), limit)]


def _pictures(folder: Path) -> list[Path]:
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted((path for path in found if path.suffix in _SUFFIXES), key=_number)


def patients(data: Path) -> dict[int, str]:
    """The patient of each of Cheng's slices by its number; empty where the copy in the folder does not tell."""
    path = data / PATIENTS
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["number"]): row["patient"] for row in csv.DictReader(file)}


def _number(path: Path) -> int:
    return int(path.stem)


def spaced(paths: list[Path], limit: int | None) -> list[Path]:
    """With a limit so many of them, evenly spaced."""
    if limit is None or len(paths) <= limit:
        return paths
    return [paths[i * len(paths) // limit] for i in range(limit)]


def label(path: Path) -> int:
    return CLASSES.index(path.parent.name)


def parts(count: int) -> list[Part]:
    """The part of each of the `count` slices of one class, in the order of their numbers."""
    given = [BLOCKS[i * len(BLOCKS) // count] for i in range(count)]
    answer = list(given)
    margin = min(MARGIN, count // _LEAST_BLOCKS)
    for border in range(1, count):
        before, after = given[border - 1], given[border]
        if before != after:
            less = range(border - margin, border) if _RANK[before] < _RANK[after] else range(border, border + margin)
            answer[less.start : less.stop] = ["gap"] * margin
    return answer


def parts_by_patient(people: Sequence[str], settled: dict[str, Part] | None = None) -> list[Part]:
    """The part of each slice of one class: its patients in the order of their first slice, each whole in the block in
    which the middle of its slices falls. No gaps, as no patient stands on both sides of a border.

    settled: the parts of patients who have slices of another class too; those of this class are added.
    """
    given = settled if settled is not None else {}
    before = 0
    for person in dict.fromkeys(people):
        count = people.count(person)
        given.setdefault(person, BLOCKS[int((before + count / 2) * len(BLOCKS) / len(people))])
        before += count
    return [given[person] for person in people]


def split(paths: Sequence[Path], people: Mapping[int, str] | None = None) -> np.ndarray:
    """The part of each slice of `slices`: by patients in a class all of whose slices have one, else by blocks.

    people: the patient of each file number.
    """
    known, settled = people or {}, dict[str, Part]()
    answer: list[Part] = []
    for name in CLASSES:
        of_class = [known.get(_number(path), "") for path in paths if path.parent.name == name]
        answer += parts_by_patient(of_class, settled) if of_class and all(of_class) else parts(len(of_class))
    return np.array(answer)


def without_twins(part: np.ndarray, images: np.ndarray) -> np.ndarray:
    """`part` with "gap" for each picture that nearly equals one of a part that is held out further.

    images: uint8 (n, side, side), standardised. The healthy slices were collected from many places and repeat.
    """
    vectors = _centred(images)
    answer = part.copy()
    for kept, held in (("train", ("validation", "test")), ("validation", ("test",))):
        requested = np.flatnonzero(part == kept)
        known = np.flatnonzero(np.isin(part, held))
        answer[requested[(vectors[requested] @ vectors[known].T).max(axis=1) > TWINS]] = "gap"
    return answer


def _centred(images: np.ndarray) -> np.ndarray:
    """Unit vectors (n, d) whose products are the correlations of the pictures, made small."""
    step = images.shape[1] // _TWIN_SIDE
    small = images.reshape(len(images), _TWIN_SIDE, step, _TWIN_SIDE, step).mean(axis=(2, 4), dtype=np.float32)
    flat = small.reshape(len(small), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True).clip(1e-6)
