"""Many files: put into stacks by what they say of themselves, and sorted by where they lie."""

from __future__ import annotations

import random
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice, made_stack, noise
from xai_core.errors import ImageError
from xai_core.images.scans import ScanLimits, Scans, Volume, open_scans

VOXELS = noise(12, 16, 14)
LOCALISER = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "SeriesInstanceUID": generate_uid()}


def opened(slices: list[Dataset], seed: int | None = 1) -> Scans:
    files = [file_bytes(one) for one in slices]
    if seed is not None:
        random.Random(seed).shuffle(files)
    return open_scans(files)


def as_stored(volume: Volume) -> np.ndarray:
    """(slice, row, column) of a plain axial stack: rows run to the back, columns to the left, slices up."""
    return volume.voxels[::-1, ::-1].transpose(2, 1, 0)


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_files_give_the_volume_back(seed: int) -> None:
    scans = opened(made_stack(VOXELS), seed)
    volume = scans.series[0].volume()
    np.testing.assert_array_equal(as_stored(volume), VOXELS)
    assert volume.spacing_mm == pytest.approx((0.5, 0.5, 2.0))
    assert volume.digest == opened(made_stack(VOXELS), None).series[0].volume().digest
    assert (scans.left_out, volume.notes, volume.missing) == ((), (), ())


def test_missing_slices_are_kept_free_and_told() -> None:
    slices = made_stack(VOXELS)
    volume = opened(slices[:3] + slices[4:8] + slices[10:]).series[0].volume()
    assert volume.missing == (3, 8, 9)
    stored = as_stored(volume)
    kept = [0, 1, 2, 4, 5, 6, 7, 10, 11]
    np.testing.assert_array_equal(stored[kept], VOXELS[kept])
    assert np.unique(stored[[3, 8, 9]]).tolist() == [VOXELS[kept].min()]
    assert volume.notes == (
        "3 slices are missing from the stack, at 2 places; the empty slices are filled with the lowest value.",
    )


def test_missing_slices_are_numbered_as_the_turned_volume_counts() -> None:
    slices = made_stack(VOXELS, column=(0, -1, 0))  # the normal points to the feet
    volume = opened(slices[:2] + slices[3:]).series[0].volume()
    assert volume.missing == (9,)
    assert volume.voxels[:, :, 9].min() == volume.voxels[:, :, 9].max()


def test_uneven_spacing_is_told() -> None:
    slices = made_stack(VOXELS)
    slices[5].ImagePositionPatient[2] += 0.7
    assert opened(slices).series[0].volume().notes == (
        "The slices are unevenly spaced, 1.3 to 2.7 mm apart; they are shown as if they were even.",
    )


def test_a_tilted_gantry_is_told() -> None:
    slices = made_stack(VOXELS)
    for number, one in enumerate(slices):
        one.ImagePositionPatient[1] += 2 * number * float(np.tan(np.radians(15)))
    assert any("sheared by 15°" in note for note in opened(slices).series[0].volume().notes)


def test_localisers_are_left_out_and_told() -> None:
    scans = opened(made_stack(VOXELS) + made_stack(VOXELS[:3], row=(0, 1, 0), column=(0, 0, -1), **LOCALISER))
    assert [series.slices for series in scans.series] == [12]
    assert scans.left_out == ("3 localiser images were left out.",)


def test_localisers_alone_are_shown() -> None:
    assert opened(made_stack(VOXELS[:3], **LOCALISER)).series[0].slices == 3


def test_three_short_stacks_in_three_planes_of_one_series_are_a_localiser() -> None:
    uid = generate_uid()
    turns = [((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 0, -1)), ((0, 1, 0), (0, 0, -1))]
    scouts = [one for row, column in turns for one in made_stack(VOXELS[:2], row=row, column=column)]
    for one in scouts:
        one.SeriesInstanceUID = uid
    scans = opened(made_stack(VOXELS) + scouts)
    assert ([series.slices for series in scans.series], scans.left_out) == (
        [12],
        ("6 localiser images were left out.",),
    )


def test_series_and_orientations_stand_apart() -> None:
    other = made_stack(VOXELS[:9], SeriesInstanceUID=generate_uid())
    turned = made_stack(VOXELS[:7], row=(0, 1, 0), column=(0, 0, -1))
    scans = opened(made_stack(VOXELS) + other + turned)
    assert [(s.slices, s.plane) for s in scans.series] == [(12, "axial"), (9, "axial"), (7, "sagittal")]


def test_echoes_are_volumes_to_choose_from() -> None:
    slices = made_stack(VOXELS, EchoTime=12.5) + made_stack(VOXELS + 1, EchoTime=80.0)
    series = opened(slices).series[0]
    assert series.steps == ("echo time 12.5 ms", "echo time 80 ms")
    np.testing.assert_array_equal(as_stored(series.volume(0)), VOXELS)
    np.testing.assert_array_equal(as_stored(series.volume(1)), VOXELS + 1)


def test_two_marks_together_part_what_neither_parts_alone() -> None:
    values = [(time, b) for time in (1, 2) for b in (0, 1000)]
    slices = [
        one
        for number, (time, b) in enumerate(values)
        for one in made_stack(VOXELS + number, TemporalPositionIdentifier=time, DiffusionBValue=float(b))
    ]
    series = opened(slices).series[0]
    assert len(series.steps) == 4
    for step, name in enumerate(series.steps):
        number = values.index((int(name.split("time ")[1][0]), int(name.split("b = ")[1].split()[0])))
        np.testing.assert_array_equal(as_stored(series.volume(step)), VOXELS + number)


def test_what_nothing_tells_apart_is_parted_by_turn_and_told() -> None:
    series = opened(made_stack(VOXELS) + made_stack(VOXELS + 1), None).series[0]
    assert series.steps == ("1 of 2", "2 of 2")
    assert any("nothing tells them apart" in note for note in series.volume().notes)


def test_a_file_given_twice_counts_once() -> None:
    slices = made_stack(VOXELS)
    volume = opened(slices + slices[:2]).series[0].volume()
    np.testing.assert_array_equal(as_stored(volume), VOXELS)
    assert volume.notes == ("2 images were given twice; they count once.",)


def test_slices_with_scales_of_their_own_become_physical_values() -> None:
    slices = made_stack(VOXELS[:3])
    for number, one in enumerate(slices):
        one.RescaleSlope, one.RescaleIntercept = 0.5 + number, -number
    volume = opened(slices).series[0].volume()
    expected = np.stack([VOXELS[n] * (0.5 + n) - n for n in range(3)]).astype(np.float32)
    np.testing.assert_array_equal(as_stored(volume), expected)
    assert (volume.voxels.dtype, volume.slope, volume.intercept) == (np.float32, 1.0, 0.0)


def test_one_scale_keeps_the_sixteen_bits() -> None:
    volume = opened(made_stack(VOXELS, RescaleSlope=2.0, RescaleIntercept=-1024.0)).series[0].volume()
    assert (volume.voxels.dtype, volume.slope, volume.intercept) == (np.int16, 2.0, -1024.0)
    np.testing.assert_array_equal(volume.values(as_stored(volume)), VOXELS * 2.0 - 1024)


def enhanced(order: list[int]) -> Dataset:
    """One enhanced file whose frames stand in this order."""
    dataset = made_slice(VOXELS[order])
    dataset.NumberOfFrames = len(order)
    shared, measures, turn, values = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.5], 2.0
    turn.ImageOrientationPatient = [1.0, 0, 0, 0, 1.0, 0]
    values.RescaleSlope, values.RescaleIntercept = 3.0, 7.0
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turn]
    shared.PixelValueTransformationSequence = [values]
    dataset.SharedFunctionalGroupsSequence = [shared]
    del dataset.PixelSpacing
    groups = []
    for number in order:
        group, place, voi = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [-10.0, -20.0, -30.0 + 2 * number]
        voi.WindowCenter, voi.WindowWidth = 500.0, 101.0 + 2 * number
        group.PlanePositionSequence, group.FrameVOILUTSequence = [place], [voi]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    return dataset


def test_the_frames_of_an_enhanced_file_are_sorted_by_their_places() -> None:
    volume = opened([enhanced([3, 0, 11, 7, 1, 2, 4, 6, 5, 9, 8, 10])]).series[0].volume()
    np.testing.assert_array_equal(as_stored(volume), VOXELS)
    assert (volume.slope, volume.intercept, volume.spacing_mm) == (3.0, 7.0, (0.5, 0.5, 2.0))
    assert (volume.windows[0].window.center, volume.windows[0].window.width) == (499.5, 112.0)  # the middle slice's


def test_the_facts_of_an_enhanced_file_stand_in_its_functional_groups() -> None:
    dataset = enhanced(list(range(12)))
    shared = dataset.SharedFunctionalGroupsSequence[0]
    timing, modifier, usage = Dataset(), Dataset(), Dataset()
    timing.RepetitionTime, timing.FlipAngle = 2200.0, 8.0
    modifier.InversionTimes = [900.0]
    usage.ContrastBolusAgentNumber, usage.ContrastBolusAgentAdministered = 1, "YES"
    shared.MRTimingAndRelatedParametersSequence, shared.MRModifierSequence = [timing], [modifier]
    dataset.EchoPulseSequence = "GRADIENT"
    for group in dataset.PerFrameFunctionalGroupsSequence:
        echo = Dataset()
        echo.EffectiveEchoTime = 3.5
        group.MREchoSequence, group.ContrastBolusUsageSequence = [echo], [usage]
    tags = opened([dataset]).series[0].volume().tags
    assert {name: tags[name] for name in ("Repetition time", "Echo time", "Inversion time", "Flip angle")} == {
        "Repetition time": "2200 ms",
        "Echo time": "3.5 ms",
        "Inversion time": "900 ms",
        "Flip angle": "8 °",
    }
    assert (tags["Sequence"], tags["Contrast agent"]) == ("gradient echo", "given")
    assert (tags["Slice thickness"], tags["Pixel spacing"]) == ("2 mm", "0.5 x 0.5 mm")


def test_an_agent_that_was_listed_and_not_yet_given_is_not_said_to_be() -> None:
    dataset = enhanced(list(range(12)))
    agent, usage = Dataset(), Dataset()
    agent.ContrastBolusAgentNumber = 1
    usage.ContrastBolusAgentAdministered = "NO"
    dataset.ContrastBolusAgentSequence = [agent]
    assert opened([dataset]).series[0].volume().tags["Contrast agent"] == "given"  # nothing is said of the frames
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.ContrastBolusUsageSequence = [usage]
    assert "Contrast agent" not in opened([dataset]).series[0].volume().tags


def test_a_folder_and_a_zip_give_the_same(tmp_path: Path) -> None:
    slices = made_stack(VOXELS)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(slices):
            (tmp_path / f"part{number % 3}").mkdir(exist_ok=True)
            (tmp_path / f"part{number % 3}" / f"{number * 5 % 12}.txt").write_bytes(file_bytes(one))
            archive.writestr(f"a/{number * 7 % 12}", file_bytes(one))
    (tmp_path / ".hidden").write_bytes(b"no scan")
    folder, zipped = open_scans(tmp_path), open_scans(packed.getvalue())
    assert folder.left_out == zipped.left_out == ()
    assert folder.series[0].volume().digest == zipped.series[0].volume().digest


def test_what_cannot_be_read_is_left_out_and_told_while_the_rest_is_read() -> None:
    files = [file_bytes(one) for one in made_stack(VOXELS)]
    scans = open_scans([*files, b"a note", b"another", files[0][:400]])
    assert scans.series[0].slices == 12
    assert scans.left_out[0] == (
        "A file is not a scan that can be read; give DICOM or NIfTI files, or a zip of them. (2 files)"
    )
    assert len(scans.left_out) == 2


def test_progress_counts_files_and_then_slices() -> None:
    told: list[tuple[int, int]] = []
    files = [file_bytes(one) for one in made_stack(VOXELS)]
    scans = open_scans(files, on_progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, 13))
    told.clear()
    scans.series[0].volume(on_progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 12) for number in range(1, 13)]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (ScanLimits(max_files=3), "More than 3 files were given; give one study at a time."),
        (ScanLimits(max_bytes=2_000_000), "More than 2 MB were given; give one series at a time."),
    ],
)
def test_too_much_at_once_is_refused(limits: ScanLimits, sentence: str) -> None:
    files = [file_bytes(one) for one in made_stack(noise(4, 512, 700))]
    with pytest.raises(ImageError) as caught:
        open_scans(files, limits=limits)
    assert str(caught.value) == sentence
