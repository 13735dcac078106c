"""Networks that Keras made and exported: channels lie last, and only the graph's transpositions say so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_core as xai
from tests.shared_data import cases

GRIDS = {"valid_softmax4": 6, "valid_bn_sigmoid1": 8, "valid_number": 14}  # {network: cells of its last maps}


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
    said = {"one": scores.softmax(1), "yes_no": scores[:, 1:].sigmoid(), "number": scores}
    found = said[model.config.answer.kind]
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
def test_random_operators_are_refused_with_the_reason() -> None:
    with pytest.raises(xai.ModelError, match="through: ReverseSequence, StatelessRandomUniformV2"):
        xai.open_onnx(cases("keras") / "nested_gap_softmax4.onnx")
