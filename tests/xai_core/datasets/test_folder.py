"""A folder is a data set: what is listed, which class it gets, and what is never entered."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.datasets import Dataset, DatasetLimits, open_dataset
from xai_core.errors import ImageError

PNG = encoded(NOISE, "PNG")


def write(root: Path, *paths: str, data: bytes = PNG) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def listing(dataset: Dataset) -> dict[str, str | None]:
    return {item.id: dataset.class_name(index) for index, item in enumerate(dataset.items)}


def test_one_subfolder_is_one_class(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path / "pets", "dog/b.png", "dog/a.JPG", "cat/z.png", "cat/old/y.png"))
    assert listing(dataset) == {"cat/old/y.png": "cat", "cat/z.png": "cat", "dog/a.JPG": "dog", "dog/b.png": "dog"}
    assert dataset.class_names == ("cat", "dog")
    assert dataset.name == "pets"
    assert [item.label for item in dataset.items] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("paths", "classes"),
    [
        (["a.png", "b.png"], ()),
        (["all/a.png", "all/b.png"], ()),
        (["all/x/a.png", "all/y/b.png"], ("x", "y")),
        (["all/a.png", "all/x/b.png"], ("x",)),
        (["x-1/a.png", "x/b.png"], ("x", "x-1")),
        (["one/deep/a.png", "one/deep/b.png", "two/a.png"], ("one", "two")),
    ],
)
def test_folders_that_all_pictures_share_are_no_class(
    tmp_path: Path, paths: list[str], classes: tuple[str, ...]
) -> None:
    assert open_dataset(write(tmp_path, *paths)).class_names == classes


def test_a_picture_beside_the_classes_has_none(tmp_path: Path) -> None:
    assert listing(open_dataset(write(tmp_path, "a.png", "x/b.png"))) == {"a.png": None, "x/b.png": "x"}


def test_the_pixels_are_those_of_the_file_and_the_thumbnail_is_shrunk(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, "x/a.png"))
    assert np.array_equal(dataset.load(0).pixels, NOISE)
    assert dataset.load(0).name == "x/a.png"
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 200:] = 255
    thumbnail = open_dataset(write(tmp_path / "wide", "w.png", data=encoded(wide, "PNG"))).thumbnail(0, side=40)
    assert thumbnail.shape == (10, 40, 3)
    assert thumbnail[:, :18].max() == 0
    assert thumbnail[:, 22:].min() == 255
    assert np.array_equal(dataset.thumbnail(0), NOISE), "a small picture is not enlarged"


def test_a_damaged_picture_is_listed_and_says_why_when_it_is_loaded(tmp_path: Path) -> None:
    write(tmp_path, "good.png")
    write(tmp_path, "bad.png", data=PNG[:60])
    write(tmp_path, "text.png", data=b"no picture at all")
    dataset = open_dataset(tmp_path)
    assert [item.id for item in dataset.items] == ["bad.png", "good.png", "text.png"]
    with pytest.raises(ImageError, match=r'"bad.png" is an incomplete'):
        dataset.load(0)
    with pytest.raises(ImageError, match=r'"text.png" is not a picture'):
        dataset.thumbnail(2)
    assert dataset.load(1).size == (20, 31)
    (tmp_path / "good.png").unlink()
    with pytest.raises(ImageError, match=r"does not exist|cannot be opened"):
        dataset.load(1)


def test_hidden_files_are_passed_over_and_others_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.png", ".DS_Store", "__MACOSX/a.png", ".cache/b.png", "boxes.csv", "readme.txt")
    dataset = open_dataset(tmp_path)
    assert [item.id for item in dataset.items] == ["a.png"]
    assert dataset.notes == ("2 files are left out: no picture by its name.",)


def test_linked_files_are_read_and_linked_folders_are_not_entered(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "o.png")
    root = write(tmp_path / "data", "x/a.png", "y/b.png")
    (root / "x" / "circle").symlink_to(root)
    (root / "x" / "linked.png").symlink_to(outside / "o.png")
    (root / "x" / "nowhere.png").symlink_to(outside / "missing.png")
    os.mkfifo(root / "x" / "pipe.png")
    dataset = open_dataset(root)
    assert [item.id for item in dataset.items] == ["x/a.png", "x/linked.png", "y/b.png"]
    assert dataset.load(1).size == (20, 31)
    assert dataset.notes == ("1 linked folder is left out: links could lead in a circle.",)


def test_the_order_and_the_digest_follow_from_the_listing_alone(tmp_path: Path) -> None:
    names = ["10.png", "2.png", "b/1.png", "ä.png", "B.png"]
    for folder, order in (("one", names), ("two", names[::-1])):
        write(tmp_path / folder, *order)
        for name in names:
            os.utime(tmp_path / folder / name, ns=(1, 10**9))
    one, two = open_dataset(tmp_path / "one"), open_dataset(str(tmp_path / "two"), name="other")
    assert [item.id for item in one.items] == sorted(names)
    assert one.items == two.items
    assert one.digest == two.digest
    assert two.name == "other"


@pytest.mark.parametrize("change", ["touch", "grow", "add", "rename"])
def test_the_digest_changes_with(tmp_path: Path, change: str) -> None:
    before = open_dataset(write(tmp_path, "a.png", "b.png")).digest
    file, stat = tmp_path / "a.png", (tmp_path / "a.png").stat()
    if change == "touch":
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    elif change == "grow":
        file.write_bytes(PNG + b"\0")
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "add":
        write(tmp_path, "c.png")
    else:
        file.rename(tmp_path / "A.png")
    assert open_dataset(tmp_path).digest != before


def test_a_name_that_is_no_utf_8_is_listed_and_read(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(raw, "wb") as file:
        file.write(PNG)
    dataset = open_dataset(tmp_path)
    assert dataset.load(0).name == "caf?.png"
    assert len(dataset.digest) == 64


def test_a_folder_can_be_sent_to_another_process(tmp_path: Path) -> None:
    dataset = pickle.loads(pickle.dumps(open_dataset(write(tmp_path, "x/a.png"))))
    assert np.array_equal(dataset.load(0).pixels, NOISE)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("missing", r'There is no data set ".*missing"; give a folder, a zip, a CSV of paths or one of the bundled'),
        ("empty", r"holds no picture; give a folder with one subfolder a class"),
        ("file.png", r"is no zip; give a folder"),
        ("pipe", r"is no zip; give a folder"),
    ],
)
def test_what_is_no_data_set_is_refused(tmp_path: Path, given: str, reason: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path, "file.png")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImageError, match=reason):
        open_dataset(tmp_path / given)


def test_too_many_pictures_are_refused(tmp_path: Path) -> None:
    write(tmp_path, *(f"{index}.png" for index in range(4)))
    assert len(open_dataset(tmp_path, limits=DatasetLimits(max_items=4))) == 4
    with pytest.raises(ImageError, match="holds more than 3 pictures; split it"):
        open_dataset(tmp_path, limits=DatasetLimits(max_items=3))


def test_each_picture_keeps_to_its_own_limits(tmp_path: Path) -> None:
    limits = DatasetLimits()
    small = replace(limits, image=replace(limits.image, max_pixels=100))
    with pytest.raises(ImageError, match="31 x 20 pixels; at most"):
        open_dataset(write(tmp_path, "a.png"), limits=small).load(0)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    write(tmp_path, "x/a.png")
    (tmp_path / "x").chmod(0)
    with pytest.raises(ImageError, match='cannot be read at "x"; check its permissions'):
        open_dataset(tmp_path)


def test_a_thumbnail_of_a_very_long_picture_keeps_a_pixel(tmp_path: Path) -> None:
    write(tmp_path, "long.png", data=encoded(Image.new("RGB", (4000, 8)), "PNG"))
    assert open_dataset(tmp_path).thumbnail(0, side=50).shape == (1, 50, 3)
