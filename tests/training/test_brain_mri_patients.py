"""Cheng's collection in its own files: laid out for the training, and split so that no patient stands on two sides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.xai_core.datasets.cheng_files import tumour, write_files
from training.brain_mri.cheng import box_of, lay_out
from training.brain_mri.measure import patients as groups
from training.brain_mri.sources import _cheng_and_healthy
from training.brain_mri.split import BLOCKS, parts, parts_by_patient, patients, slices, split


def test_whole_patients_fill_the_blocks_in_order_without_gaps() -> None:
    people = [f"p{i // 5}" for i in range(200)]  # forty of five slices each
    part = parts_by_patient(people)
    assert [part[5 * i] for i in range(40)] == [BLOCKS[i // 4] for i in range(40)]
    assert all(len({part[i] for i in range(200) if people[i] == person}) == 1 for person in set(people))
    assert "gap" not in part
    assert Counter(part) == {"train": 140, "test": 40, "validation": 20}


def test_a_patient_whose_slices_lie_apart_or_have_two_diagnoses_stays_on_one_side(tmp_path: Path) -> None:
    apart = ["a"] * 3 + ["b"] * 30 + ["a"] * 3
    part = parts_by_patient(apart)
    assert part[0] == part[-1]
    paths = [tmp_path / name / f"{i}.png" for name, i in [*(("glioma", i) for i in range(1, 41)), ("pituitary", 90)]]
    people = {i: f"p{i // 4}" for i in range(1, 41)} | {90: "p5"}
    given = split(paths, people)
    assert given[-1] == given[[people[i] for i in range(1, 41)].index("p5")]
    assert given.tolist() != split(paths).tolist()


def test_without_patients_the_blocks_stay_as_they_were(tmp_path: Path) -> None:
    paths = [tmp_path / name / f"{i}.jpg" for name in ("glioma", "no_tumor") for i in range(500)]
    assert split(paths).tolist() == [*parts(500), *parts(500)]
    assert split(paths, {3: "a"}).tolist() == [*parts(500), *parts(500)]  # not every slice has one


def test_a_copy_in_its_own_files_is_laid_out_with_outlines_boxes_and_patients(tmp_path: Path) -> None:
    labels = {i: (2, f"G{i // 3}") for i in range(1, 31)} | {40: (1, "M"), 41: (3, "P")}
    write_files(tmp_path / "copy", labels)
    data = tmp_path / "data"
    assert lay_out(tmp_path / "copy", data) == 32
    assert patients(data / "brain-mri") == {number: person for number, (_, person) in labels.items()}
    paths = slices(data / "brain-mri")
    assert [path.parent.name for path in paths] == ["glioma"] * 30 + ["meningioma", "pituitary"]
    given = list(_cheng_and_healthy(data, None))
    assert [one.patient for one in given] == [labels[one.number][1] for one in given]
    sides: dict[str, set[str]] = {}
    for one in given:
        sides.setdefault(one.patient, set()).add(one.part)
    assert all(len(parts_of) == 1 for parts_of in sides.values())
    assert {"train", "test"} <= {one.part for one in given}
    assert given[0].outline is not None
    np.testing.assert_array_equal(given[0].outline, tumour(1)[1])
    lines = (data / "brain-mri" / "boxes.csv").read_text().splitlines()
    assert lines[1].startswith("glioma/0001.png,")
    assert len(lines) == 33
    with pytest.raises(SystemExit, match=r"holds glioma, meningioma, pituitary already"):
        lay_out(tmp_path / "copy", data)


def test_a_copy_without_patients_cannot_be_split_by_them(tmp_path: Path) -> None:
    write_files(tmp_path / "copy", {1: (2, " ")})
    with pytest.raises(SystemExit, match="Slice 1 has no outline or no patient"):
        lay_out(tmp_path / "copy", tmp_path / "data")


def test_a_box_holds_the_outline() -> None:
    outline = np.zeros((10, 20), bool)
    outline[2:4, 5:15] = True
    assert box_of(outline) == (0.5, pytest.approx(0.3), 0.5, pytest.approx(0.2))


def test_intervals_resample_patients_where_they_are_known() -> None:
    labels = np.zeros(30, int)
    people = np.array(["a"] * 4 + ["b"] * 16 + [""] * 10)
    found = groups(labels, np.arange(30), people)[0]
    assert sorted(len(rows) for rows in found) == [4, 4, 6, 16]  # a, b, and rows 20 to 23, 24 to 29 by runs of twelve
