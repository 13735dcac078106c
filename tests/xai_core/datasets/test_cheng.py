"""Cheng's brain tumours in their three forms, and whatever is none of them refused in a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.shared_data import shared
from tests.xai_core.datasets.cheng_files import FIELDS, mat_file, tumour, write_files, zipped
from xai_core.datasets.cheng import open_cheng, tumour_dataset
from xai_core.datasets.cheng_file import DIAGNOSES, read_cheng_file
from xai_core.errors import ImageError
from xai_core.images.limits import Limits
from xai_core.models.sources.brain_mri import CLASS_NAMES

LABELS = {1: (1, "A"), 12: (2, "B"), 7: (3, "C"), 300: (2, "B")}


@pytest.mark.parametrize("by_reference", [False, True])
def test_a_file_gives_slice_outline_label_and_patient_the_right_way_round(by_reference: bool) -> None:
    values, outline = tumour(5)
    found = read_cheng_file(mat_file(5, 2, "MR0172", by_reference=by_reference), "Slice 5")
    assert found.image.size == values.shape == (96, 112)
    low, high = values.min(), values.max()
    np.testing.assert_array_equal(found.image.pixels[..., 1], np.rint((values - low) * (255 / (high - low))))
    assert found.outline is not None
    np.testing.assert_array_equal(found.outline, outline)
    assert (found.diagnosis, found.patient) == ("glioma", "MR0172")


def test_the_diagnoses_are_those_of_the_brain_mri_model() -> None:
    assert DIAGNOSES == ("meningioma", "glioma", "pituitary tumour")
    assert set(DIAGNOSES) < set(CLASS_NAMES)


def changed(change: str) -> bytes:
    """A file in which one thing is not as it should be."""
    buffer = io.BytesIO(mat_file(5, 2))
    with h5py.File(buffer, "r+") as file:
        struct = file["cjdata"]
        if change == "elsewhere":
            del struct["image"]
            struct["image"] = h5py.ExternalLink("/etc/hostname", "/image")
        elif change == "flat":
            del struct["image"]
            struct["image"] = np.arange(9.0)
        elif change == "label 4":
            struct["label"][...] = 4
        elif change == "smaller outline":
            del struct["tumorMask"]
            struct["tumorMask"] = np.ones((40, 40), np.uint8)
        elif change == "no number":
            del struct["image"]
            struct["image"] = np.full((112, 96), np.nan)
        elif change == "another struct":
            file.move("cjdata", "data")
    return buffer.getvalue()


def old_matlab() -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, {"cjdata": {"label": 1}})
    return buffer.getvalue()


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Slice 5 is cut off or damaged; fetch the file again."),
        (mat_file(5, 2)[:4000], "Slice 5 is cut off or damaged; fetch the file again."),
        (mat_file(5, 2)[:-900], "Slice 5 is cut off or damaged; fetch the file again."),
        (mat_file(5, 2)[:600] + bytes(5000), "Slice 5 is cut off or damaged"),
        (old_matlab(), "is a MATLAB file of before version 7.3; take the collection's own, or save it with -v7.3"),
        (picture(), "is no MATLAB 7.3 file; give the collection's numbered .mat files as they come"),
        (changed("another struct"), "holds no struct cjdata; give the numbered files"),
        (changed("elsewhere"), "lacks cjdata.image"),
        (changed("flat"), "cjdata.image is no matrix of numbers"),
        (changed("label 4"), "cjdata.label is none of 1, 2 and 3"),
        (changed("smaller outline"), "has 112 x 96 pixels and its outline 40 x 40"),
        (changed("no number"), "cjdata.image holds what is no number"),
        *((mat_file(5, 2, without=name), f"lacks cjdata.{name}; give") for name in FIELDS if name != "tumorBorder"),
    ],
)
def test_a_file_that_is_none_of_these_is_refused_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ImageError) as refused:
        read_cheng_file(data, "Slice 5")
    assert said in str(refused.value)
    assert str(refused.value).count(". ") == 0
    assert "/etc" not in str(refused.value)


def test_a_file_beyond_the_limits_is_not_decoded() -> None:
    with pytest.raises(ImageError, match=r"at most 0\.005 million are read"):
        read_cheng_file(mat_file(5, 2), "Slice 5", Limits(max_pixels=5_000))


def test_files_unpacked_and_zipped_give_the_same_slices(tmp_path: Path) -> None:
    write_files(tmp_path / "files" / "deeper", LABELS)
    (tmp_path / "files" / "cvind.mat").write_bytes(b"folds")
    (tmp_path / "zips").mkdir()
    for name, numbers in (("one", (1, 7)), ("two", (12, 300))):
        (tmp_path / "zips" / f"{name}.zip").write_bytes(zipped({number: LABELS[number] for number in numbers}))
    files, zips = open_cheng(tmp_path / "files"), open_cheng(tmp_path / "zips")
    assert files.numbers == zips.numbers == (1, 7, 12, 300)
    for number in files.numbers:
        one, other = files.read(number), zips.read(number)
        assert one.image.digest == other.image.digest
        assert files.label(number) == zips.label(number) == (one.diagnosis, one.patient)
    assert files.label(7) == ("pituitary tumour", "C")


def test_a_set_is_labelled_in_order_and_tells_patients_apart_without_their_names(tmp_path: Path) -> None:
    write_files(tmp_path, LABELS)
    dataset = tumour_dataset(open_cheng(tmp_path), "Brain tumours")
    assert [item.id for item in dataset.items] == [
        "glioma/0012",
        "glioma/0300",
        "meningioma/0001",
        "pituitary tumour/0007",
    ]
    assert [dataset.class_name(i) for i in range(4)] == ["glioma", "glioma", "meningioma", "pituitary tumour"]
    assert list(dataset.columns["patient"]) == ["patient 1", "patient 1", "patient 2", "patient 3"]
    np.testing.assert_array_equal(dataset.load(1).pixels, open_cheng(tmp_path).read(300).image.pixels)


def write_pictures(root: Path) -> None:
    for folder, number in (("glioma", 12), ("pituitary", 7)):
        values, outline = tumour(number)
        for where, pixels in ((root, (values // 8).astype(np.uint8)), (root.parent / f"{root.name}-masks", outline)):
            (where / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(where / folder / f"{number:04d}.png")


def test_pictures_with_outlines_beside_them_are_the_same_collection_without_patients(tmp_path: Path) -> None:
    write_pictures(tmp_path / "brain-mri")
    for root in (tmp_path, tmp_path / "brain-mri"):
        copy = open_cheng(root)
        assert copy.numbers == (7, 12)
        found = copy.read(7)
        assert (found.diagnosis, found.patient) == copy.label(7) == ("pituitary tumour", "")
        np.testing.assert_array_equal(found.outline, tumour(7)[1])
    assert tumour_dataset(copy, "x").columns == {}
    (tmp_path / "brain-mri-masks" / "glioma" / "0012.png").unlink()
    assert copy.read(12).outline is None


@pytest.mark.data
def test_the_shared_copy_is_read_with_its_outlines() -> None:
    shared("brain-mri-masks")
    copy = open_cheng(shared("brain-mri"))
    assert len(copy.numbers) == 2297
    found = copy.read(59)
    assert found.diagnosis == "pituitary tumour"
    assert found.outline is not None
    assert 0.005 < found.outline.mean() < 0.05


def test_a_folder_without_a_copy_says_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="holds no copy of Cheng's brain tumours; give the one with the numbered"):
        open_cheng(tmp_path)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ImageError, match=r"broken.zip is no zip that can be read; fetch it again"):
        open_cheng(tmp_path)


def test_a_file_that_has_gone_says_so(tmp_path: Path) -> None:
    write_files(tmp_path, {1: (1, "A")})
    copy = open_cheng(tmp_path)
    (tmp_path / "1.mat").unlink()
    with pytest.raises(ImageError, match="Slice 1 cannot be read from its folder"):
        copy.read(1)
