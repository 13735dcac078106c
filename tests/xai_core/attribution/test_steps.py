import numpy as np
import pytest

import xai_core as xai
from xai_core.attribution.grad_cam_steps import GradCamSteps, cancelled_share, grad_cam_steps


@pytest.fixture(scope="module")
def steps() -> tuple[GradCamSteps, xai.Explanation]:
    model, image = xai.load_model("imagenet", device="cpu"), xai.load_sample("coffee")
    image_pass = xai.forward_image(model, image, ["bn2"])
    return grad_cam_steps(image_pass, "bn2", 504), xai.explain_forward_pass(image_pass, "grad_cam", ["bn2"], [504])


def test_the_stages_add_up_to_the_map_of_the_engine(steps: tuple[GradCamSteps, xai.Explanation]):
    taken_apart, whole = steps
    np.testing.assert_allclose(taken_apart.map, whole.maps["bn2"][0], rtol=1e-4, atol=1e-6)


def test_each_stage_follows_from_the_one_before_by_hand(steps: tuple[GradCamSteps, xai.Explanation]):
    taken_apart, _ = steps
    channel = int(taken_apart.order()[0])
    mean = sum(float(g) for g in taken_apart.gradients[channel].ravel()) / 49
    assert taken_apart.alpha[channel] == pytest.approx(mean, rel=1e-4)
    assert taken_apart.contributions[channel, 3, 4] == pytest.approx(
        mean * taken_apart.activations[channel, 3, 4], rel=1e-4
    )


def test_channels_added_one_by_one_end_at_the_whole_map(steps: tuple[GradCamSteps, xai.Explanation]):
    taken_apart, _ = steps
    order = taken_apart.order()
    sums = np.abs(taken_apart.contributions.sum(axis=(1, 2)))
    assert (np.diff(sums[order]) <= 0).all()
    np.testing.assert_array_equal(taken_apart.partial_map([]), np.zeros((7, 7)))
    np.testing.assert_allclose(taken_apart.partial_map(order), taken_apart.map, rtol=1e-3, atol=1e-5)


def test_cancelled_share_by_hand():
    assert cancelled_share(np.array([3.0, -1.0])) == 0.25
    assert cancelled_share(np.zeros(3)) == 0
