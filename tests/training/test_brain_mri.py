"""The training of the brain MRI network: a split that holds, changes that keep the disease, measures that are right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import balanced_accuracy_score

from tests.shared_data import shared
from training.brain_mri.__main__ import main
from training.brain_mri.augment import changed, moved, tones
from training.brain_mri.card import from_weights
from training.brain_mri.fit import Slices, batches, frozen_part, new_network
from training.brain_mri.lesion import boxes, elsewhere, painted_over
from training.brain_mri.measure import balanced, calibration_error, interval, patients, temperature
from training.brain_mri.split import MARGIN, parts, slices, split, without_twins
from xai_core.types import Box


def head(side: int = 160) -> np.ndarray:
    """A grey disc with a bright square, uint8."""
    y, x = np.ogrid[:side, :side]
    image = np.where(np.hypot(y - side / 2, x - side / 2) < side * 0.45, 90, 0).astype(np.uint8)
    image[60:80, 90:110] = 250
    return image


SQUARE = np.array([100, 70, 20, 20], np.float32)
NONE = np.full(4, np.nan, np.float32)


def test_parts_are_blocks_with_a_gap_of_twelve_at_every_border() -> None:
    given = parts(1000)
    runs = [(given[i], i) for i in range(1000) if i == 0 or given[i] != given[i - 1]]
    order = [part for part, _ in runs]
    assert order == [
        "train", "gap", "test", "gap", "validation", "gap", "train", "gap", "test", "gap", "train",
    ]  # fmt: skip
    lengths = np.diff([start for _, start in runs] + [1000])
    assert {length for part, length in zip(order, lengths, strict=True) if part == "gap"} == {MARGIN}
    assert given.count("test") == 200  # nothing that is held out furthest is lost


@pytest.mark.data
def test_no_training_slice_is_a_near_neighbour_in_number_of_a_held_out_one() -> None:
    paths = slices(shared("brain-mri"))
    part = split(paths)
    for name in ("glioma", "meningioma", "pituitary", "no_tumor"):
        of_class = np.array([path.parent.name == name for path in paths])
        numbers = np.array([int(path.stem) for path in paths])
        train, held = numbers[of_class & (part == "train")], numbers[of_class & (part == "test")]
        assert np.abs(train[:, None] - held[None]).min() > MARGIN
        assert len(held) == pytest.approx(of_class.sum() / 5, abs=2)


def test_a_training_slice_that_equals_a_test_slice_is_left_out() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, 160, 160), np.uint8)
    images[0] = images[2] // 2 + 20
    part = without_twins(np.array(["train", "train", "test", "validation"]), images)
    assert part.tolist() == ["gap", "train", "test", "validation"]


def test_a_changed_picture_stays_black_around_the_head_and_keeps_its_lesion_brightest() -> None:
    rng, image = np.random.default_rng(0), head()
    (levels,) = tones(image[None])
    kept = 0
    for _ in range(40):
        after = changed(image, levels, levels, rng)
        assert not after[image == 0].any()
        assert 0 <= after.min() <= after.max() <= 1
        kept += after[65:75, 95:105].mean() > after[100:120, 60:80].mean()
    assert kept >= 36  # a strip or a frame may hide it


def test_moving_keeps_the_size_and_mirrors_half() -> None:
    image = torch.from_numpy(head())[None, None].float().expand(200, -1, -1, -1) / 255
    after = moved(image, 192, torch.Generator().manual_seed(0))
    bright = (after > 0.8).float()
    centre = (bright.sum(dim=2) @ torch.arange(192.0)) / bright.sum(dim=(2, 3))
    assert after.shape == (200, 1, 192, 192)
    assert 70 < int((centre < 96).sum()) < 130


def test_paint_takes_the_tumour_and_nothing_else() -> None:
    image = head()
    after = painted_over(image, SQUARE, np.random.default_rng(0))
    assert after[62:78, 92:108].max() < 130
    far = np.hypot(*np.ogrid[-70.5:89, -100.5:59]) > 30
    assert np.array_equal(after[far], image[far])


def test_elsewhere_keeps_off_the_tumour() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        place = elsewhere(head(), SQUARE, SQUARE, rng)
        assert place is not None
        assert np.abs(place[:2] - SQUARE[:2]).max() >= 20


def test_boxes_come_through_the_crop(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text("file,x_center,y_center,width,height\nglioma/1.jpg,0.5,0.25,0.1,0.2\n")
    paths = [tmp_path / "glioma" / "1.jpg", tmp_path / "no_tumor" / "2.jpg"]
    found = boxes(tmp_path, paths, [Box(100, 0, 300, 200)] * 2, [(400, 600)] * 2, 100)
    assert found[0].tolist() == [100, 50, 30, 40]  # (300 - 100) / 2, 100 / 2, 60 / 2, 80 / 2
    assert np.isnan(found[1]).all()


def test_each_class_is_drawn_as_often_and_some_tumours_become_none() -> None:
    labels = np.array([0] * 30 + [1] * 10 + [2] * 5 + [3] * 15)
    drawn = Slices(np.stack([head()] * 60), labels, np.stack([NONE if c == 2 else SQUARE for c in labels]))
    wanted = torch.cat([target for _, target in batches(drawn, steps=12, seed=0)])
    shares = torch.bincount(wanted, minlength=4) / len(wanted)
    assert shares.numpy() == pytest.approx([0.22, 0.22, 0.34, 0.22], abs=0.06)


def test_the_stem_and_three_stages_stay_as_they_are() -> None:
    network = new_network(4)
    frozen_part(network)
    free = {name.split(".")[1] for name, p in network.named_parameters() if p.requires_grad and "blocks" in name}
    assert free == {"3", "4", "5", "6"}
    assert not network.conv_stem.weight.requires_grad


def test_balanced_accuracy_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    assert balanced(labels, predicted) == pytest.approx(balanced_accuracy_score(labels, predicted))


def test_the_temperature_of_scores_that_were_sharpened_is_what_sharpened_them() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 4))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(4, p=row) for row in shares])
    assert temperature(scores * 3, labels) == pytest.approx(3, rel=0.06)


def test_calibration_error_of_a_case_by_hand() -> None:
    """Three of four right at 0.9: 0.15 apart; one of one at 0.6: 0.4 apart; weighted 4 : 1 that is 0.2."""
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]])
    assert calibration_error(probabilities, np.array([0, 0, 0, 1, 0])) == pytest.approx(0.2)


def test_intervals_widen_where_slices_of_one_patient_agree() -> None:
    labels = np.repeat(np.arange(4), 240)
    together = np.repeat(np.arange(80) % 5 > 0, 12).astype(float)
    alone = np.random.default_rng(0).permutation(together)
    rows = np.arange(960)
    low, high = interval(lambda chosen: together[chosen].mean(), patients(labels, rows))
    lower, higher = interval(lambda chosen: alone[chosen].mean(), patients(labels, rows))
    assert low < 0.8 < high
    assert high - low > 2 * (higher - lower)
    spread = 1.96 * np.sqrt(0.8 * 0.2 / 80)  # eighty patients, each right or wrong as a whole
    assert (high - low) / 2 == pytest.approx(spread, rel=0.15)


@pytest.mark.data
def test_the_command_goes_through_every_stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, photos = shared("brain-mri"), shared("photos")
    main(["--data", str(data), "--photos", str(photos), "--limit", "40", "--epochs", "1", "--out", str(tmp_path)])
    network = from_weights((tmp_path / "brain-mri.safetensors").read_bytes())
    vectors = load_file(tmp_path / "brain-mri-vectors.safetensors")
    record = json.loads((tmp_path / "brain-mri.json").read_text())
    assert vectors["vectors"].shape == (len(vectors["labels"]), 1280)
    assert len(vectors["labels"]) == sum(slices_of["train"] for slices_of in record["split"]["slices"].values())
    assert "--limit 40" in record["training"]
    assert record["test"]["slices"] >= 24
    assert set(record) >= {"temperature", "familiarity", "source_probes", "changes", "limits"}
    checks = json.loads((tmp_path / "brain-mri-checks.json").read_text())
    assert set(checks["limits"]) == set(checks["test"]) == {"turned", "inverted", "strange", "stripped"}
    assert network(torch.zeros(1, 3, 192, 192)).shape == (1, 4)
    assert "balanced_accuracy" in capsys.readouterr().out
