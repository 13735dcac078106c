"""Every way to open a data set, and all sources to choose from. A new one is one file and one line in `SOURCES`."""

from collections.abc import Sequence
from pathlib import Path

from xai_core.datasets import bundled, published, uploads
from xai_core.datasets.archive import open_zip
from xai_core.datasets.dataset import DEFAULT_DATASET_LIMITS, Dataset, DatasetLimits, DatasetSource
from xai_core.datasets.folder import open_folder
from xai_core.datasets.listed import open_list
from xai_core.datasets.uploads import Upload, open_uploads
from xai_core.errors import ImageError
from xai_core.images.zip_entry import is_zip


def open_dataset(
    source: str | Path | Sequence[Upload],
    *,
    name: str | None = None,
    limits: DatasetLimits = DEFAULT_DATASET_LIMITS,
) -> Dataset:
    """The pictures of a folder, a zip, a CSV of paths, a bundled name ("digits", "samples"), or several uploads.

    uploads: SourceImages, or (name, bytes) as they came; a single zip among bytes is opened as one. A bundled name wins
    over a folder of the same name, for which a Path is given. name: what to call it on screen.
    Nothing is decoded yet: a damaged picture is listed, and says what is wrong when it is loaded.
    ImageError: nothing there, no picture in it, or more than `limits`.

    >>> import xai_core as xai
    >>> digits = xai.open_dataset("digits")
    >>> len(digits), digits.class_names[:3]
    (1797, ('0', '1', '2'))
    """
    if not isinstance(source, str | Path):
        return open_uploads(source, name, limits)
    if isinstance(source, str) and source in bundled_names():
        return find_source(source).open()
    try:
        return _open_path(Path(source).expanduser(), str(source), name, limits)
    except (OSError, RuntimeError) as error:  # a name that is too long, a folder above that may not be entered
        raise ImageError(f'"{str(source)[:200]}" cannot be opened; check the path and its permissions.') from error


def _open_path(path: Path, source: str, name: str | None, limits: DatasetLimits) -> Dataset:
    if path.is_dir():
        return open_folder(path, name, limits)
    if not path.exists():
        raise ImageError(f'There is no data set "{source}"; give {_allowed()}.')
    if path.suffix.lower() == ".csv" and path.is_file():
        return open_list(path, name, limits)
    if not _is_zip_file(path):
        raise ImageError(f'The file "{source}" is no zip; give {_allowed()}.')
    return open_zip(path, path.name, name, limits)


def _is_zip_file(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would wait for ever
            return False
        with path.open("rb") as file:
            return is_zip(file.read(4))
    except OSError as error:
        raise ImageError(f'The file "{path}" cannot be opened; check its permissions.') from error


FOLDER = DatasetSource(
    "folder",
    "Folder or CSV",
    "path",
    open_dataset,
    wanted="Name a folder, with a subfolder for each class if there are classes, or a CSV of paths and labels; then "
    "the map is drawn.",
)
SOURCES: tuple[DatasetSource, ...] = (bundled.PHOTOGRAPHS, bundled.DIGITS, uploads.SOURCE, FOLDER, published.SOURCE)


def find_source(key: str) -> DatasetSource:
    """The source of a key of the catalogue; ImageError names those there are."""
    found = next((source for source in SOURCES if source.key == key), None)
    if found is None:
        raise ImageError(f'There is no source of pictures "{key}"; give one of {", ".join(s.key for s in SOURCES)}.')
    return found


def bundled_names() -> tuple[str, ...]:
    """The keys of the sources that need nothing more to be opened: a link may name them."""
    return tuple(source.key for source in SOURCES if source.gives == "nothing")


def _allowed() -> str:
    return f"a folder, a zip, a CSV of paths or one of the bundled names {', '.join(sorted(bundled_names()))}"
