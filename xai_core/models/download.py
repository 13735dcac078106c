"""Weights that are fetched only when the user asks, into torch's own cache, where earlier downloads are found."""

import errno
import hashlib
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import torch

from xai_core.errors import ModelError
from xai_core.fetching import Unreachable, pieces
from xai_core.models.weights_file import refuse_other_content
from xai_core.types import Download, ProgressCallback

_SIZE_TOLERANCE_BYTES = 1024  # torchvision states sizes to a thousandth of a MiB
_WAIT_S = 0.2
_locks: dict[str, threading.Lock] = {}


def weights_path(download: Download) -> Path:
    """Where the file lies, or would lie: the folder in which `torch.hub` keeps its checkpoints."""
    return Path(_checkpoints()) / _file_name(download.url)


def is_on_disk(download: Download) -> bool:
    """Whether the file is there in its full size. Quick, since a list of all models asks it of each."""
    try:
        there = os.stat(os.path.join(_checkpoints(), _file_name(download.url)))
    except OSError:
        return False
    return stat.S_ISREG(there.st_mode) and abs(there.st_size - download.size_bytes) <= _SIZE_TOLERANCE_BYTES


def _checkpoints() -> str:
    return os.path.join(torch.hub.get_dir(), "checkpoints")


@cache
def _file_name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


def fetch(download: Download, *, on_progress: ProgressCallback | None = None, timeout_s: float = 30.0) -> Path:
    """The path of the weights, downloaded if they are not on disk yet, else recognised by their SHA-256.

    on_progress(received, total), in bytes, is called at least four times a MiB and may raise (Cancelled) to stop.
    timeout_s: longest silence of the server. The file gets its final name only once its size and the start of its
    SHA-256 are right, and nothing is left behind otherwise. Threads that want the same file share one download.
    Raises ModelError with the reason and the way to supply the file by hand.
    """
    if urlsplit(download.url).scheme not in ("http", "https"):
        raise ModelError(f"Weights are downloaded from http and https addresses only, not from {download.url}.")
    path = weights_path(download)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    report = on_progress or (lambda _received, _total: None)
    with _turn(path, lambda: report(_arrived(download, partial, path), download.size_bytes)):
        if is_on_disk(download):
            remedy = f"delete the file from {path.parent} and download it again"
            refuse_other_content(path, download.sha256_prefix, remedy)
        else:
            try:
                _receive(download, partial, report, timeout_s)
                with _disk_trouble(download):
                    os.replace(partial, path)
            finally:
                with suppress(OSError):
                    partial.unlink()
    return path


@contextmanager
def _turn(path: Path, while_waiting: Callable[[], None]) -> Iterator[None]:
    """One thread a file; the others wait, hear of its progress, and can still be cancelled."""
    lock = _locks.setdefault(str(path), threading.Lock())
    while not lock.acquire(timeout=_WAIT_S):
        while_waiting()
    try:
        yield
    finally:
        lock.release()


def _receive(download: Download, partial: Path, report: ProgressCallback, timeout_s: float) -> None:
    """Write the download to the temporary file, hashed on the way, checked and safe on the disk."""
    with _disk_trouble(download):
        partial.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(partial.parent).free < download.size_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file = partial.open("wb", buffering=0)
    digest, received = hashlib.sha256(), 0
    with file, closing(pieces(download.url, timeout_s)) as coming:
        try:
            for piece in coming:
                with _disk_trouble(download):
                    if file.write(piece) < len(piece):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                digest.update(piece)
                received += len(piece)
                if received > download.size_bytes + _SIZE_TOLERANCE_BYTES:
                    raise _refusal(download, f"the server sent more than the expected {_mib(download.size_bytes)}")
                report(min(received, download.size_bytes), download.size_bytes)
        except Unreachable as error:
            raise _refusal(download, str(error)) from error
        _check(download, received, digest.hexdigest())
        with _disk_trouble(download):
            os.fsync(file.fileno())


def _check(download: Download, received: int, sha256: str) -> None:
    if received < download.size_bytes - _SIZE_TOLERANCE_BYTES:
        raise _refusal(download, f"only {_mib(received)} of {_mib(download.size_bytes)} arrived")
    if not sha256.startswith(download.sha256_prefix):
        raise _refusal(
            download,
            f"what arrived is another file: its SHA-256 starts with {sha256[:8]}, not {download.sha256_prefix}",
        )


@contextmanager
def _disk_trouble(download: Download) -> Iterator[None]:
    """Turn an error of the disk into a sentence; only file calls stand inside, so that network errors keep theirs."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = f"the disk is too full for {_mib(download.size_bytes)}"
            raise _refusal(download, reason, "Free some space and try again") from error
        reason = f"the folder cannot be written to ({error.strerror})"
        raise _refusal(download, reason, "Set TORCH_HOME to a folder of yours and try again") from error


def _refusal(download: Download, reason: str, remedy: str = "Connect to the internet and try again") -> ModelError:
    path = weights_path(download)
    return ModelError(
        f"The weights {path.name} could not be downloaded: {reason}; nothing was changed. "
        f"{remedy}, or put {path.name} from {download.url} in {path.parent}."
    )


def _arrived(download: Download, *places: Path) -> int:
    """Bytes that another thread has received so far, under the temporary name or already under the final one."""
    for place in places:
        with suppress(OSError):
            return min(place.stat().st_size, download.size_bytes)
    return 0


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"
