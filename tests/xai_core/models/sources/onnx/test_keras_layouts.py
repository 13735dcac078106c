"""Networks that Keras made and exported: channels lie last, and only the graph's transpositions say so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.shared_data import cases

GRIDS = {"valid_softmax4": 6, "valid_bn_sigmoid1": 8}  # {network: cells of its last maps}


@pytest.mark.data
@pytest.mark.parametrize("name", GRIDS)
def test_grids_scores_and_the_suggested_layer_are_right(name: str) -> None:
    folder = cases("keras")
    model = xai.open_onnx(folder / f"{name}.onnx")
    saved = np.load(folder / f"{name}.npz")
    given = torch.from_numpy(saved["x"]).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        scores = model.module(given)
    answer = torch.from_numpy(saved["y"]).float()
    found = torch.softmax(scores, 1) if answer.shape[1] > 1 else torch.sigmoid(scores[:, 1:] - scores[:, :1])
    torch.testing.assert_close(found, answer, rtol=1e-4, atol=1e-4)
    listed = xai.layers(model)
    (suggested,) = [layer for layer in listed if layer.suggested]
    assert suggested.kind not in ("Transpose", "Reshape", "Pad", "Slice", "Flatten")
    assert all(layer.grid[0] == layer.grid[1] for layer in listed)
    side, last = GRIDS[name], "Transpose"  # (n, h, w, c) before the flattening; what it gave was read as 6 x 24 cells
    maps = xai.class_maps(model.module, given[:1], [suggested.name, last], 0, relu=False)
    assert maps[suggested.name].shape[2:] == suggested.grid
    assert maps[last].shape[2:] == (side, side)
    pool = [name for name, part in model.module.named_modules() if isinstance(part, torch.nn.MaxPool2d)][-1]
    torch.testing.assert_close(maps[last], xai.class_maps(model.module, given[:1], [pool], 0, relu=False)[pool])


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nested_gap_softmax4", "cannot take gradients through: ReverseSequence, StatelessRandomUniformV2"),
        ("valid_number", "answers with a single number; a classifier gives a score for each class"),
    ],
)
def test_random_operators_and_a_network_that_gives_a_number_are_refused_with_the_reason(name: str, said: str) -> None:
    with pytest.raises(xai.ModelError, match=said):
        xai.open_onnx(cases("keras") / f"{name}.onnx")
