"""Where every slice comes from: three collections of pictures, two whole heads, and what is known of each slice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.brain_mri.heads import slices_of_head
from training.brain_mri.split import CLASSES, Part, label, parts, patients, slices, spaced, split
from xai_core.images import load_image
from xai_core.images.digest import array_digest
from xai_core.models.sources.brain_mri import SOURCES
from xai_core.types import SourceImage

TUMOUR = len(CLASSES)  # the label of a tumour whose type is unknown
NO_TUMOUR = CLASSES.index("no_tumor")
HEADS = {"Colin27": "colin27-t1.nii.gz", "ICBM152": "icbm152-t1-average.nii.gz"}
_MEASURED = 24  # slices of each plane of a head that measure; as many blocks would be one head all the same
_FROM_HEAD = 500  # slices of each head that train


@dataclass(frozen=True, eq=False)
class Given:
    """A slice as it came. label: into CLASSES, or TUMOUR. plane: of heads.PLANES, or "" where it is not known.

    outline: bool of the picture's size; box: (4,) centre x, y, width, height in pixels. Both None: no tumour, or no
    place known. number: of its file; of a head's slice its order. patient: "" where it is not known.
    """

    image: SourceImage
    label: int
    source: str
    plane: str
    part: Part
    number: int
    outline: np.ndarray | None = None
    box: np.ndarray | None = None
    patient: str = ""


def every_slice(data: Path, seed: int, limit: int | None) -> Iterator[Given]:
    """All slices below `data`, in a fixed order; with a limit about so many of each class of each source."""
    yield from _cheng_and_healthy(data, limit)
    yield from _br35h_tumours(data / "brain-mri-br35h", limit)
    yield from _sartaj(data / "brain-mri-sartaj", limit)
    for name in HEADS:
        yield from _head(data / "heads", name, seed, limit)


def _cheng_and_healthy(data: Path, limit: int | None) -> Iterator[Given]:
    paths, people = slices(data / "brain-mri", limit), patients(data / "brain-mri")
    for path, part in zip(paths, split(paths, people), strict=True):
        image, number, name = load_image(path), int(path.stem), path.parent.name
        if name == "no_tumor":
            yield Given(image, NO_TUMOUR, "Br35H", "axial", part, number)
            continue
        outline = load_image(data / "brain-mri-masks" / name / f"{path.stem}.png").pixels[..., 0] > 0
        person = people.get(number, "")
        yield Given(image, label(path), "Cheng", "", part, number, outline=outline, patient=person)


def _br35h_tumours(folder: Path, limit: int | None) -> Iterator[Given]:
    with (folder / "boxes.csv").open(encoding="utf-8") as stream:
        rows = {row["file"]: row for row in csv.DictReader(stream)}
    paths = spaced(sorted((folder / "tumor").glob("*.jpg")), limit)
    for path, part in zip(paths, parts(len(paths)), strict=True):
        image, row = load_image(path), rows[f"tumor/{path.name}"]
        height, width = image.size
        fractions = [float(row[name]) for name in ("x_center", "y_center", "width", "height")]
        box = np.array(fractions, np.float32) * np.array([width, height, width, height], np.float32)
        yield Given(image, TUMOUR, "Br35H", "axial", part, int(path.stem), box=box)


def _sartaj(folder: Path, limit: int | None) -> Iterator[Given]:
    """Its gliomas count as tumours of unknown type: of these the labels are wrong most often."""
    for path, part in _blocked(slices(folder, limit)):
        known = label(path)
        yield Given(load_image(path), TUMOUR if known == 0 else known, "Sartaj", "", part, int(path.stem))


def _blocked(paths: list[Path]) -> Iterator[tuple[Path, Part]]:
    for name in CLASSES:
        of_class = [path for path in paths if path.parent.name == name]
        yield from zip(of_class, parts(len(of_class)), strict=True)


def _head(folder: Path, name: str, seed: int, limit: int | None) -> Iterator[Given]:
    """Healthy slices: random ones of every direction train, straight ones of the middle half measure."""
    rng = np.random.default_rng([seed, SOURCES.index(name)])
    made = slices_of_head(
        folder / HEADS[name], rng, min(limit or _FROM_HEAD, _FROM_HEAD), min(limit or _MEASURED, _MEASURED)
    )
    for number, (values, plane, trains) in enumerate(made):
        image = SourceImage(values, f"{name} {plane}", "scan", array_digest(values))
        yield Given(image, NO_TUMOUR, name, plane, "train" if trains else "test", number)
