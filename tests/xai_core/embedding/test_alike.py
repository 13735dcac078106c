"""The terms of a distance sum to it, and the joint maps to the cosine of the pictures' vectors in the table."""

from __future__ import annotations

import numpy as np
import pytest
import torchvision

import xai_core as xai
from tests.networks import fingerprint
from tests.xai_core.embedding.tables import some
from xai_core.datasets import open_dataset
from xai_core.embedding.alike import distance_terms, joint_maps
from xai_core.embedding.build import build_table
from xai_core.errors import NotApplicable, SettingError


def test_terms_by_hand() -> None:
    apart = distance_terms(np.array([1.0, 2, 3]), np.array([1.0, 0, 6]))
    assert (apart.values.tolist(), apart.total, apart.order.tolist()) == ([0, 4, 9], 13, [2, 1, 0])
    near = distance_terms(np.array([3.0, 4]), np.array([4.0, 3]), "cosine")
    np.testing.assert_allclose(near.values, [0.48, 0.48])
    with pytest.raises(SettingError, match=r"one length are compared; \(3,\) and \(2,\)"):
        distance_terms(np.zeros(3), np.zeros(2))


@pytest.mark.parametrize("layer", [None, "block2"])
def test_joint_maps_sum_to_the_cosine_of_the_tables_vectors(layer: str | None) -> None:
    model, data = xai.load_model("digits", device="cpu"), open_dataset("digits")
    vectors = build_table(model, some(data, 12), layer).vectors.astype(np.float64)
    for a, b in [(0, 10), (1, 7), (3, 3)]:
        expected = vectors[a] @ vectors[b] / (np.linalg.norm(vectors[a]) * np.linalg.norm(vectors[b]))
        found = joint_maps(model, data.load(a), data.load(b), layer)
        assert found.cosine == pytest.approx(expected, abs=1e-5)
        for part in found.maps:
            assert part.sum() == pytest.approx(expected, abs=1e-4)
        assert found.maps[0].shape == (8, 8)
    assert found.cosine == pytest.approx(1)


def test_the_place_that_two_pictures_share_stands_out() -> None:
    model = xai.load_model("imagenet", device="cpu")
    before = fingerprint(model.module)
    cat = xai.load_sample("cat")
    pixels = np.full_like(cat.pixels, 128)
    pixels[:, : cat.size[1] // 2] = cat.pixels[:, : cat.size[1] // 2]
    from PIL import Image

    half = xai.load_image(Image.fromarray(pixels))
    shown = joint_maps(model, half, cat).maps[0]
    middle = shown.shape[1] // 2
    assert shown[:, :middle].sum() > 1.5 * shown[:, middle + 1 :].sum()
    assert fingerprint(model.module) == before


def test_a_network_whose_classifier_reads_no_averages_is_refused() -> None:
    vgg = xai.wrap_model(
        torchvision.models.vgg11(weights=None, num_classes=3),
        input_size=(64, 64),
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        class_names="abc",
    )
    cat = xai.load_sample("cat")
    with pytest.raises(NotApplicable, match="reads something else, so choose a convolutional layer"):
        joint_maps(vgg, cat, cat)
    assert joint_maps(vgg, cat, cat, "features.18").cosine == pytest.approx(1)
