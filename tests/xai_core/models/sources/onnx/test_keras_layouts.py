"""Networks that Keras made and exported: channels lie last, and only the graph's transpositions say so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.shared_data import CASES

GRIDS = {"valid_softmax4": 6, "valid_bn_sigmoid1": 8, "valid_number": None, "nested_gap_softmax4": None}


@pytest.mark.data
@pytest.mark.parametrize("name", ["valid_softmax4", "valid_bn_sigmoid1", "nested_gap_softmax4"])
def test_grids_scores_and_the_suggested_layer_are_right(name: str) -> None:
    folder = CASES / "keras"
    if not folder.is_dir():
        pytest.skip("the shared cases are not beside the project")
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
    side = GRIDS[name]
    assert suggested.grid == (side, side) if side else suggested.grid[0] == suggested.grid[1]
    assert all(layer.grid[0] == layer.grid[1] for layer in listed)
    assert xai.class_maps(model.module, given[:1], [suggested.name], [0])[suggested.name].shape[2:] == suggested.grid
