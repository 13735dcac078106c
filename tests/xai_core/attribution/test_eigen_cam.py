from __future__ import annotations

import numpy as np
import pytest
import torch
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

from tests.networks import Small
from xai_core.attribution.class_maps import class_maps
from xai_core.attribution.methods.eigen_cam import eigen_cam


def test_by_hand_for_a_pattern_of_rank_one():
    # Both channels are multiples, 3 and 4, of one pattern: the projection is the pattern times their length 5.
    pattern = torch.tensor([[1.0, 0.0], [2.0, 5.0]])
    assert torch.allclose(eigen_cam(torch.stack([3 * pattern, 4 * pattern])[None])[0], 5 * pattern, atol=1e-6)


@pytest.mark.parametrize("shape", [(20, 3, 4), (5, 6, 7)])  # more channels than places, and fewer
def test_it_is_the_projection_on_the_first_right_singular_vector(shape: tuple[int, int, int]):
    torch.manual_seed(0)
    activations = torch.randn(2, *shape)
    for ours, own in zip(eigen_cam(activations), activations, strict=True):
        places = own.flatten(1).T.double().numpy()
        projected = places @ np.linalg.svd(places)[2][0]
        sign = np.sign(projected[np.abs(projected).argmax()])
        assert np.allclose(ours.numpy().ravel(), sign * projected, atol=1e-5)


def test_the_map_is_positive_behind_a_relu_and_its_strongest_place_is_positive_anywhere():
    torch.manual_seed(0)
    activations = torch.randn(8, 6, 5, 5)
    assert (eigen_cam(activations.relu()) >= -1e-6).all()
    maps = eigen_cam(activations).flatten(1)
    assert torch.equal(maps.abs().amax(dim=1), maps.amax(dim=1))
    assert torch.equal(eigen_cam(-activations).flatten(1).abs().argmax(1), maps.argmax(1))


def test_centred_maps_agree_with_pytorch_grad_cam_up_to_their_sign():
    torch.manual_seed(0)
    network, inputs = Small().eval(), torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        activations = network.stem(inputs).numpy()
    theirs = get_2d_projection(activations)
    ours = class_maps(network, inputs, ["stem"], [0], "eigen_cam", relu=False, settings={"channels": "centred"})[
        "stem"
    ][:, 0].numpy()
    for a, b in zip(ours, theirs, strict=True):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) >= 0.999
        assert np.allclose(np.abs(a), np.abs(b), atol=1e-4)
    as_they_are = class_maps(network, inputs, ["stem"], [0], "eigen_cam", relu=False)["stem"][:, 0].numpy()
    assert not np.allclose(np.abs(as_they_are), np.abs(theirs), atol=1e-2)
