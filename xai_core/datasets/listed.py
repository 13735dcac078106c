"""A CSV of paths, labels and whatever else is known: on the disk beside its pictures, or inside a zip of them."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from xai_core.datasets.dataset import Dataset, DatasetItem, DatasetLimits, check_count
from xai_core.datasets.listing import is_hidden, is_image, labelled, left_out, listing_digest, safe_path
from xai_core.errors import ImageError
from xai_core.images.limits import Limits
from xai_core.images.raster import load_image
from xai_core.types import SourceImage

PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "image", "image_path", "picture", "img", "name")
LABEL_NAMES = ("label", "class", "class_name", "category", "target")
MAX_BYTES, MAX_COLUMNS = 200_000_000, 100
_DELIMITERS = ",;\t|"
_WHY = {
    "unsafe": ("line", "its path is absolute or leads out of the list's folder"),
    "file": ("line", "its path is no picture by its name"),
    "twice": ("line", "an earlier one names the same picture"),
    "missing": ("line", "there is no picture at its path"),
}


@dataclass(frozen=True, eq=False)
class ImageList:
    """rows: by safe path relative to the list's folder, the cells of its line. header: the names of all columns.

    path, label: which of them hold those two, label None where none does. others: lines left out, by a key of `_WHY`.
    """

    rows: Mapping[str, Sequence[str]]
    header: tuple[str, ...]
    path: int
    label: int | None
    others: Counter[str]

    def notes(self) -> tuple[str, ...]:
        return tuple(note for kind, (what, why) in _WHY.items() for note in left_out(self.others[kind], what, why))

    def class_of(self, path: str) -> str:
        """The text of the label column, "" without one."""
        return "" if self.label is None else self.rows[path][self.label].strip()


def open_list(path: Path, name: str | None, limits: DatasetLimits) -> Dataset:
    """The pictures that a CSV names, relative to its own folder; other columns are kept (`Dataset.columns`).

    A line whose path leads out of the folder or to nothing is left out, which the notes tell. Without a column of
    labels the folders are the classes. digest: over the CSV and path, size and time of last change of each picture.
    ImageError: as `read_list`, or none of the pictures is there.
    """
    title, root = f'The list "{path}"', path.parent
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{title} cannot be read; check its permissions.") from error
    listed = read_list(data, title, limits.max_items)
    found = _present(root, listed)
    if not found:
        raise ImageError(f"{title} names no picture that is there; paths count from the list's own folder.")
    items, class_names = items_of(listed, found)
    return Dataset(
        name=name or path.stem,
        items=items,
        class_names=class_names,
        digest=listing_digest([(list_digest(data),), *((item.id, *found[item.id]) for item in items)]),
        read=partial(_read, root.resolve(), limits.image),
        notes=listed.notes(),
        state=found.__getitem__,
        columns=columns_of(listed, [item.id for item in items]),
    )


def with_list(dataset: Dataset, read: Callable[[], bytes], folder: str, title: str, most: int) -> Dataset:
    """A zip's pictures as a CSV among them tells. read: the CSV's bytes; folder: where it stands, "" for the top.

    With a column of labels the list decides which pictures count and what they are; without one it only adds columns.
    A CSV that cannot be read or names none of the pictures changes nothing, and a note says so.
    """
    try:
        data = read()
        listed = read_list(data, title, most)
    except ImageError as error:
        return replace(dataset, notes=(*dataset.notes, f"The list was not used. {error}"))
    if folder:
        listed = replace(listed, rows={f"{folder}/{path}": row for path, row in listed.rows.items()})
    held = {item.id for item in dataset.items}
    named = [path for path in listed.rows if path in held]
    if not named:
        return replace(dataset, notes=(*dataset.notes, f"{title} was not used: it names none of the pictures."))
    listed.others["missing"] += len(listed.rows) - len(named)
    items, class_names = (dataset.items, dataset.class_names) if listed.label is None else items_of(listed, named)
    return replace(
        dataset,
        items=items,
        class_names=class_names,
        digest=listing_digest([(list_digest(data),), (dataset.digest,)]),
        notes=(*dataset.notes, *listed.notes()),
        columns=columns_of(listed, [item.id for item in items]),
    )


def items_of(
    listed: ImageList, paths: Sequence[str] | Mapping[str, object]
) -> tuple[tuple[DatasetItem, ...], tuple[str, ...]]:
    """Items and class names: by the list's labels, else by folders (`labelled` has the rule)."""
    if listed.label is None:
        return labelled(list(paths))
    names = tuple(sorted({listed.class_of(path) for path in paths} - {""}))
    index = {name: i for i, name in enumerate(names)}
    return tuple(DatasetItem(path, index.get(listed.class_of(path))) for path in sorted(paths)), names


def list_digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _present(root: Path, listed: ImageList) -> dict[str, tuple[int, int]]:
    """Size and time of last change of each picture that is there and inside the list's folder."""
    found, home = {}, root.resolve()
    for path in listed.rows:
        try:
            file = (home / path).resolve()
            stat = file.stat()
        except (OSError, RuntimeError):  # the latter for links in a circle
            listed.others["missing"] += 1
            continue
        if not file.is_relative_to(home):  # a link leads out
            listed.others["unsafe"] += 1
        elif file.is_file():
            found[path] = (stat.st_size, stat.st_mtime_ns)
        else:
            listed.others["missing"] += 1
    return found


def _read(root: Path, limits: Limits, item: str) -> SourceImage:
    return load_image(root / item, name=item, limits=limits)


def read_list(data: bytes, title: str, most: int) -> ImageList:
    """The lines of a CSV: UTF-8, a header line, commas, semicolons, tabs or bars between.

    ImageError: it is no such file, no column names pictures, or it is too large.
    """
    if len(data) > MAX_BYTES:
        raise ImageError(f"{title} is larger than {MAX_BYTES // 1_000_000} MB; split it into smaller parts.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImageError(f"{title} is no UTF-8 text; save it as CSV in UTF-8.") from error
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(line)]
    except csv.Error as error:
        raise ImageError(f"{title} is no CSV that can be read ({error}); save it again.") from error
    if len(lines) < 2:
        raise ImageError(f"{title} lists no picture; give a header line and a line for each picture.")
    header = tuple(cell.strip() for cell in lines[0])
    check_count(len(header), MAX_COLUMNS, title, "columns")
    check_count(len(lines) - 1, most, title, "lines")
    path, label = _path_column(header, lines[1:], title), _named(header, LABEL_NAMES)
    rows, others = _rows(lines[1:], len(header), path)
    return ImageList(rows, header, path, label, others)


def columns_of(listed: ImageList, paths: Sequence[str]) -> dict[str, np.ndarray]:
    """Every column but path and label, a value for each path: float64 with NaN for none where all are numbers, else
    text with "" for none."""
    found = {}
    nothing = [""] * len(listed.header)
    for place, name in enumerate(listed.header):
        if name and place not in (listed.path, listed.label):
            found[name] = _column([listed.rows.get(path, nothing)[place].strip() for path in paths])
    return found


def _column(cells: Sequence[str]) -> np.ndarray:
    try:
        values = np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        values = np.array(cells, object)
    values.setflags(write=False)
    return values


def _path_column(header: Sequence[str], lines: Sequence[Sequence[str]], title: str) -> int:
    """By its name, else the first column whose first value looks like a picture's path."""
    named = _named(header, PATH_NAMES)
    if named is not None and any(len(line) > named and is_image(line[named]) for line in lines[:100]):
        return named
    for place in range(len(header)):
        if any(len(line) > place and is_image(line[place].strip()) for line in lines[:100]):
            return place
    raise ImageError(f'{title} has no column with paths of pictures; name one "path", relative to the list\'s folder.')


def _named(header: Sequence[str], names: Sequence[str]) -> int | None:
    plain = [name.lower().replace(" ", "_") for name in header]
    return next((plain.index(name) for name in names if name in plain), None)


def _rows(lines: Sequence[Sequence[str]], width: int, path: int) -> tuple[dict[str, Sequence[str]], Counter[str]]:
    rows: dict[str, Sequence[str]] = {}
    others: Counter[str] = Counter()
    for line in lines:
        cells = [*line[:width], *[""] * (width - len(line))]
        safe = safe_path(cells[path].strip())
        if safe is None:
            others["unsafe"] += 1
        elif is_hidden(safe) or not is_image(safe):
            others["file"] += 1
        elif safe in rows:
            others["twice"] += 1
        else:
            rows[safe] = cells
    return rows, others
