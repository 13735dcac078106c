"""Well-known data sets: never downloaded unless asked for, and checked; most are unpacked and read by torchvision."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import weakref
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from xai_core.datasets.cheng import open_cheng, tumour_dataset
from xai_core.datasets.dataset import DEFAULT_DATASET_LIMITS, Dataset, DatasetItem, DatasetSource
from xai_core.datasets.folder import open_folder
from xai_core.datasets.listing import listing_digest
from xai_core.durable import USED, Damaged, file_checksum, mark_used, read_sealed, write_sealed
from xai_core.errors import ImageError
from xai_core.fetching import Unreachable, pieces
from xai_core.images.digest import array_digest
from xai_core.types import ProgressCallback, SourceImage, no_progress

_SUMS = "checksums"
_OWN = (_SUMS, USED)


@dataclass(frozen=True)
class RemoteFile:
    """addresses: tried in order. path: relative to the set's own folder, as its reader expects it. md5: hex."""

    addresses: tuple[str, ...]
    path: str
    md5: str


@dataclass(frozen=True)
class Published:
    """size_bytes: of the download. about: what is in the part that is shown. files, unpack, open: given the root."""

    title: str
    size_bytes: int
    about: str
    files: Callable[[], list[RemoteFile]]
    unpack: Callable[[Path], object]
    open: Callable[[Path], Dataset]


def is_downloaded(key: str, folder: Path) -> bool:
    """folder: where all published sets are kept."""
    return (folder / key).is_dir()


def download_published(key: str, folder: Path, on_progress: ProgressCallback | None = None) -> None:
    """Fetch and unpack the set; it gets its place once it is whole, and parts that have arrived are kept until then.

    on_progress(received, all), in bytes, may raise to stop. ImageError: no network, or the disk refuses.
    """
    wanted = _published(key)
    making = folder / f"{key}.partial"
    tell = on_progress or no_progress
    tell(0, wanted.size_bytes)
    before = 0
    with suppress(OSError):
        making.mkdir(parents=True, exist_ok=True)
    with mark_used(making) or nullcontext():
        for file in wanted.files():
            path = making / file.path
            _fetch(file, path, 2 * wanted.size_bytes, partial(_shown, tell, before, wanted.size_bytes))
            before += path.stat().st_size
    try:
        wanted.unpack(making)
        sums = json.dumps(_checksums(making)).encode()
        write_sealed(making / _SUMS, key, lambda file: file.write(sums))
        os.replace(making, folder / key)
    except (OSError, RuntimeError) as error:
        shutil.rmtree(making, ignore_errors=True)
        raise ImageError(f"{wanted.title} could not be unpacked ({error}); free some space and try again.") from error


def open_published(key: str, folder: Path) -> Dataset:
    """The test pictures of a set that has been downloaded. ImageError: it has not, or it is damaged, and was set aside:
    the next download fetches what is missing, and unpacks it again."""
    wanted, root = _published(key), folder / key
    if not is_downloaded(key, folder):
        raise ImageError(f"{wanted.title} is not on this machine; ask for its download first.")
    used = mark_used(root)
    try:
        if json.loads(read_sealed(root / _SUMS, key)) != _checksums(root):
            raise Damaged("A file of the set is not what was unpacked.")
        dataset = wanted.open(root)
    except (OSError, RuntimeError, ValueError) as error:
        if used is not None:
            used.close()
        _set_aside(root, folder / f"{key}.partial", {file.path for file in wanted.files()})
        raise ImageError(f"{wanted.title} is damaged on this machine's disk; ask for its download again.") from error
    if used is not None:
        weakref.finalize(dataset.read, used.close)  # it may read its files as long as it lives
    return dataset


def _checksums(root: Path) -> dict[str, list[int]]:
    """Length and CRC-32 of every file of a set by its path, without our own."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): list(file_checksum(path))
        for path in files
        if path.parent != root or path.name not in _OWN
    }


def _set_aside(root: Path, making: Path, downloads: set[str]) -> None:
    """Leave of a damaged set what was downloaded, which the next download looks at again."""
    with suppress(OSError):
        shutil.rmtree(making, ignore_errors=True)
        os.replace(root, making)
        for path in sorted(making.rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):  # a download is in it
                    path.rmdir()
            elif path.relative_to(making).as_posix() not in downloads:
                path.unlink()


def _published(key: str) -> Published:
    if key not in PUBLISHED:
        raise ImageError(f'There is no published set "{key}"; give one of {", ".join(PUBLISHED)}.')
    return PUBLISHED[key]


def _shown(tell: ProgressCallback, before: int, total: int, received: int) -> None:
    tell(min(before + received, total), total)


def _fetch(file: RemoteFile, path: Path, most_bytes: int, on_progress: Callable[[int], None]) -> None:
    """Put the file at `path`, from the first address that gives it; what is there already is not fetched again.

    most_bytes: more are not received. on_progress(received) may raise to stop.
    ImageError: no network, another file arrived, or the disk refuses; then nothing is left behind.
    """
    if path.is_file() and _md5(path) == file.md5:
        return
    reason = ""
    partial = path.with_name(path.name + ".partial")
    for address in file.addresses:
        try:
            _receive(address, partial, most_bytes, on_progress)
            if _md5(partial) == file.md5:
                os.replace(partial, path)
                return
            reason = f"{urlsplit(address).hostname} sent another file than expected"
        except Unreachable as error:
            reason = str(error)
        except OSError as error:
            reason = f"the disk refuses ({error.strerror})"
        finally:
            with suppress(OSError):
                partial.unlink()
    raise ImageError(f"{path.name} could not be downloaded: {reason}; connect to the internet and try again.")


def _receive(address: str, partial: Path, most_bytes: int, on_progress: Callable[[int], None]) -> None:
    partial.parent.mkdir(parents=True, exist_ok=True)
    received = 0
    with closing(pieces(address)) as coming, partial.open("wb") as file:
        for piece in coming:
            file.write(piece)
            received += len(piece)
            on_progress(received)
            if received > most_bytes:
                return  # its digest will be wrong


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _fashion_files() -> list[RemoteFile]:
    kind = _torchvision().FashionMNIST
    return [
        RemoteFile(tuple(f"{mirror}{name}" for mirror in kind.mirrors), f"FashionMNIST/raw/{name}", md5)
        for name, md5 in kind.resources
    ]


def _open_fashion(root: Path) -> Dataset:
    held = _torchvision().FashionMNIST(root, train=False)
    return _from_arrays("Fashion-MNIST", held.data.numpy(), held.targets.numpy(), held.classes)


def _cifar_files() -> list[RemoteFile]:
    kind = _torchvision().CIFAR10
    return [RemoteFile((kind.url,), kind.filename, kind.tgz_md5)]


def _open_cifar(root: Path) -> Dataset:
    held = _torchvision().CIFAR10(root, train=False)
    return _from_arrays("CIFAR-10", held.data, np.array(held.targets), held.classes)


def _imagenette_files() -> list[RemoteFile]:
    url, md5 = _torchvision().Imagenette._ARCHIVES["160px"]
    return [RemoteFile((url,), url.rpartition("/")[2], md5)]


def _open_imagenette(root: Path) -> Dataset:
    held = _torchvision().Imagenette(root, split="val", size="160px")
    folder = Path(held._image_root)
    found = open_folder(folder, "Imagenette", DEFAULT_DATASET_LIMITS)
    names = {wnid: title[0] for wnid, title in held._WNID_TO_CLASS.items()}
    return replace(found, class_names=tuple(names.get(name, name) for name in found.class_names))


_CHENG_FILES = (  # as figshare lists them: number of the file, its name, its MD5
    (3381290, "brainTumorDataPublic_1-766.zip", "74b949ad33f042e6e103523091cd1428"),
    (3381296, "brainTumorDataPublic_767-1532.zip", "7e8a875500d2c8a346f270538e29890e"),
    (3381293, "brainTumorDataPublic_1533-2298.zip", "8227bf6080cb71f15a88be8d25c79ae7"),
    (3381302, "brainTumorDataPublic_2299-3064.zip", "b378a80d6174e5317d59eb28430c6652"),
)
_CHENG_ADDRESS = "https://ndownloader.figshare.com/files/"
CHENG = "brain-tumours"
_CHENG_LABELS = "labels.json"


def _cheng_files() -> list[RemoteFile]:
    return [RemoteFile((f"{_CHENG_ADDRESS}{number}",), name, md5) for number, name, md5 in _CHENG_FILES]


def _list_cheng(root: Path) -> None:
    """The zips stay as they came, and are read where they are; diagnoses and patients are listed once."""
    copy = open_cheng(root)
    labels = {str(number): copy.label(number) for number in copy.numbers}
    (root / _CHENG_LABELS).write_text(json.dumps(labels), "utf-8")


def _open_cheng(root: Path) -> Dataset:
    listed = json.loads((root / _CHENG_LABELS).read_text("utf-8"))
    labels = {int(number): (str(diagnosis), str(person)) for number, (diagnosis, person) in listed.items()}
    return tumour_dataset(open_cheng(root), "Brain tumours", labels)


def _from_arrays(title: str, pixels: np.ndarray, labels: np.ndarray, names: list[str]) -> Dataset:
    """pixels: uint8 (n, h, w) or (n, h, w, 3). Ids are "class/number"; digest: over pixels and labels."""
    pixels.setflags(write=False)
    return Dataset(
        name=title,
        items=tuple(DatasetItem(f"{names[label]}/{i:05d}", int(label)) for i, label in enumerate(labels.tolist())),
        class_names=tuple(names),
        digest=listing_digest([(array_digest(pixels), array_digest(labels))]),
        read=partial(_read, pixels),
    )


def _read(held: np.ndarray, item: str) -> SourceImage:
    pixels = held[int(item.rpartition("/")[2])]
    pixels = np.ascontiguousarray(pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2))
    pixels.setflags(write=False)
    return SourceImage(pixels, item, "photograph", array_digest(pixels))


def _torchvision() -> Any:
    from torchvision import datasets  # takes a while, and few ask for it

    return datasets


PUBLISHED: Mapping[str, Published] = {
    "fashion-mnist": Published(
        "Fashion-MNIST",
        30_878_645,
        "10,000 test pictures of clothes, 28 × 28, in 10 classes (Xiao et al. 2017, MIT licence)",
        _fashion_files,
        lambda root: _torchvision().FashionMNIST(root, download=True),
        _open_fashion,
    ),
    "cifar-10": Published(
        "CIFAR-10",
        170_498_071,
        "10,000 test photographs, 32 × 32, in 10 classes (Krizhevsky 2009)",
        _cifar_files,
        lambda root: _torchvision().CIFAR10(root, download=True),
        _open_cifar,
    ),
    "imagenette": Published(
        "Imagenette",
        99_003_388,
        "3,925 photographs of ten ImageNet classes, 160 pixels (fast.ai, Apache licence)",
        _imagenette_files,
        lambda root: _torchvision().Imagenette(root, split="val", size="160px", download=True),
        _open_imagenette,
    ),
    CHENG: Published(
        "Brain tumours (Cheng)",
        879_493_326,
        "3,064 slices of brain MRI with tumours of three kinds, T1-weighted with contrast, and their outlines "
        "(Cheng 2017, doi 10.6084/m9.figshare.1512427.v5, CC BY 4.0)",
        _cheng_files,
        _list_cheng,
        _open_cheng,
    ),
}

SOURCE = DatasetSource("published", "Known sets", "name", open_published)
