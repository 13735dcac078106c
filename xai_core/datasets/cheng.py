"""Cheng's brain tumours: 3064 slices with their annotators' outlines, from a copy in any of its three forms.

As published: four zips of numbered MATLAB files, or those files, unpacked. As it is passed around: pictures in
`glioma`, `meningioma` and `pituitary`, numbered alike, with outlines of the same names in `<folder>-masks` beside it.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from xai_core.datasets.cheng_file import DIAGNOSES, TumourSlice, read_cheng_file, read_cheng_label
from xai_core.datasets.dataset import Dataset, DatasetItem
from xai_core.datasets.listing import is_hidden, is_image, listing_digest
from xai_core.errors import ImageError
from xai_core.images.limits import DEFAULT_LIMITS
from xai_core.images.raster import load_image
from xai_core.images.zip_entry import unpacked
from xai_core.types import SourceImage

CITATION = 'J. Cheng, "brain tumor dataset", figshare, doi 10.6084/m9.figshare.1512427.v5, CC BY 4.0'
FOLDERS: Mapping[str, str] = {"glioma": "glioma", "meningioma": "meningioma", "pituitary": "pituitary tumour"}
_NUMBERED = re.compile(r"0*([1-9]\d{0,5})")
_MOST_FILES = 100_000
_WANTED = (
    "give the one with the numbered .mat files or their zips, as figshare has them, or one with the folders "
    f"{', '.join(FOLDERS)}"
)


@dataclass(frozen=True, eq=False)
class ChengCopy:
    """A copy of the collection, of which nothing has been read but the names.

    numbers: of its slices, ascending; they are the collection's own in every form. read: the slice of a number.
    label: its diagnosis and patient ("" where unknown), without the pixels. digest: over names, sizes and times. Both
    raise ImageError where a file is damaged or gone.
    """

    numbers: tuple[int, ...]
    read: Callable[[int], TumourSlice]
    label: Callable[[int], tuple[str, str]]
    digest: str


def open_cheng(root: Path) -> ChengCopy:
    """The copy in a folder, or in the folder `brain-mri` in it. ImageError: there is none, or it cannot be read."""
    title = f'The folder "{root}"'
    try:
        files = _numbered(_below(root, title), ".mat")
        if files:
            return _of_files(files)
        entries = _zipped(root)
        if entries:
            return _of_entries(entries)
        inner = root / "brain-mri"
        return _of_pictures(inner if inner.is_dir() else root, title)
    except OSError as error:
        raise ImageError(f"{title} cannot be read; check its permissions.") from error


def tumour_dataset(copy: ChengCopy, name: str, labels: Mapping[int, tuple[str, str]] | None = None) -> Dataset:
    """The copy as a set of labelled pictures, ids "diagnosis/number", with a column that tells patients apart.

    labels: diagnosis and patient of each number, where they are known; else they are read, a few milliseconds a file.
    """
    known = labels if labels is not None else {number: copy.label(number) for number in copy.numbers}
    classes = tuple(sorted(DIAGNOSES))
    numbers = sorted(known, key=lambda number: (known[number][0], number))
    people = {person: i + 1 for i, person in enumerate(dict.fromkeys(known[n][1] for n in numbers if known[n][1]))}
    column = np.array([f"patient {people[known[n][1]]}" if known[n][1] else "" for n in numbers], object)
    return Dataset(
        name=name,
        items=tuple(DatasetItem(f"{known[n][0]}/{n:04d}", classes.index(known[n][0])) for n in numbers),
        class_names=classes,
        digest=listing_digest([(copy.digest,), *((n, *known[n]) for n in numbers)]),
        read=partial(_picture, copy),
        columns={"patient": column} if people else {},
    )


def _picture(copy: ChengCopy, item: str) -> SourceImage:
    return copy.read(int(item.rpartition("/")[2])).image


def _title(number: int) -> str:
    return f"Slice {number}"


def _below(root: Path, title: str) -> list[Path]:
    """All ordinary files that are not hidden, at any depth; linked folders are not entered."""
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(one for one in folders if not is_hidden(one))
        found += [Path(folder) / name for name in sorted(files) if not is_hidden(name)]
        if len(found) > _MOST_FILES:
            raise ImageError(f"{title} holds more than {_MOST_FILES:,} files; name the collection's own folder.")
    return found


def _numbered(paths: Sequence[Path], *suffixes: str) -> dict[int, Path]:
    """Files whose name is a number, by it, ascending; of several of one number the first."""
    found: dict[int, Path] = {}
    for path in paths:
        number = _number(path.name, suffixes)
        if number is not None and path.is_file():
            found.setdefault(number, path)
    return dict(sorted(found.items()))


def _number(name: str, suffixes: Sequence[str]) -> int | None:
    stem, dot, ending = name.rpartition(".")
    match = _NUMBERED.fullmatch(stem) if dot + ending.lower() in suffixes else None
    return int(match[1]) if match else None


def _facts(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _of_files(files: Mapping[int, Path]) -> ChengCopy:
    digest = listing_digest((number, *_facts(path)) for number, path in files.items())
    return _of_matlab(tuple(files), digest, lambda number: _bytes_of(files, number))


def _bytes_of(files: Mapping[int, Path], number: int) -> bytes:
    try:
        with files[number].open("rb") as file:
            return file.read(DEFAULT_LIMITS.max_bytes + 1)
    except OSError as error:
        raise ImageError(f"{_title(number)} cannot be read from its folder; check that it is still there.") from error


def _of_matlab(numbers: tuple[int, ...], digest: str, data: Callable[[int], bytes]) -> ChengCopy:
    return ChengCopy(
        numbers,
        read=lambda number: read_cheng_file(data(number), _title(number)),
        label=lambda number: read_cheng_label(data(number), _title(number)),
        digest=digest,
    )


def _zipped(root: Path) -> dict[int, tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    """The numbered entries of the zips in the folder, ascending; they are read where they are."""
    found: dict[int, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}
    for path in sorted(path for path in root.iterdir() if path.suffix.lower() == ".zip" and path.is_file()):
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ImageError(f"{path.name} is no zip that can be read; fetch it again.") from error
        for info in archive.infolist():
            number = _number(info.filename.rpartition("/")[2], (".mat",))
            if number is not None:
                found.setdefault(number, (archive, info))
    return dict(sorted(found.items()))


def _of_entries(entries: Mapping[int, tuple[zipfile.ZipFile, zipfile.ZipInfo]]) -> ChengCopy:
    def data(number: int) -> bytes:
        archive, info = entries[number]
        return unpacked(archive, info, _title(number), DEFAULT_LIMITS.max_bytes)

    digest = listing_digest((number, info.file_size, info.CRC) for number, (_, info) in entries.items())
    return _of_matlab(tuple(entries), digest, data)


def _of_pictures(root: Path, title: str) -> ChengCopy:
    found = {number: (folder, path) for folder, number, path in _pictures(root)}
    if not found:
        raise ImageError(f"{title} holds no copy of Cheng's brain tumours; {_WANTED}.")
    masks = root.with_name(f"{root.name}-masks")

    def read(number: int) -> TumourSlice:
        folder, path = found[number]
        image = load_image(path, name=_title(number))
        return TumourSlice(image, FOLDERS[folder], _outline(masks / folder, number, image.size), "")

    return ChengCopy(
        numbers=tuple(sorted(found)),
        read=read,
        label=lambda number: (FOLDERS[found[number][0]], ""),
        digest=listing_digest((number, *_facts(path)) for number, (_, path) in sorted(found.items())),
    )


def _pictures(root: Path) -> Iterator[tuple[str, int, Path]]:
    for folder in FOLDERS:
        if (root / folder).is_dir():
            for path in sorted((root / folder).iterdir()):
                match = _NUMBERED.fullmatch(path.stem) if is_image(path.name) else None
                if match and path.is_file():
                    yield folder, int(match[1]), path


def _outline(folder: Path, number: int, size: tuple[int, int]) -> np.ndarray | None:
    """bool (h, w); None where the copy has no outline for the slice, or one of another size."""
    path = next((path for path in folder.glob(f"*{number}.png") if path.stem.lstrip("0") == str(number)), None)
    if path is None:
        return None
    outline = load_image(path, name=f"The outline of slice {number}")
    return outline.pixels[..., 0] > 0 if outline.size == size else None
