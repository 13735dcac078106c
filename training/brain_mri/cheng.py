"""Lay out a copy of Cheng's collection in its own files as the training reads it, with the patient of every slice.

python -m training.brain_mri.cheng --copy ../brain-tumours --data ../data

Writes brain-mri/<class>/<number>.png, brain-mri-masks/, brain-mri/boxes.csv and brain-mri/patients.csv below --data;
healthy slices go beside them, into brain-mri/no_tumor/. Training and measuring then split by patient.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from training.brain_mri.split import PATIENTS
from xai_core.datasets.cheng import FOLDERS, open_cheng
from xai_core.errors import ImageError


def lay_out(copy: Path, data: Path) -> int:
    """Write all slices of the copy; gives how many. SystemExit: there are pictures already, or the copy lacks some of
    what is needed."""
    pictures, masks = data / "brain-mri", data / "brain-mri-masks"
    taken = [name for name in FOLDERS if (pictures / name).exists()]
    if taken:
        raise SystemExit(f'"{pictures}" holds {", ".join(taken)} already; give another folder with --data.')
    folder_of = {diagnosis: folder for folder, diagnosis in FOLDERS.items()}
    people, boxes = [], []
    try:
        found = open_cheng(copy)
        for number in found.numbers:
            one = found.read(number)
            if one.outline is None or not one.outline.any() or not one.patient:
                raise SystemExit(f"Slice {number} has no outline or no patient; give the files as figshare has them.")
            name = f"{folder_of[one.diagnosis]}/{number:04d}"
            for root, pixels in ((pictures, one.image.pixels[..., 0]), (masks, one.outline)):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(root / f"{name}.png")
            people.append((number, one.patient))
            boxes.append((f"{name}.png", *box_of(one.outline)))
    except ImageError as error:
        raise SystemExit(str(error)) from error
    _write(pictures / PATIENTS, ("number", "patient"), people)
    _write(pictures / "boxes.csv", ("file", "x_center", "y_center", "width", "height"), boxes)
    return len(people)


def box_of(outline: np.ndarray) -> tuple[float, float, float, float]:
    """Centre x and y, width and height of an outline, bool (h, w), as fractions of the slice."""
    ends = []
    for axis in (0, 1):  # columns, then rows
        there, side = np.flatnonzero(outline.any(axis=axis)), outline.shape[1 - axis]
        ends.append((float(there[0]) / side, float(there[-1] + 1) / side))
    (left, right), (top, bottom) = ends
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copy", type=Path, required=True, help="the folder with the .mat files or their zips")
    parser.add_argument("--data", type=Path, required=True, help="where the training will look")
    options = parser.parse_args(arguments)
    print(f"{lay_out(options.copy, options.data)} slices")


if __name__ == "__main__":
    main()
