"""The oracle is torchvision itself: its registry, its presets, and its own loading of the same file."""

import pickle
import time

import pytest
import torch
import torchvision
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.models._meta import _IMAGENET_CATEGORIES

from xai_core.errors import ModelError
from xai_core.models.catalog import model_configs
from xai_core.models.class_names import imagenet_names
from xai_core.models.download import weights_path
from xai_core.models.sources import torchvision_zoo
from xai_core.models.sources.torchvision_zoo import build, configs

BY_KEY = {config.key: config for config in configs()}


def config_of(name):
    return BY_KEY[f"torchvision/{name}"]


def random_states(name):
    """A state dict of the shape that torchvision expects in the file, drawn at random."""
    special = {"transform_input": True, "aux_logits": True, "init_weights": False}
    torch.manual_seed(0)
    return get_model(name, weights=None, **(special if name in ("googlenet", "inception_v3") else {})).state_dict()


def of_2017(states):
    """The states as they stand in the DenseNet files: names with dots, no batch counters, no versions."""
    dotted = {name: name for name in states if "num_batches" not in name}
    for part in ("norm1", "norm2", "conv1", "conv2"):
        dotted = {name: old.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.") for name, old in dotted.items()}
    return {old: states[name] for name, old in dotted.items()}


def test_every_classifier_of_torchvision_has_a_card_and_no_quantised_one():
    names = [name for name in list_models() if name in torchvision.models.__dict__]
    assert {config.key for config in configs()} == {f"torchvision/{name}" for name in names}
    assert "torchvision/resnet50" in BY_KEY
    assert not any("quantized" in config.key for config in configs())


@pytest.mark.parametrize("config", configs(), ids=lambda config: config.key)
def test_a_card_says_what_torchvision_says_of_the_default_weights(config):
    weights = get_model_weights(config.key.split("/")[1]).DEFAULT
    preset = weights.transforms()
    assert config.input_size == (preset.crop_size[0], preset.crop_size[0])
    assert (config.resize.shorter_side, config.resize.interpolation) == (
        preset.resize_size[0],
        preset.interpolation.value,
    )
    assert (list(config.mean), list(config.std)) == (preset.mean, preset.std)
    assert weights.meta["categories"] == _IMAGENET_CATEGORIES
    assert config.class_names is imagenet_names()
    assert str(weights) in config.source
    assert ("CC BY-NC 4.0" in config.licence) == ("license" in weights.meta)
    assert config.download.url == weights.url
    assert f"-{config.download.sha256_prefix}." in weights.url
    assert abs(config.download.size_bytes / 2**20 - weights.meta["_file_size"]) < 1e-3
    assert str(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]) in config.notes[1]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("resnet50", "ResNet-50"),
        ("vgg16_bn", "VGG-16 BN"),
        ("regnet_x_1_6gf", "RegNet X 1.6GF"),
        ("resnext50_32x4d", "ResNeXt-50 32X4D"),
        ("mnasnet0_75", "MNASNet 0.75"),
        ("wide_resnet50_2", "Wide ResNet-50 2"),
        ("vit_b_16", "ViT B 16"),
        ("efficientnet_v2_s", "EfficientNet V2 S"),
    ],
)
def test_titles_read_as_people_write_them(name, title):
    assert config_of(name).title == title


def test_titles_are_distinct():
    assert len({config.title for config in configs()}) == len(configs())


def test_transformers_are_offered_with_the_others():
    offered = {
        config.key.split("/")[1].split("_")[0] for config in model_configs() if config.key.startswith("torchvision/")
    }
    assert {"vit", "swin", "maxvit", "resnet18"} <= offered


def test_cards_build_no_network_and_take_a_moment(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a network was built")

    monkeypatch.setattr(torch.nn.Conv2d, "__init__", refuse)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        torchvision_zoo.configs.__wrapped__()
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05


@pytest.mark.parametrize(
    ("name", "as_saved"),
    [
        ("resnet18", dict),
        ("googlenet", dict),
        ("inception_v3", dict),
        ("densenet121", of_2017),
        ("mnasnet0_5", lambda states: states),
        ("regnet_y_400mf", dict),
        ("mobilenet_v3_small", dict),
    ],
)
def test_a_network_equals_torchvisions_own_from_the_same_file(name, as_saved, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    config = config_of(name)
    path = weights_path(config.download)
    path.parent.mkdir(parents=True)
    torch.save(as_saved(random_states(name)), path)

    ours, theirs = build(config, path), get_model(name, weights="DEFAULT").eval()

    assert repr(ours) == repr(theirs)
    assert not any(module.training for module in ours.modules())
    assert getattr(ours, "transform_input", None) == getattr(theirs, "transform_input", None)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert sum(p.numel() for p in ours.parameters()) == get_model_weights(name).DEFAULT.meta["num_params"]
    image = torch.randn(1, 3, *config.input_size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs(image), rtol=0, atol=0)


def test_files_from_before_the_zip_format_and_without_batch_counters_load(tmp_path):
    states = {name: value for name, value in random_states("resnet18").items() if "num_batches" not in name}
    path = tmp_path / "resnet18-f37072fd.pth"
    torch.save(states, path, _use_new_zipfile_serialization=False)
    module = build(config_of("resnet18"), path)
    assert torch.equal(module.fc.weight, states["fc.weight"])
    assert module.bn1.num_batches_tracked == 0
    assert not any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers()))


def test_weights_of_another_network_are_refused_by_name(tmp_path):
    path = tmp_path / "mobilenet.pth"
    torch.save(random_states("mobilenet_v3_small"), path)
    with pytest.raises(ModelError, match=r"mobilenet\.pth do not fit ResNet-18"):
        build(config_of("resnet18"), path)


@pytest.mark.parametrize("content", [b"", b"<html>sign in</html>", b"PK\x03\x04 cut off", pickle.dumps({"a": 1})])
def test_a_damaged_file_is_refused_in_one_sentence(content, tmp_path):
    path = tmp_path / "resnet18-f37072fd.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"resnet18-f37072fd\.pth could not be read"):
        build(config_of("resnet18"), path)


def test_a_missing_file_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="could not be read: it is missing"):
        build(config_of("resnet18"), tmp_path / "none.pth")


class Payload:
    """An object whose unpickling creates a file: what a hostile weights file would do."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def test_a_file_that_carries_code_is_refused_and_the_code_does_not_run(tmp_path):
    path, marker = tmp_path / "resnet18-f37072fd.pth", tmp_path / "ran"
    torch.save({"fc.weight": Payload(marker)}, path)
    with pytest.raises(ModelError, match="holds more than tensors"):
        build(config_of("resnet18"), path)
    assert not marker.exists()
