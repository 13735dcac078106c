"""A zip is a data set: read entry by entry, never unpacked, and never trusted."""

from __future__ import annotations

import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.datasets import Dataset, DatasetLimits, open_dataset
from xai_core.errors import ImageError
from xai_core.images.scans.files import contents
from xai_core.images.scans.limits import DEFAULT_SCAN_LIMITS

PNG = encoded(NOISE, "PNG")


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)
    return buffer.getvalue()


def opened(data: bytes, limits: DatasetLimits | None = None) -> Dataset:
    return open_dataset([("given.zip", data)], limits=limits or DatasetLimits())


def ids(dataset: Dataset) -> list[str]:
    return [item.id for item in dataset.items]


def test_a_zip_gives_the_items_and_classes_of_the_same_folder(tmp_path: Path) -> None:
    paths = ["b/2.png", "a/1.png", "a/deep/0.png", "notes.txt"]
    for path in paths:
        (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / path).write_bytes(PNG)
    file = tmp_path / "pets.zip"
    file.write_bytes(zipped(*((path, PNG) for path in paths)))
    folder, archive = open_dataset(tmp_path / "data"), open_dataset(file)
    assert archive.items == folder.items
    assert archive.class_names == folder.class_names == ("a", "b")
    assert archive.notes == folder.notes
    assert archive.name == "pets"
    assert np.array_equal(archive.load(2).pixels, NOISE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "pets.zip"]  # nothing was unpacked


def test_a_folder_that_wraps_everything_is_no_class() -> None:
    assert opened(zipped(("pets/a.png", PNG), ("pets/b.png", PNG), ("__MACOSX/pets/._a.png", b""))).class_names == ()
    assert opened(zipped(("pets/x/a.png", PNG), ("pets/y/b.png", PNG))).class_names == ("x", "y")


def test_the_digest_belongs_to_the_contents_and_not_to_the_file() -> None:
    early, late = (zipfile.ZipInfo("a.png", (year, 1, 1, 0, 0, 0)) for year in (1990, 2020))
    one, same, other = opened(zipped((early, PNG))), opened(zipped((late, PNG))), opened(zipped((early, PNG + b"\0")))
    assert one.digest == same.digest
    assert one.digest != other.digest


@pytest.mark.parametrize("name", ["../a.png", "x/../../a.png", "/etc/a.png", "C:/a.png", "c:a.png", "..\\a.png"])
def test_a_path_that_leads_out_is_left_out(name: str) -> None:
    dataset = opened(zipped((name, PNG), ("x/good.png", PNG)))
    assert ids(dataset) == ["x/good.png"]
    assert dataset.notes == ("1 entry with an unsafe path is left out: it is absolute or leads out of the zip.",)


def test_backslashes_of_other_systems_separate_folders() -> None:
    assert opened(zipped(("x\\a.png", PNG), ("y\\b.png", PNG))).class_names == ("x", "y")


def test_links_are_not_followed() -> None:
    link = zipfile.ZipInfo("link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    dataset = opened(zipped((link, b"/etc/passwd"), ("a.png", PNG)))
    assert ids(dataset) == ["a.png"]
    assert dataset.notes == ("1 link is left out: links are not followed.",)


def test_of_two_entries_with_one_path_the_later_counts() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(("a.png", b"old"), ("a.png", PNG))
    dataset = opened(data)
    assert np.array_equal(dataset.load(0).pixels, NOISE)
    assert dataset.notes == ("1 entry is left out: a later one has the same path.",)


def test_an_entry_that_claims_too_much_is_not_unpacked() -> None:
    limits = DatasetLimits()
    limits = replace(limits, image=replace(limits.image, max_bytes=10_000))
    dataset = opened(zipped(("bomb.png", PNG + bytes(100_000)), ("good.png", PNG)), limits)
    with pytest.raises(ImageError, match=r'"bomb.png" has 0.\d+ MB; at most 0.01 MB are read'):
        dataset.load(0)
    assert dataset.load(1).size == (20, 31)


def test_an_entry_that_lies_about_its_size_is_damaged_and_costs_no_memory() -> None:
    data = bytearray(zipped(("bomb.png", PNG + bytes(5_000_000))))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        assert struct.unpack_from("<I", data, at) == (len(PNG) + 5_000_000,)
        struct.pack_into("<I", data, at, len(PNG))
    with pytest.raises(ImageError, match=r'"bomb.png" is damaged within its zip'):
        opened(bytes(data)).load(0)


def test_what_a_zip_unpacks_to_in_all_is_limited() -> None:
    data = zipped(*((f"{index}.png", bytes(400_000)) for index in range(6)))
    assert len(opened(data, DatasetLimits(max_zip_bytes=2_400_000))) == 6
    with pytest.raises(ImageError, match="unpacks to 2 MB; at most 2 MB are read, so split it"):
        opened(data, DatasetLimits(max_zip_bytes=2_399_999))


def test_the_number_of_entries_and_of_pictures_is_limited() -> None:
    data = zipped(*((f"{index}.txt", b"") for index in range(4)), ("a.png", PNG), ("b.png", PNG))
    with pytest.raises(ImageError, match="holds more than 5 entries"):
        opened(data, DatasetLimits(max_zip_entries=5))
    with pytest.raises(ImageError, match="holds more than 1 pictures"):
        opened(data, DatasetLimits(max_items=1))


def test_entries_are_counted_before_an_object_is_made_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the zip was opened"))
    with pytest.raises(ImageError, match="holds more than 200,000 entries"):
        opened(b"PK\x03\x04" + b"PK\x01\x02" * 200_001)
    with pytest.raises(ImageError, match=r"More than 5,000 files were given"):
        list(contents(b"PK\x03\x04" + b"PK\x01\x02" * 50_001, DEFAULT_SCAN_LIMITS))


def test_an_encrypted_entry_says_so() -> None:
    data = bytearray(zipped(("a.png", PNG)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(ImageError, match="is encrypted; make the zip again without a password"):
        opened(bytes(data)).load(0)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_compression_that_may_ask_for_any_memory_is_refused(method: int) -> None:
    with pytest.raises(ImageError, match="compressed in a way that is not read; make an ordinary zip"):
        opened(zipped(("a.png", PNG), method=method)).load(0)


def test_a_flipped_byte_is_noticed() -> None:
    data = bytearray(zipped(("a.png", PNG), method=zipfile.ZIP_STORED))
    data[60 + len(PNG) // 2] ^= 1
    with pytest.raises(ImageError, match=r"damaged within its zip"):
        opened(bytes(data)).load(0)


@pytest.mark.parametrize("data", [b"PK\x03\x04 and nothing else", zipped(("a.png", PNG))[:-30]], ids=["head", "cut"])
def test_a_file_that_only_begins_as_a_zip_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=r'"given.zip" is no zip that can be read; make it again'):
        opened(data)


@pytest.mark.parametrize("data", [zipped(), zipped(("a.txt", b"text"))], ids=["empty", "no picture"])
def test_a_zip_without_pictures_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="holds no picture"):
        opened(data)


def test_many_threads_read_one_zip(tmp_path: Path) -> None:
    shades = [np.full((16, 16, 3), shade, np.uint8) for shade in range(60)]
    file = tmp_path / "many.zip"
    file.write_bytes(zipped(*((f"{i:02d}.png", encoded(shade, "PNG")) for i, shade in enumerate(shades))))
    dataset = open_dataset(file)
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(dataset.load, [*range(60)] * 5))
    assert all(image.pixels.max() == image.pixels.min() == index % 60 for index, image in enumerate(read))
