"""Files that survive a kill at any moment: replaced in one step, and written by one process at a time."""

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from xai_core.errors import SightlineError

PARTIAL = ".partial"


def replace_file(path: Path, data: bytes) -> None:
    """The file holds either what it held before or all of `data`, also after a power cut."""
    write_file(path, lambda file: file.write(data))


def write_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """As `replace_file`, for what is written in pieces. Two processes may write the same file: the last one stays."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def keep(path: Path | None, write: Callable[[IO[bytes]], object]) -> bool:
    """Whether something that only saves time was written, as it can be made again.

    It is not for no path, into a folder that was dropped meanwhile, or on a full disk.
    """
    if path is None or not path.parent.is_dir():
        return False
    try:
        write_file(path, write)
    except OSError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make the folder's own entries last; without it a power cut may forget a renamed file."""
    if sys.platform == "win32":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def one_writer(folder: Path, busy: str) -> Iterator[None]:
    """The folder for one writer: the lock goes with the process, however it ends. SightlineError(busy): it is taken.

    What a killed writer left half written in the folder or below is swept up first.
    """
    with disk_trouble(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("ab")
    with file:
        try:
            _lock(file)
        except OSError as error:
            raise SightlineError(busy) from error
        with disk_trouble(folder):
            for left in folder.glob(f"**/*{PARTIAL}"):
                if left.is_file():
                    left.unlink(missing_ok=True)
        yield


def _lock(file: IO[bytes]) -> None:
    """Take the file for this process or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def disk_trouble(folder: Path) -> Iterator[None]:
    """SightlineError where the disk refuses; errors that are no fault of the disk pass."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "the disk failed"
        raise SightlineError(
            f"The folder {folder} cannot be written ({reason}); free space or choose another."
        ) from error
