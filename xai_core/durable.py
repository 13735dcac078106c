"""Files that survive a kill at any moment, and that are not believed once they are damaged.

Replaced in one step, written by one process at a time, and sealed: 20 bytes at the end hold the length and the CRC-32
of all before them. It finds every change of up to four bytes in a row and all but one in four thousand million others,
as fast as the disk's cache can be read. It is no defence against who wants to deceive.
"""

import os
import shutil
import struct
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from xai_core.errors import SightlineError

PARTIAL = ".partial"
GOING = ".going"  # a folder that is being removed
USED = "used"
_MAGIC, _SEAL = b"Sightln1", struct.Struct("<8sQI")
_CHUNK_BYTES = 1 << 20


class Damaged(ValueError):
    """A stored file is not what was written there; it is to be made again."""


def replace_file(path: Path, data: bytes | memoryview) -> None:
    """The file holds either what it held before or all of `data`, also after a power cut."""
    write_file(path, lambda file: file.write(data))


def write_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """As `replace_file`, for what is written in pieces. Two processes may write the same file: the last one stays."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{PARTIAL}")
    try:
        with partial.open("w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_sealed(path: Path, meaning: str, write: Callable[[IO[bytes]], object]) -> None:
    """As `write_file`, with a seal. meaning: what the file is; read under another one it counts as damaged."""

    def both(file: IO[bytes]) -> None:
        write(file)
        seal(file, meaning)

    write_file(path, both)


def seal(file: IO[bytes], meaning: str) -> None:
    """Put the seal behind all that the file, opened for reading and writing, holds."""
    length, crc = _measured(file)
    file.write(_SEAL.pack(_MAGIC, length, _closed(crc, length, meaning)))


def check_seal(path: Path, meaning: str) -> int:
    """The length in bytes of what stands before the seal. Damaged; OSError: there is no such file."""
    with path.open("rb", buffering=0) as file:
        length = path.stat().st_size - _SEAL.size
        _, crc = _measured(file, max(0, length))
        _check(file.read(_SEAL.size + 1), length, crc, meaning)
    return length


def read_sealed(path: Path, meaning: str) -> bytes:
    """What stands before the seal. Damaged; OSError: there is no such file."""
    data = path.read_bytes()
    length = len(data) - _SEAL.size
    content = data[: max(0, length)]
    _check(data[len(content) :], length, crc32(content), meaning)
    return content


def file_checksum(path: Path) -> tuple[int, int]:
    """The length of a file in bytes and its CRC-32."""
    with path.open("rb", buffering=0) as file:
        return _measured(file)


def crc32(data: bytes | memoryview, before: int = 0) -> int:
    """The CRC-32 (ISO-HDLC, as zlib's) of data, going on from that of what came before."""
    from imagecodecs import deflate_crc32  # five times as fast as zlib's; not at the top: it takes a while to import

    return int(deflate_crc32(data, before)) if len(data) else before  # type: ignore[arg-type]  # it takes any buffer


def _measured(file: IO[bytes], most: int = sys.maxsize) -> tuple[int, int]:
    """How many bytes the file holds, at most `most`, and their CRC-32; the file then stands behind them."""
    length = crc = 0
    file.seek(0)
    while chunk := file.read(min(_CHUNK_BYTES, most - length)):
        length, crc = length + len(chunk), crc32(chunk, crc)
    return length, crc


def _closed(crc: int, length: int, meaning: str) -> int:
    return crc32(struct.pack("<Q", length) + meaning.encode(errors="surrogateescape"), crc)


def _check(found: bytes, length: int, crc: int, meaning: str) -> None:
    if found != _SEAL.pack(_MAGIC, max(0, length), _closed(crc, length, meaning) if length >= 0 else 0):
        raise Damaged("A stored file is damaged, or was written by another version.")


def place_of(path: Path) -> str:
    """What a file is that belongs to its folder alone: the folder's name and its own."""
    return f"{path.parent.name}/{path.name}"


def keep(path: Path | None, write: Callable[[IO[bytes]], object]) -> bool:
    """Whether something that only saves time was written, sealed, as it can be made again.

    It is not for no path, into a folder that was dropped meanwhile, or on a full disk.
    """
    if path is None or not path.parent.is_dir():
        return False
    try:
        write_sealed(path, place_of(path), write)
    except OSError:
        return False
    return True


def kept(path: Path | None) -> BytesIO | None:
    """What `keep` wrote; None where there is none, or it is damaged."""
    if path is None:
        return None
    try:
        return BytesIO(read_sealed(path, place_of(path)))
    except (OSError, Damaged):
        return None


def passing_folder(prefix: str) -> TemporaryDirectory[str]:
    """A new folder among the temporary files, which goes with what this gives. SightlineError: the disk refuses."""
    try:
        return TemporaryDirectory(prefix=prefix)
    except OSError as error:
        reason = error.strerror or "the disk failed"
        raise SightlineError(
            f"No temporary files can be written ({reason}); free space, or set TMPDIR to a folder that can be."
        ) from error


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


def mark_used(folder: Path) -> IO[bytes] | None:
    """While the file that this gives is open, `remove_unused` leaves the folder alone; its time is that of the last
    use. None: the disk takes no marks."""
    with suppress(OSError):
        file = (folder / USED).open("ab")
        try:
            os.utime(folder / USED)
            _lock(file, shared=True)
        except OSError:
            file.close()
            raise
        return file
    return None


def touch(path: Path) -> None:
    """Set the time of the file to now, where the disk allows it."""
    with suppress(OSError):
        os.utime(path)


def remove_unused(folder: Path) -> bool:
    """Remove the folder, unless somebody writes it or has marked it as used; whether it was removed."""
    going = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}{GOING}")
    with ExitStack() as stack, suppress(OSError):
        for name in ("lock", USED):
            if (folder / name).exists():
                _lock(stack.enter_context((folder / name).open("ab")))
        os.replace(folder, going)  # nobody finds half of it; where it is open, some systems forbid it
    shutil.rmtree(going, ignore_errors=True)
    return not folder.exists()


def _lock(file: IO[bytes], *, shared: bool = False) -> None:
    """Take the file for this process, or with others, or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        if not shared:  # there an open file is kept by itself
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


@contextmanager
def disk_trouble(folder: Path) -> Iterator[None]:
    """SightlineError where the disk refuses or loses what it was given; errors that are no fault of the disk pass."""
    try:
        yield
    except Damaged as error:
        raise SightlineError(
            f"The folder {folder} does not keep what is written there; choose another disk."
        ) from error
    except OSError as error:
        reason = error.strerror or "the disk failed"
        raise SightlineError(
            f"The folder {folder} cannot be written ({reason}); free space or choose another."
        ) from error
