"""ROAD: the imputation and the scores against pytorch-grad-cam's, and what a map that knows must show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer, ROADCombined
from scipy.ndimage import gaussian_filter

from tests.networks import Small, fingerprint
from tests.xai_core.evaluation.test_faithfulness import Corner, given, image, of, softmax_of
from xai_core.errors import Cancelled, SightlineError
from xai_core.evaluation.checks.road import road
from xai_core.evaluation.imputation import impute
from xai_core.types import LoadedModel

pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # the oracle's own


@pytest.fixture
def small() -> LoadedModel:
    torch.manual_seed(0)
    return of(Small(), 20, 3)


def blobs(size: tuple[int, int], seed: int) -> np.ndarray:
    return gaussian_filter(np.random.default_rng(seed).normal(size=size), min(size) / 12)


@pytest.mark.parametrize("size", [(20, 20), (61, 47)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_imputation_equals_the_authors_sparse_solution(size: tuple[int, int], share: float):
    tensor = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))
    marked = blobs(size, 1)
    missing = torch.from_numpy(marked > np.quantile(marked, 1 - share))
    ours = impute(tensor, missing[None], noise=0, tolerance=1e-6)[0]
    theirs = NoisyLinearImputer(noise=0)(tensor[0], (~missing).float())
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    hasty = impute(tensor, missing[None], noise=0)[0]
    assert float((hasty - theirs).abs().max()) < 0.01, "less than the noise that comes on top"


def test_imputation_by_hand_and_its_noise():
    tensor = torch.tensor([[1.0, 1.0, 1.0], [1.0, 9.0, 1.0], [4.0, 4.0, 4.0]])[None, None]
    missing = torch.zeros(1, 3, 3, dtype=torch.bool)
    missing[0, 1, 1] = True
    assert float(impute(tensor, missing, noise=0)[0, 0, 1, 1]) == pytest.approx((8 + 4 * 4) / 12, abs=1e-3)
    noisy = impute(tensor, missing, noise=0.5, seed=3)
    assert torch.equal(noisy, impute(tensor, missing, noise=0.5, seed=3))
    assert torch.equal(noisy[~missing[:, None]], tensor[~missing[:, None]]), "what is known stays"
    assert float(noisy[0, 0, 1, 1]) != pytest.approx(2)
    everything = impute(tensor, torch.ones_like(missing), noise=0)
    torch.testing.assert_close(everything, torch.full_like(tensor, float(tensor.mean())))


def test_road_agrees_with_pytorch_grad_cam(small: LoadedModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)  # the oracle's noise has no seed
    small.module.head.weight.mul_(40)  # fresh weights hardly answer
    values = (blobs((20, 20), 3) + 0.5).astype(np.float32)
    found = road(small, image(), values, 2, shares=(0.2, 0.4, 0.6, 0.8), noise=0)
    oracle = ROADCombined(percentiles=[20, 40, 60, 80])
    (theirs,) = oracle(image().tensor, values[None], [softmax_of(2)], small.module)
    assert found.own.gap == pytest.approx(float(theirs), abs=2e-3)
    assert abs(found.own.gap) > 1e-3, "a score of nothing would agree with anything"


def test_a_map_that_knows_wins_and_its_reverse_loses():
    model, full = of(Corner(), 16, 2), given(torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    full.tensor[:, 0, :8, :8] += 2
    knows = np.array([[1.0, 0.2], [0.1, 0.0]], np.float32)
    good, bad = (road(model, full, m, 1, noise=0) for m in (knows, -knows))
    assert good.own.gap > good.chance >= 0
    assert good.own.gap > max(rival.gap for rival in good.rivals)
    assert bad.own.gap < 0
    assert good.drop < bad.drop
    np.testing.assert_allclose(good.own.most, bad.own.least, atol=0.05)  # ties fall otherwise


def test_road_counts_its_passes_can_be_stopped_and_leaves_the_model_alone(small: LoadedModel):
    before, seen, passes = fingerprint(small.module), [], []
    values = blobs((5, 5), 0)
    road(small, image(), values, 0, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (24, 24)
    assert seen == sorted(seen)

    def stop(done: int, _total: int) -> None:
        passes.append(done)
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        road(small, image(), values, 0, on_progress=stop)
    assert passes == [4]
    assert fingerprint(small.module) == before
    with pytest.raises(SightlineError, match="same everywhere"):
        road(small, image(), np.ones((5, 5), np.float32), 0)
