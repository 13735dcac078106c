"""Orientation, frequency, colour and twins of filters whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from xai_core.features.filter_facts import filter_facts, filter_order, spectra, twins

SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def gabor(size: int, degrees: float, frequency: float, phase: float = 0.0) -> Tensor:
    """Stripes (1, 1, size, size) at `degrees` anticlockwise from horizontal, rows downwards, in a round window."""
    steps = np.arange(size) - (size - 1) / 2
    down, right = np.meshgrid(steps, steps, indexing="ij")
    wave = np.deg2rad(degrees + 90)
    along = right * np.cos(wave) - down * np.sin(wave)
    window = np.exp(-(right**2 + down**2) / (2 * (size / 4) ** 2))
    return torch.tensor(window * np.cos(2 * np.pi * frequency * along + phase))[None, None]


@pytest.mark.parametrize("size", [7, 11])
@pytest.mark.parametrize("frequency", [0.15, 0.25, 0.35])
@pytest.mark.parametrize("phase", [0.0, np.pi / 2])
def test_gabor_filters_have_their_orientation_and_frequency(size: int, frequency: float, phase: float) -> None:
    degrees = np.arange(0, 180, 15)
    facts = filter_facts(torch.cat([gabor(size, angle, frequency, phase) for angle in degrees]))
    assert np.abs((facts.orientation - degrees + 90) % 180 - 90).max() < 0.5
    assert np.abs(facts.frequency - frequency).max() < 0.007
    assert facts.direction.min() > 0.4


def test_sobel_by_hand() -> None:
    """Its spectrum is |2i sin 2 pi u|^2 |2 + 2 cos 2 pi v|^2: highest at u = 1/4, v = 0; upright stripes."""
    facts = filter_facts(torch.stack([SOBEL, SOBEL.T])[:, None])
    assert facts.norm.tolist() == pytest.approx([12**0.5] * 2)
    assert facts.frequency.tolist() == pytest.approx([0.25] * 2, abs=1e-6)
    assert facts.orientation.tolist() == pytest.approx([90, 0])


def test_spots_blobs_points_and_nothing_have_no_orientation() -> None:
    spot = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    point = torch.zeros(3, 3)
    point[1, 1] = 1
    facts = filter_facts(torch.stack([spot, torch.ones(3, 3), point, torch.zeros(3, 3)])[:, None])
    assert np.isnan(facts.orientation).all()
    assert facts.direction.max() < 1e-6
    assert facts.frequency.tolist() == pytest.approx([0.5**0.5, 0, 0, 0], abs=1e-6)  # the spot's peak is the corner
    assert facts.norm.tolist() == pytest.approx([20**0.5, 3, 1, 0])


def test_single_pixels_have_no_frequency() -> None:
    facts = filter_facts(torch.tensor([[[[1.0]], [[-1.0]], [[0.0]]]]))
    assert (facts.frequency[0], facts.direction[0]) == (0, pytest.approx(0, abs=1e-6))
    assert facts.colourfulness[0] == 1


def test_colourfulness_by_hand() -> None:
    """Grey 0; red alone: its mean takes 1/3 of the energy away; red against green: the mean is zero."""
    weights = torch.tensor([[1.0, 1, 1], [1, 0, 0], [1, -1, 0], [0, 0, 0]])[:, :, None, None] * torch.ones(1, 1, 2, 2)
    assert filter_facts(weights).colourfulness.tolist() == pytest.approx([0, 2 / 3, 1, 0])
    assert filter_facts(torch.randn(5, 1, 3, 3)).colourfulness.tolist() == [0] * 5


def test_orders_by_hand() -> None:
    filters = torch.cat([gabor(9, 120, 0.2), 3 * gabor(9, 30, 0.3), torch.zeros(1, 1, 9, 9), 2 * gabor(9, 75, 0.25)])
    facts = filter_facts(filters)
    assert filter_order(facts, "norm").tolist() == [1, 3, 0, 2]
    assert filter_order(facts, "frequency").tolist() == [1, 3, 0, 2]
    assert filter_order(facts, "orientation").tolist() == [1, 3, 0, 2]
    responses = torch.tensor([[[0.0, 1]], [[3, -9]], [[5, 0]], [[2, 2]]])
    assert filter_order(facts, "response", responses).tolist() == [2, 1, 3, 0]
    coloured = torch.cat([filters[:1].repeat(1, 3, 1, 1), torch.randn(1, 3, 9, 9)])
    assert filter_order(filter_facts(coloured), "colourfulness").tolist() == [1, 0]
    with pytest.raises(ValueError, match="needs the filters' responses"):
        filter_order(facts, "response")


def test_twins_up_to_sign_and_shift() -> None:
    one = torch.zeros(7, 7)
    one[2:5, 2:5] = SOBEL
    moved = torch.zeros(7, 7)
    moved[3:6, 1:4] = SOBEL  # one down, one to the left
    filters = torch.stack([one, -3 * one, moved, torch.rand(7, 7), one + 0.1 * torch.rand(7, 7)])[:, None]
    found = twins(filters, 0, k=2)
    assert [(twin.index, twin.shift) for twin in found] == [(1, (0, 0)), (2, (-1, 1))]
    assert [twin.cosine for twin in found] == pytest.approx([-1, 1])
    (unmoved,) = [twin for twin in twins(filters, 0, k=4, reach=0) if twin.index == 2]
    assert unmoved.cosine == pytest.approx(float((one * moved).sum() / 12))
    assert unmoved.shift == (0, 0)


def test_twins_leave_out_the_filter_itself_and_bear_empty_ones() -> None:
    filters = torch.cat([torch.randn(3, 2, 3, 3), torch.zeros(1, 2, 3, 3)])
    assert sorted(twin.index for twin in twins(filters, 1, k=9)) == [0, 2, 3]
    assert twins(filters, 1, k=9)[-1].cosine == 0
    assert len(twins(filters, 3, k=2)) == 2


def test_idle_filters_are_named_stand_last_and_are_like_no_other() -> None:
    stripes = gabor(9, 30, 0.3)
    filters = torch.cat([1e-5 * gabor(9, 30, 0.4), stripes, gabor(9, 75, 0.2), torch.ones(1, 1, 9, 9)])
    facts = filter_facts(filters)
    assert facts.idle.tolist() == [True, False, False, False]
    assert filter_order(facts, "orientation").tolist() == [1, 2, 3, 0]  # the even patch has none, the idle one no use
    assert filter_order(facts, "frequency").tolist() == [1, 2, 3, 0]
    assert twins(filters, 1, k=3)[-1].index == 0
    assert all(twin.cosine == 0 for twin in twins(filters, 0, k=3))
    assert filter_facts(torch.zeros(2, 3, 3, 3)).idle.all()


def test_the_spectrum_of_sobel_by_hand() -> None:
    """|2 sin 2 pi u|^2 (2 + 2 cos 2 pi v)^2 / 64, u to the right and v downwards, zero frequency in the middle."""
    (found,) = spectra(SOBEL[None, None])
    v, u = np.meshgrid(np.arange(-32, 32) / 64, np.arange(-32, 32) / 64, indexing="ij")
    assert found == pytest.approx(
        (2 * np.sin(2 * np.pi * u)) ** 2 * (2 + 2 * np.cos(2 * np.pi * v)) ** 2 / 64, abs=1e-6
    )


def test_a_spectrum_leans_across_its_stripes() -> None:
    """Stripes that rise to the right have a wave that falls to the right: bright in the lower right of the spectrum."""
    (found,) = spectra(gabor(11, 45, 0.25))
    assert found[32:, 32:].sum() > 10 * found[:32, 32:].sum()
    assert not spectra(torch.zeros(1, 1, 3, 3)).any()
