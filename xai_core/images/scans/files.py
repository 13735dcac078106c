"""Every file that was handed over, one at a time: bytes, paths, folders and zips, without a name ever leaving here."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from xai_core.errors import ImageError
from xai_core.images.scans.limits import ScanLimits
from xai_core.images.zip_entry import entries, is_zip, unpacked

Source = str | Path | bytes
LABEL = "A file"


def contents(sources: Source | Sequence[Source], limits: ScanLimits) -> Iterator[bytes | ImageError]:
    """The bytes of each file, folders and zips opened up; an ImageError, given and not raised, for one that cannot be.

    Hidden files and links are passed over. Raises ImageError for more files or bytes than the limits allow.
    """
    count, size = 0, 0
    for source in [sources] if isinstance(sources, str | Path | bytes) else sources:
        for data in _opened(source, limits):
            count += 1
            size += 0 if isinstance(data, ImageError) else len(data)
            if count > limits.max_files:
                raise ImageError(f"More than {limits.max_files:,} files were given; give one study at a time.")
            if size > limits.max_bytes:
                most = limits.max_bytes // 1_000_000
                raise ImageError(f"More than {most:,} MB were given; give one series at a time.")
            yield data


def _opened(source: Source, limits: ScanLimits) -> Iterator[bytes | ImageError]:
    if isinstance(source, bytes):
        yield from _unzipped(source, limits) if is_zip(source) else [source]
        return
    for path in _paths(Path(source)):
        data = _read(path, limits)
        if isinstance(data, bytes) and is_zip(data):
            yield from _unzipped(data, limits)
        else:
            yield data


def _paths(path: Path) -> Iterator[Path]:
    """The file itself, or every ordinary file below a folder, in a stable order."""
    try:
        is_folder = path.is_dir()
    except OSError:  # `_read` says so
        is_folder = False
    if not is_folder:
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
        yield from (file for file in here if file.is_file() and not file.is_symlink())


def _read(path: Path, limits: ScanLimits) -> bytes | ImageError:
    try:
        if not path.is_file():
            return ImageError(f"{LABEL} or folder that was named does not exist; check the path.")
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except (OSError, ValueError):
        return ImageError(f"{LABEL} cannot be opened; check its permissions.")


def _unzipped(data: bytes, limits: ScanLimits) -> Iterator[bytes | ImageError]:
    """Each entry, unpacked in memory and never beyond the limit; zips within zips are not opened."""
    if entries(data) > 10 * limits.max_files:  # with folders and what systems leave behind
        raise ImageError(f"More than {limits.max_files:,} files were given; give one study at a time.")
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except Exception:  # a damaged directory makes it raise anything
        yield ImageError("The zip is damaged; make it again.")
        return
    for info in archive.infolist():
        parts = info.filename.replace("\\", "/").split("/")
        if not info.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts if part):
            yield _entry(archive, info, limits)


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: ScanLimits) -> bytes | ImageError:
    try:
        return unpacked(archive, info, LABEL, limits.max_bytes)
    except ImageError as error:
        return error
