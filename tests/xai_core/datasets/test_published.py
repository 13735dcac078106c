"""Published data sets: fetched from a host of ours in their own formats, never without being asked, whole or not."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from tests.xai_core.datasets.cheng_files import zipped
from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.datasets import published
from xai_core.datasets.cheng import open_cheng
from xai_core.errors import Cancelled, ImageError

RANDOM = np.random.default_rng(0)
LABELS = np.array([9, 0, 3], np.uint8)
GREY = RANDOM.integers(0, 255, (3, 28, 28), np.uint8)
COLOUR = RANDOM.integers(0, 255, (3, 32, 32, 3), np.uint8)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "host").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "host")))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def idx(values: np.ndarray) -> bytes:
    """The format of MNIST: magic number, sizes, bytes."""
    return struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()


def serve_fashion(patch: pytest.MonkeyPatch, host: str, folder: Path) -> None:
    resources = []
    for name, _ in datasets.FashionMNIST.resources:
        data = gzip.compress(idx(GREY if "images" in name else LABELS))
        (folder / name).write_bytes(data)
        resources.append((name, md5(data)))
    patch.setattr(datasets.FashionMNIST, "resources", resources)
    patch.setattr(datasets.FashionMNIST, "mirrors", [f"{host}missing/", host])


def tar(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def serve_cifar(patch: pytest.MonkeyPatch, host: str, folder: Path) -> None:
    kind = datasets.CIFAR10
    flat = COLOUR.transpose(0, 3, 1, 2).reshape(3, -1)
    batch = pickle.dumps({"data": flat, "labels": LABELS.tolist()})
    meta = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]})
    names = [name for name, _ in kind.train_list + kind.test_list]
    data = tar({f"{kind.base_folder}/{name}": batch for name in names} | {f"{kind.base_folder}/batches.meta": meta})
    (folder / kind.filename).write_bytes(data)
    patch.setattr(kind, "url", host + kind.filename)
    patch.setattr(kind, "tgz_md5", md5(data))
    for part in ("train_list", "test_list"):
        patch.setattr(kind, part, [[name, md5(batch)] for name, _ in getattr(kind, part)])
    patch.setattr(kind, "meta", kind.meta | {"md5": md5(meta)})


def serve_imagenette(patch: pytest.MonkeyPatch, host: str, folder: Path) -> None:
    jpeg = encoded(NOISE, "JPEG")
    places = [f"imagenette2-160/{part}/{wnid}/{wnid}_1.JPEG" for part in ("train", "val") for wnid in
              datasets.Imagenette._WNID_TO_CLASS]  # fmt: skip
    data = tar(dict.fromkeys(places, jpeg))
    (folder / "imagenette2-160.tgz").write_bytes(data)
    archive = (f"{host}imagenette2-160.tgz", md5(data))
    patch.setattr(datasets.Imagenette, "_ARCHIVES", {"160px": archive})


TUMOURS = ({1: (2, "A"), 2: (2, "A")}, {900: (1, "B")}, {1600: (3, "C")}, {3064: (2, "A")})


def serve_tumours(patch: pytest.MonkeyPatch, host: str, folder: Path) -> None:
    """Four zips of MATLAB files under the numbers that figshare gave them."""
    made = []
    for (number, name, _), labels in zip(published._CHENG_FILES, TUMOURS, strict=True):
        data = zipped(labels)
        (folder / str(number)).write_bytes(data)
        made.append((number, name, md5(data)))
    patch.setattr(published, "_CHENG_FILES", tuple(made))
    patch.setattr(published, "_CHENG_ADDRESS", host)


SERVE = {
    "fashion-mnist": serve_fashion,
    "cifar-10": serve_cifar,
    "imagenette": serve_imagenette,
    "brain-tumours": serve_tumours,
}


@pytest.mark.parametrize("key", published.PUBLISHED)
def test_a_set_is_fetched_once_and_opened_without_a_network(
    key: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SERVE[key](monkeypatch, host, tmp_path / "host")
    told: list[tuple[int, int]] = []
    assert not published.is_downloaded(key, tmp_path / "sets")
    published.download_published(key, tmp_path / "sets", lambda *so_far: told.append(so_far))
    assert published.is_downloaded(key, tmp_path / "sets")
    assert told[0] == (0, published.PUBLISHED[key].size_bytes)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_a, **_k: pytest.fail("the network was asked"))
    dataset = published.open_published(key, tmp_path / "sets")
    if key == "brain-tumours":
        assert [dataset.class_name(i) for i in range(len(dataset))] == ["glioma"] * 3 + [
            "meningioma",
            "pituitary tumour",
        ]
        assert list(dataset.columns["patient"]) == ["patient 1"] * 3 + ["patient 2", "patient 3"]
        expected = open_cheng(tmp_path / "sets" / key).read(2).image.pixels
    elif key == "imagenette":
        assert dataset.class_names[:2] == ("tench", "English springer")
        expected = np.asarray(Image.open(io.BytesIO(encoded(NOISE, "JPEG"))))
    else:
        assert [item.label for item in dataset.items] == LABELS.tolist()
        expected = COLOUR[1] if key == "cifar-10" else np.repeat(GREY[1][..., None], 3, 2)
    np.testing.assert_array_equal(dataset.load(1).pixels, expected)


def test_without_a_network_there_is_one_sentence_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.CIFAR10, "url", "http://127.0.0.1:9/cifar.tar.gz")  # nothing listens there
    with pytest.raises(ImageError, match=r"downloaded: no connection to 127.0.0.1; connect to the internet"):
        published.download_published("cifar-10", tmp_path)
    assert not published.is_downloaded("cifar-10", tmp_path)
    assert not list(tmp_path.rglob("*.tar.gz*"))


def test_another_file_is_not_taken(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_cifar(monkeypatch, host, tmp_path / "host")
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", "0" * 32)
    with pytest.raises(ImageError, match=r"127.0.0.1 sent another file than expected"):
        published.download_published("cifar-10", tmp_path)
    assert not published.is_downloaded("cifar-10", tmp_path)


def test_a_stopped_download_leaves_no_set_and_goes_on_later(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_fashion(monkeypatch, host, tmp_path / "host")

    def stop(done: int, _total: int) -> None:
        if done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        published.download_published("fashion-mnist", tmp_path / "sets", stop)
    assert not published.is_downloaded("fashion-mnist", tmp_path / "sets")
    assert not list((tmp_path / "sets").rglob("*.gz.partial"))
    published.download_published("fashion-mnist", tmp_path / "sets")
    assert len(published.open_published("fashion-mnist", tmp_path / "sets")) == 3


@pytest.mark.parametrize("key", published.PUBLISHED)
def test_opening_what_was_not_downloaded_never_downloads(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_a, **_k: pytest.fail("the network was asked"))
    with pytest.raises(ImageError, match="is not on this machine; ask for its download first"):
        published.open_published(key, tmp_path)


@pytest.mark.parametrize("key", published.PUBLISHED)
@pytest.mark.parametrize("damage", ["a byte", "a file is gone", "of an earlier version"])
def test_a_damaged_set_is_set_aside_and_unpacked_again_without_a_network(
    key: str, damage: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SERVE[key](monkeypatch, host, tmp_path / "host")
    sets = tmp_path / "sets"
    published.download_published(key, sets)
    before = published.open_published(key, sets)
    unpacked = [
        path
        for path in sorted((sets / key).rglob("*"))
        if path.is_file() and path.suffix not in (".gz", ".tgz", ".zip")
    ]
    for path in unpacked:
        if damage == "a byte" and path.name not in ("checksums", "used") and path.stat().st_size:
            data = path.read_bytes()
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
            break
        if damage == "of an earlier version" and path.name == "checksums":
            path.unlink()
        if damage == "a file is gone" and path.name not in ("checksums", "used"):
            path.unlink()
            break
    with pytest.raises(ImageError, match="damaged on this machine's disk; ask for its download again"):
        published.open_published(key, sets)
    assert not published.is_downloaded(key, sets)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_a, **_k: pytest.fail("the network was asked"))
    published.download_published(key, sets)
    again = published.open_published(key, sets)
    assert [item.id for item in again.items] == [item.id for item in before.items]
    np.testing.assert_array_equal(again.load(1).pixels, before.load(1).pixels)
