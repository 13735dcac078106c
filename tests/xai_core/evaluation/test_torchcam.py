"""Deletion and insertion against torchcam's exact metric on the same map, fill and steps."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torchcam.metrics import DeletionInsertionMetric

from benchmarks.trust import GivenMap
from tests.networks import Small
from tests.xai_core.evaluation.test_faithfulness import image, of
from xai_core.evaluation.checks.faithfulness import curves
from xai_core.evaluation.erase import filled
from xai_core.types import LoadedModel


@pytest.fixture
def small() -> LoadedModel:
    torch.manual_seed(0)
    model = of(Small(), 20, 3)
    model.module.head.weight.mul_(40)  # fresh weights hardly answer
    return model


@pytest.mark.parametrize("fill", ["grey", "blurred"])
@pytest.mark.parametrize("size", [(20, 20), (5, 5)])
def test_areas_agree_with_torchcam(small: LoadedModel, fill: str, size: tuple[int, int]):
    values = np.random.default_rng(3).permutation(size[0] * size[1]).reshape(size).astype(np.float32)
    given = image()
    metric = DeletionInsertionMetric(
        GivenMap(small.module, values),
        partial(torch.softmax, dim=-1),
        steps=10,
        baseline=filled(small, given.tensor, fill),
    )
    metric.update(given.tensor, 2)
    theirs = metric.summary()
    for kind in ("deletion", "insertion"):
        (ours,) = curves(small, given, [values], 2, kind=kind, fill=fill, steps=10)
        # An enlarged map has equals, which torchcam orders by place and we by chance.
        assert ours.auc == pytest.approx(theirs[f"{kind}_auc"], abs=1e-5 if size == (20, 20) else 0.02)
    assert theirs["deletion_auc"] not in (0, 1)
