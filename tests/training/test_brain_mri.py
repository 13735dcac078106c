"""The training of the brain MRI network: a split that holds, changes that keep the disease, measures that are right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy import ndimage
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from tests.shared_data import shared
from training.brain_mri.__main__ import main
from training.brain_mri.augment import changed, moved, tones
from training.brain_mri.card import from_weights, held_out
from training.brain_mri.collection import BOXED, NOWHERE, OUTLINED, Slices, left_out
from training.brain_mri.draws import Drawn, batch, pools
from training.brain_mri.fit import fit
from training.brain_mri.heads import slices_of_head
from training.brain_mri.lesion import boxes, grown, mirrored_over, painted_over, planted, shifted
from training.brain_mri.losses import loss_of
from training.brain_mri.measure import balanced, calibration_error, interval, patients, temperature
from training.brain_mri.network import frozen_part, started
from training.brain_mri.sources import NO_TUMOUR, SOURCES, TUMOUR
from training.brain_mri.split import MARGIN, parts, slices, split, without_twins
from training.brain_mri.table import Answers, localisation, row_of
from xai_core.types import Box


def head(side: int = 160) -> np.ndarray:
    """A grey disc with a bright square, uint8."""
    y, x = np.ogrid[:side, :side]
    image = np.where(np.hypot(y - side / 2, x - side / 2) < side * 0.45, 90, 0).astype(np.uint8)
    image[60:80, 90:110] = 250
    return image


PLACE = np.zeros((160, 160), bool)
PLACE[60:80, 90:110] = True


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
    after = painted_over(image, grown(PLACE, 0.3), np.random.default_rng(0))
    assert after[62:78, 92:108].max() < 130
    far = np.hypot(*np.ogrid[-70.5:89, -100.5:59]) > 30
    assert np.array_equal(after[far], image[far])


def test_the_other_side_is_paint_only_where_it_is_healthy() -> None:
    image = head()
    after = mirrored_over(image, grown(PLACE, 0.1))
    assert after is not None
    assert after[62:78, 92:108].max() == 90
    middle = np.zeros_like(PLACE)
    middle[60:80, 70:90] = True
    assert mirrored_over(image, middle) is None


def test_a_moved_place_keeps_its_size_and_keeps_off_the_tumour() -> None:
    rng, image = np.random.default_rng(0), head()
    for _ in range(20):
        place = shifted(PLACE, image > 0, PLACE, rng)
        assert place is not None
        assert not (place & PLACE).any()
        assert 0.9 * PLACE.sum() <= place.sum() <= PLACE.sum()


def test_a_planted_tumour_stands_out_where_it_is_said_to_lie_and_nowhere_else() -> None:
    healthy = np.where(head() > 0, 90, 0).astype(np.uint8)
    for seed in range(10):
        made = planted(healthy, head(), PLACE, np.random.default_rng(seed), near=True)
        assert made is not None
        image, place = made
        inner = ndimage.binary_erosion(place, iterations=4)
        assert image[inner].mean() > 1.5 * 90
        assert np.abs(image[~grown(place, 3)].astype(int) - healthy[~grown(place, 3)]).max() <= 45
        assert not image[healthy == 0].any()


def test_boxes_come_through_the_crop(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text("file,x_center,y_center,width,height\nglioma/1.jpg,0.5,0.25,0.1,0.2\n")
    paths = [tmp_path / "glioma" / "1.jpg", tmp_path / "no_tumor" / "2.jpg"]
    found = boxes(tmp_path, paths, [Box(100, 0, 300, 200)] * 2, [(400, 600)] * 2, 100)
    assert found[0].tolist() == [100, 50, 30, 40]  # (300 - 100) / 2, 100 / 2, 60 / 2, 80 / 2
    assert np.isnan(found[1]).all()


def some_slices(count: int = 12) -> Slices:
    """Heads of every source: with a tumour in a known place from Cheng and Br35H, healthy from the others."""
    sources = np.arange(count) % len(SOURCES)
    ill = sources < 2
    labels = np.where(sources == 0, 0, np.where(sources == 1, TUMOUR, NO_TUMOUR))
    images = np.stack([head() if sick else np.where(head() > 0, 90, 0).astype(np.uint8) for sick in ill])
    places = np.stack([PLACE & sick for sick in ill])
    known = np.where(sources == 0, OUTLINED, np.where(sources == 1, BOXED, NOWHERE)).astype(np.int8)
    empty = np.zeros((count, 64, 64), np.uint8)
    part, planes = np.full(count, "train", "<U10"), np.full(count, "axial", "<U8")
    heads, none = images > 0, np.zeros_like(places)
    nobody = np.full(count, "")
    return Slices(
        images, heads, none, places, known, labels, sources, planes, part, np.arange(count), empty, empty > 0, nobody
    )


def test_every_source_is_drawn_with_both_answers_and_a_place_goes_with_a_tumour() -> None:
    slices = some_slices()
    every = pools(slices)
    for source in range(len(SOURCES)):
        alone = replace(slices, part=np.where(slices.sources == source, "train", "gap"))
        given = replace(pools(alone), donors=every.donors, healthy=every.healthy)
        drawn = [batch(alone, given, 0, step) for step in range(3)]
        labels = torch.cat([d.labels for d in drawn])
        assert 0.05 < (labels == NO_TUMOUR).float().mean() < 0.95
        there = torch.cat([d.places for d in drawn]).amax(dim=(1, 2)) > 0.5
        assert not there[labels == NO_TUMOUR].any()
        assert there[labels != NO_TUMOUR].float().mean() > 0.9


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    slices = some_slices()
    given = pools(slices)
    first, again, other = batch(slices, given, 0, 3), batch(slices, given, 0, 3), batch(slices, given, 0, 4)
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.inputs, other.inputs)


def test_the_list_of_held_out_slices_holds_chengs_test_slices_alone() -> None:
    slices = some_slices()
    part = np.where(np.arange(12) >= 5, "test", "train")  # of Cheng's rows 0, 5 and 10 the last two
    found = held_out(replace(slices, part=part, patients=np.where(slices.sources == 0, "a", "")))
    assert found["numbers"] == {"glioma": [5, 10], "meningioma": [], "pituitary tumour": []}
    assert "by patient" in str(found["rule"])
    assert "by patient" not in str(held_out(slices)["rule"])


def test_a_source_left_out_trains_nothing_and_measures_with_all_its_pictures() -> None:
    slices = some_slices()
    part = left_out(slices, ["Sartaj", "Colin27"]).part
    assert set(part[slices.sources == SOURCES.index("Sartaj")]) == {"test"}
    assert set(part[slices.sources == SOURCES.index("Colin27")]) == {"gap"}  # drawn for training; others measure


def drawn_one(label: int, place: torch.Tensor, known: int) -> Drawn:
    return Drawn(torch.zeros(1, 3, 192, 192), torch.tensor([label]), place[None], torch.tensor([known]))


def test_the_loss_of_an_unknown_type_is_that_of_any_tumour() -> None:
    """Scores log 2, log 3, log 1, log 4: a tumour has 9 of 10; smoothing takes a twentieth for none, 1 of 10."""
    cells, weights = torch.zeros(1, 1, 12, 12), torch.zeros(4, 1)
    bias = torch.tensor([2.0, 3.0, 1.0, 4.0]).log()
    drawn = drawn_one(TUMOUR, torch.zeros(48, 48), NOWHERE)
    loss = loss_of(cells, weights, bias, cells.mean(dim=(2, 3)), drawn)
    assert float(loss) == pytest.approx(-0.95 * np.log(0.9) - 0.05 * np.log(0.1), abs=1e-6)


def test_a_map_that_lies_in_the_tumour_costs_less_than_one_beside_it() -> None:
    place = torch.zeros(48, 48)
    place[8:16, 8:16] = 1
    weights, bias = torch.tensor([[1.0], [0.0], [0.0], [0.0]]), torch.zeros(4)

    def loss(row: int) -> float:
        cells = torch.zeros(1, 1, 12, 12)
        cells[0, 0, row : row + 2, 2:4] = 5
        return float(loss_of(cells, weights, bias, cells.mean(dim=(2, 3)), drawn_one(0, place, OUTLINED)))

    assert loss(2) < loss(3) < loss(8) - 1


def test_stem_and_three_stages_stay_and_the_grid_is_twelve_wide() -> None:
    made = started(None)
    frozen_part(made)
    free = {name.split(".")[1] for name, p in made.named_parameters() if p.requires_grad and "blocks" in name}
    assert free == {"3", "4", "5"}
    assert not made.conv_stem.weight.requires_grad
    assert made.eval().forward_features(torch.zeros(1, 3, 192, 192)).shape == (1, 1280, 12, 12)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.brain_mri.fit._SAVED", 1)
    monkeypatch.setattr("training.brain_mri.draws.BATCH", 4)
    torch.set_num_threads(1)

    def stop(step: int, _loss: float, _seconds: float) -> None:
        if step == 1:
            raise KeyboardInterrupt

    slices, checkpoint = some_slices(), tmp_path / "run.checkpoint"
    whole = fit(slices, seed=0, steps=3).state_dict()
    with pytest.raises(KeyboardInterrupt):
        fit(slices, seed=0, steps=3, checkpoint=checkpoint, on_progress=stop)
    resumed = fit(slices, seed=0, steps=3, checkpoint=checkpoint).state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_slices_of_a_head_stand_as_radiologists_look_at_them(tmp_path: Path) -> None:
    """A ball with a light nose in front and a lighter crown on top, stored upside down and back to front."""
    x, y, z = np.mgrid[-40:40, -40:40, -40:40]
    ball = (np.hypot(np.hypot(x, y), z) < 32).astype(np.float32) * 50
    ball += 100 * (np.hypot(np.hypot(x, y - 22), z) < 7) + 200 * (np.hypot(np.hypot(x, y), z - 22) < 7)
    stored = ball[:, ::-1, ::-1]
    nibabel.save(nibabel.Nifti1Image(stored, np.diag([2.0, -2, -2, 1])), tmp_path / "head.nii")
    made = list(slices_of_head(tmp_path / "head.nii", np.random.default_rng(0), 6, 3))
    assert [trains for _, _, trains in made] == [True] * 6 + [False] * 9
    middle = {plane: values for values, plane, trains in made[7::3] if not trains}
    nose = {plane: np.argwhere(np.abs(values - 150) < 5).mean(axis=0) - 110 for plane, values in middle.items()}
    crown = {
        plane: np.argwhere(values > 240).mean(axis=0) - 110 for plane, values in middle.items() if plane != "axial"
    }
    assert nose["axial"][0] < -20  # the front is up
    assert crown["coronal"][0] < -20  # the top is up
    assert crown["sagittal"][0] < -20
    assert nose["sagittal"][1] < -20  # the front is left


def test_a_row_of_the_table_by_hand() -> None:
    """Four tumours, of which three are found and one gets a headline "no tumour"; two healthy ones, one called ill."""
    sure, unsure = 5.0, 0.2
    none = np.array([-sure, unsure, -unsure, -sure, sure, -unsure])  # the score of none, against zeros
    scores = np.stack([np.zeros(6), np.full(6, -9.0), none, np.full(6, -9.0)], axis=1)
    labels = np.array([0, 0, TUMOUR, 0, NO_TUMOUR, NO_TUMOUR])
    scores[1, 2], scores[3, 2] = sure, -sure
    row = row_of(labels, Answers(scores, np.zeros((6, 4, 12, 12))), np.abs(scores[:, 2]) > 1)
    assert row["found"]["value"] == 0.75
    assert row["called healthy"]["value"] == 0.5
    assert row["headlines"]["of"] == 6
    assert row["headlines"]["value"] == pytest.approx(4 / 6, abs=1e-4)
    assert row["headlines right"]["value"] == 0.75
    assert row["tumours with the headline no tumour"]["value"] == 0.25
    assert row["healthy with the headline tumour"]["value"] == 0
    assert row["auc"] == pytest.approx(roc_auc_score(labels != NO_TUMOUR, -scores[:, 2]), abs=1e-4)


def test_a_map_like_the_outline_is_found_and_a_trivial_one_is_not() -> None:
    slices = some_slices(5).of(np.array([0]))
    maps = np.zeros((1, 4, 12, 12), np.float32)
    maps[0, 0, 4:6, 7:8] = 1
    table = localisation(slices, Answers(np.array([[1.0, 0, 0, 0]]), maps))
    assert table["class activation map"]["pointing"] == 1
    assert table["class activation map"]["energy"] > 3 * table["centre"]["energy"]
    assert set(table) == {"class activation map", "class activation map, glioma", "centre", "intensity", "edges"}


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


def test_the_temperature_takes_any_tumour_for_right_where_the_type_is_unknown() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 4))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(4, p=row) for row in shares])
    labels = np.where(labels == NO_TUMOUR, NO_TUMOUR, TUMOUR)
    assert temperature(scores * 3, labels) == pytest.approx(3, rel=0.1)


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


@pytest.mark.slow
@pytest.mark.data
def test_the_command_goes_through_every_stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared("brain-mri-masks")
    data = shared("brain-mri").parent
    main(["--data", str(data), "--limit", "20", "--steps", "1", "--leave-out", "Sartaj", "--out", str(tmp_path)])
    made = from_weights((tmp_path / "brain-mri.safetensors").read_bytes())
    vectors = load_file(tmp_path / "brain-mri-vectors.safetensors")
    record = json.loads((tmp_path / "brain-mri.json").read_text())
    assert vectors["vectors"].shape == (len(vectors["labels"]), 1280)
    assert set(vectors["sources"].tolist()) == {SOURCES.index(name) for name in SOURCES if name != "Sartaj"}
    assert "--limit 20 --leave-out Sartaj" in record["training"]
    assert {"Cheng", "Br35H", "Sartaj", "Colin27", "Colin27 sagittal"} <= set(record["by_source"])
    assert record["by_source"]["Sartaj"]["slices"] == 80
    assert set(record) >= {
        "test",
        "calibration",
        "left_out",
        "familiarity",
        "source_probes",
        "changes",
        "localisation",
        "limits",
    }
    assert set(record["left_out"]) >= {"sources", "bounds", "by_source", "calibration"}
    checks = json.loads((tmp_path / "brain-mri-checks.json").read_text())
    assert set(checks["limits"]) == set(checks["test"]) == {"turned", "inverted", "strange", "stripped"}
    assert made(torch.zeros(1, 3, 192, 192)).shape == (1, 4)
    held = json.loads((tmp_path / "brain-mri-held-out.json").read_text())["numbers"]
    assert {name: len(numbers) for name, numbers in held.items()} == {
        name: record["split"]["slices"]["Cheng"][folder]["test"]
        for name, folder in (("glioma", "glioma"), ("meningioma", "meningioma"), ("pituitary tumour", "pituitary"))
    }
    assert "balanced_accuracy" in capsys.readouterr().out
