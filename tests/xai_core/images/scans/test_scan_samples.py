"""The scans to start with: real ones as their packages carry them, and a lesion that is said to be simulated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from xai_core.errors import ImageError
from xai_core.images.scans import planes, position_mm, slice_count, slice_image
from xai_core.images.scans.lesion import SIMULATED
from xai_core.images.scans.samples import SCAN_SAMPLES, load_scan_sample


@pytest.mark.parametrize("sample", SCAN_SAMPLES, ids=lambda sample: sample.key)
def test_every_sample_opens_at_its_first_slice(sample) -> None:  # type: ignore[no-untyped-def]
    volume, outline = load_scan_sample(sample.key)
    plane, index = sample.start or (volume.plane, slice_count(volume, volume.plane) // 2)
    assert plane in planes(volume)
    assert np.ptp(slice_image(volume, plane, index).pixels) > 0
    assert (volume.modality, outline is not None) == (sample.modality, sample.lesion is not None)
    assert sample.credit


def test_the_simulated_lesion_says_so_everywhere() -> None:
    simulated = [sample for sample in SCAN_SAMPLES if sample.lesion]
    assert all("SIMULATED" in sample.title for sample in simulated)
    volume, _ = load_scan_sample("simulated-lesion")
    assert volume.notes[0] == SIMULATED == slice_image(volume, "axial", 100).notes[0]


def test_the_true_outline_is_one_piece_where_the_lesion_was_drawn() -> None:
    plain, _ = load_scan_sample("template")
    volume, outline = load_scan_sample("simulated-lesion")
    sample = next(sample for sample in SCAN_SAMPLES if sample.lesion)
    assert outline is not None
    assert sample.lesion
    (center, radius) = sample.lesion
    assert label(outline)[1] == 1
    volume_mm3 = outline.sum() * np.prod(volume.spacing_mm)
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.35)
    middle = position_mm(volume, tuple(np.argwhere(outline).mean(axis=0)))  # type: ignore[arg-type]
    assert np.linalg.norm(np.subtract(middle, center)) < 3
    changed = np.abs(volume.voxels.astype(int) - plain.voxels)
    assert changed[outline].mean() > 40
    far = np.linalg.norm(np.stack(np.indices(outline.shape), -1) - np.argwhere(outline).mean(axis=0), axis=-1)
    assert changed[far > 4 * radius].max() == 0
    assert (volume.voxels.dtype, volume.affine.tolist()) == (plain.voxels.dtype, plain.affine.tolist())


def test_the_lesion_is_the_same_every_time() -> None:
    assert load_scan_sample("simulated-lesion")[0].digest == load_scan_sample("simulated-lesion")[0].digest


def test_an_unknown_sample_is_refused() -> None:
    with pytest.raises(ImageError, match=r'There is no sample scan "x"; choose one of simulated-lesion, template'):
        load_scan_sample("x")
