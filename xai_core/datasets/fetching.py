"""One file of a published data set, fetched only because a person asked for it."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from xai_core.errors import ImageError

ProgressCallback = Callable[[int], None]  # bytes received; may raise to stop
_CHUNK_BYTES = 256 * 1024


def fetch_file(
    addresses: Iterable[str],
    path: Path,
    md5: str,
    most_bytes: int,
    on_progress: ProgressCallback,
    timeout_s: float = 30.0,
) -> None:
    """Put the file at `path`, from the first address that gives it; what is there already is not fetched again.

    md5: hex, as torchvision states it. most_bytes: more are not received. on_progress(received) may raise to stop.
    ImageError: no network, another file arrived, or the disk refuses; then nothing is left behind.
    """
    if path.is_file() and _md5(path) == md5:
        return
    reason = ""
    partial = path.with_name(path.name + ".partial")
    for address in addresses:
        try:
            _receive(address, partial, most_bytes, on_progress, timeout_s)
            if _md5(partial) == md5:
                os.replace(partial, path)
                return
            reason = f"{urlsplit(address).hostname} sent another file than expected"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = _in_words(error, urlsplit(address).hostname or "the server")
        except OSError as error:
            reason = f"the disk refuses ({error.strerror})"
        finally:
            with suppress(OSError):
                partial.unlink()
    raise ImageError(f"{path.name} could not be downloaded: {reason}; connect to the internet and try again.")


def _receive(address: str, partial: Path, most_bytes: int, on_progress: ProgressCallback, timeout_s: float) -> None:
    partial.parent.mkdir(parents=True, exist_ok=True)
    request = urllib.request.Request(address, headers={"User-Agent": "Sightline"})
    received = 0
    with urllib.request.urlopen(request, timeout=timeout_s) as response, partial.open("wb") as file:
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            received += len(chunk)
            on_progress(received)
            if received > most_bytes:
                return  # its digest will be wrong


def _in_words(error: Exception, host: str) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"{host} answered {error.code}"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return f"{host} did not answer in time" if isinstance(cause, TimeoutError) else f"no connection to {host}"


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
