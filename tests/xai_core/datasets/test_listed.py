"""A CSV of paths and labels is a data set: what it names, what it may not reach, and what else it tells."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.shared_data import shared
from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.datasets import Dataset, DatasetLimits, open_dataset
from xai_core.errors import ImageError

PNG = encoded(NOISE, "PNG")
LIST = "path,label,age,site\nx/a.png,cat,3,north\nb.png,dog,,south\nx/c.png,,4.5,north\n"


def folder(root: Path, text: str = LIST, *more: str) -> Path:
    for path in ("x/a.png", "b.png", "x/c.png", "unnamed.png", *more):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(PNG)
    (root / "list.csv").write_text(text, "utf-8")
    return root / "list.csv"


def zipped(root: Path) -> Dataset:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, f"wrapped/{path.relative_to(root)}")
    return open_dataset([("given.zip", data.getvalue())])


def told(dataset: Dataset) -> list[tuple[str, str | None]]:
    return [(item.id.removeprefix("wrapped/"), dataset.class_name(i)) for i, item in enumerate(dataset.items)]


@pytest.mark.parametrize("how", ["file", "zip"])
def test_the_list_says_which_pictures_and_what_they_are(tmp_path: Path, how: str) -> None:
    file = folder(tmp_path / "data")
    dataset = open_dataset(file) if how == "file" else zipped(file.parent)
    assert told(dataset) == [("b.png", "dog"), ("x/a.png", "cat"), ("x/c.png", None)]
    assert dataset.class_names == ("cat", "dog")
    np.testing.assert_array_equal(dataset.columns["age"], [np.nan, 3, 4.5])
    assert dataset.columns["site"].tolist() == ["south", "north", "north"]
    assert set(dataset.columns) == {"age", "site"}
    np.testing.assert_array_equal(dataset.load(0).pixels, NOISE)
    assert dataset.notes == ()


def test_pandas_reads_the_same_values(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    names = [f"{i:03d}.png" for i in range(50)]
    frame = pd.DataFrame(
        {"image": names, "class": random.choice(["a, b", 'c"d', "é"], 50), "size": random.normal(size=50)}
    )
    file = folder(tmp_path, "", *names)
    frame.to_csv(file, index=False)
    dataset = open_dataset(file)
    assert [dataset.class_name(i) for i in range(50)] == frame["class"].tolist()
    np.testing.assert_array_equal(dataset.columns["size"], pd.read_csv(file)["size"])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_a_byte_order_mark_are_read(tmp_path: Path, delimiter: str) -> None:
    dataset = open_dataset(folder(tmp_path, "\ufeff" + LIST.replace(",", delimiter)))
    assert told(dataset)[1] == ("x/a.png", "cat")


def test_a_column_of_pictures_is_found_under_any_name_and_folders_are_classes_without_labels(tmp_path: Path) -> None:
    dataset = open_dataset(folder(tmp_path, "id,scan\n1,x/a.png\n2,y/d.png\n", "y/d.png"))
    assert told(dataset) == [("x/a.png", "x"), ("y/d.png", "y")]
    assert dataset.columns["id"].tolist() == [1, 2]


@pytest.mark.parametrize("how", ["file", "zip"])
@pytest.mark.parametrize("path", ["../secret.png", "x/../../secret.png", "/etc/secret.png", "C:\\secret.png", ""])
def test_no_path_leads_out_of_the_lists_folder(tmp_path: Path, path: str, how: str) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    file = folder(tmp_path / "data", f"path,label\n{path},cat\nb.png,dog\n")
    dataset = open_dataset(file) if how == "file" else zipped(file.parent)
    assert told(dataset) == [("b.png", "dog")]
    assert "1 line is left out: its path is absolute or leads out of the list's folder." in dataset.notes


def test_no_link_leads_out_of_the_lists_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    file = folder(tmp_path / "data", "path\nlink.png\nb.png\n")
    os.symlink(tmp_path / "secret.png", tmp_path / "data" / "link.png")
    assert [item.id for item in open_dataset(file).items] == ["b.png"]


@pytest.mark.parametrize("how", ["file", "zip"])
def test_lines_that_cannot_count_are_told(tmp_path: Path, how: str) -> None:
    file = folder(tmp_path / "d", LIST + "gone.png,cat,1,n\nnotes.txt,cat,1,n\nb.png,cat,9,n\nx/a.png\n")
    dataset = open_dataset(file) if how == "file" else zipped(file.parent)
    assert dataset.notes == (
        "1 line is left out: its path is no picture by its name.",
        "2 lines are left out: an earlier one names the same picture.",
        "1 line is left out: there is no picture at its path.",
    )
    assert told(dataset)[0] == ("b.png", "dog")


def test_a_list_without_labels_in_a_zip_only_adds_columns(tmp_path: Path) -> None:
    file = folder(tmp_path / "d", "file,x_center\nx/a.png,0.25\n", "y/d.png")
    dataset = zipped(file.parent)
    assert told(dataset) == [
        ("b.png", None),
        ("unnamed.png", None),
        ("x/a.png", "x"),
        ("x/c.png", "x"),
        ("y/d.png", "y"),
    ]
    np.testing.assert_array_equal(dataset.columns["x_center"], [np.nan, np.nan, 0.25, np.nan, np.nan])


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "path,label\n\xe4.png,1\n", "path\nother.png\n", ""])
def test_a_list_of_something_else_in_a_zip_changes_nothing_and_says_so(tmp_path: Path, text: str) -> None:
    file = folder(tmp_path / "d")
    file.write_bytes(text.encode("latin-1"))
    dataset = zipped(file.parent)
    assert len(dataset) == 4
    assert any("not used" in note or "was not used" in note for note in dataset.notes)


def test_other_values_are_another_state_of_the_data(tmp_path: Path) -> None:
    file = folder(tmp_path / "data")
    digests = {open_dataset(file).digest, zipped(file.parent).digest}
    file.write_text(LIST.replace("north", "east"))
    digests |= {open_dataset(file).digest, zipped(file.parent).digest}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"path,label\n\xff.png,1\n", "no UTF-8 text; save it as CSV in UTF-8"),
        (b"path,label\n", "lists no picture"),
        (b"one,two\n1,2\n", 'has no column with paths of pictures; name one "path"'),
        (b"path\ngone.png\n", "names no picture that is there"),
        (b"path,x\nb.png," + b"9" * 200_000 + b"\n", "no CSV that can be read"),
        (b"path," + b"x," * 200 + b"\nb.png\n", "holds more than 100 columns"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_sentence(tmp_path: Path, data: bytes, reason: str) -> None:
    file = folder(tmp_path)
    file.write_bytes(data)
    with pytest.raises(ImageError, match=reason):
        open_dataset(file)


def test_a_list_longer_than_allowed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="holds more than 2 lines"):
        open_dataset(folder(tmp_path), limits=DatasetLimits(max_items=2))


def test_the_boxes_of_the_brain_scans_become_columns() -> None:
    dataset = open_dataset(shared("brain-mri") / "boxes.csv")
    frame = pd.read_csv(shared("brain-mri") / "boxes.csv").drop_duplicates("file").sort_values("file")
    assert [item.id for item in dataset.items] == frame["file"].tolist()
    np.testing.assert_array_equal(dataset.columns["width"], frame["width"])
    assert dataset.class_names == ("glioma", "meningioma", "pituitary")
