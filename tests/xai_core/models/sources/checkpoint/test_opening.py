"""Checkpoints through file -> recognised -> card -> map; the network answers as the one that was saved."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import timm
import torch
import torchvision
from torch import nn

import xai_core as xai
from xai_core.errors import ModelError
from xai_core.models.load import try_out
from xai_core.models.sources.checkpoint.opening import open_checkpoint
from xai_core.models.sources.checkpoint.reading import read_weights
from xai_core.models.sources.checkpoint.recognise import recognise
from xai_core.models.sources.config_file import write_config

# One of each family; every one of them is tried by `pytest -m every_checkpoint`, a few in the ordinary run.
TORCHVISION = (
    "alexnet", "vgg11_bn", "resnet18", "resnext50_32x4d", "wide_resnet50_2", "densenet121", "googlenet", "inception_v3",
    "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1", "mnasnet0_5", "efficientnet_b0",
    "efficientnet_v2_s", "regnet_y_400mf", "convnext_tiny", "vit_b_32", "swin_t", "maxvit_t",
)  # fmt: skip
TIMM = (
    "resnet26d", "resnet34", "seresnet50", "ecaresnet26t", "skresnet18", "efficientnet_lite0", "tf_efficientnet_b0",
    "mobilenetv3_small_050", "mixnet_s", "ghostnet_100", "regnetx_002", "dla34", "hrnet_w18_small", "convnext_atto",
    "vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", "swin_tiny_patch4_window7_224", "mixer_s32_224",
    "repvgg_a0", "edgenext_xx_small",
)  # fmt: skip
FEW = ("torchvision/resnet18", "torchvision/googlenet", "torchvision/mobilenet_v3_small", "torchvision/squeezenet1_1",
       "timm/seresnet50", "timm/convnext_atto", "timm/vit_tiny_patch16_224", "timm/mobilenetv3_small_050")  # fmt: skip
EVERY = [f"torchvision/{name}" for name in TORCHVISION] + [f"timm/{name}" for name in TIMM]
GREY = {"torchvision/resnet18", "timm/resnet34", "timm/convnext_atto"}


def network(key: str, classes: int, channels: int) -> nn.Module:
    """As its users make it: by the library's own call, the first convolution replaced by hand where need be."""
    torch.manual_seed(0)
    library, _, name = key.partition("/")
    if library == "timm":
        return timm.create_model(name, num_classes=classes, in_chans=channels).eval()
    options: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    made = torchvision.models.get_model(name, weights=None, num_classes=classes, **options)
    if channels == 1:
        made.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return made.eval()


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def plain(state: Mapping[str, torch.Tensor]) -> bytes:
    return saved(dict(state))


def as_safetensors(state: Mapping[str, torch.Tensor]) -> bytes:
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in state.items()})


def parallel(state: Mapping[str, torch.Tensor]) -> bytes:
    return saved({"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}})


def lightning(state: Mapping[str, torch.Tensor]) -> bytes:
    inside = {f"model._orig_mod.{name}": tensor for name, tensor in state.items()} | {"criterion.weight": torch.ones(3)}
    return saved({"pytorch-lightning_version": "2.5", "state_dict": inside, "optimizer_states": [{"state": {}}]})


FORMS: tuple[Callable[[Mapping[str, torch.Tensor]], bytes], ...] = (plain, as_safetensors, parallel, lightning)


@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=() if key in FEW else pytest.mark.every_checkpoint) for key in EVERY]
)
def test_a_saved_network_answers_as_before(key: str) -> None:
    place = EVERY.index(key)
    classes, channels = (4, 7, 23)[place % 3], 1 if key in GREY else 3
    original = network(key, classes, channels)
    data = FORMS[place % len(FORMS)](original.state_dict())
    proposals = recognise(read_weights(data).tensors)
    assert key.removesuffix("+aux") in {proposal.architecture.key.removesuffix("+aux") for proposal in proposals}
    right = next(p.architecture.key for p in proposals if p.architecture.key.removesuffix("+aux") == key)
    model = open_checkpoint(data, architecture=right)
    assert len(model.config.class_names) == classes
    inputs = torch.rand(2, channels, *model.config.input_size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(model.module(inputs), original(inputs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_golden_path_a_fine_tuned_resnet18_gives_a_map(channels: int) -> None:
    original = network("torchvision/resnet18", 4, channels)
    names = ["glioma", "meningioma", "pituitary", "no tumour"]
    model = open_checkpoint(as_safetensors(original.state_dict()), class_names=names)
    assert model.config.source.endswith("torchvision/resnet18")
    result = xai.explain(model, xai.load_sample("cat"), classes=[0, 3])
    assert result.class_names == ("glioma", "no tumour")
    assert result.maps["layer4"].shape == (2, 7, 7)


def test_a_head_of_several_layers_is_rebuilt() -> None:
    original = network("torchvision/resnet18", 4, 3)
    original.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 4)).eval()
    model = open_checkpoint(plain(original.state_dict()))
    inputs = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(model.module(inputs), original(inputs))
    assert "a ReLU was assumed" in model.config.caution


def test_what_was_done_to_the_file_is_said() -> None:
    model = open_checkpoint(lightning(network("torchvision/resnet18", 4, 3).state_dict()))
    assert model.config.notes[1:-1] == (
        "The weights were taken from 'state_dict' in the file.",
        "The prefix 'model.' was taken off the names.",
        "The prefix '_orig_mod.' was taken off the names.",
        "1 tensor was left out: criterion.weight.",
    )


def test_averaged_weights_go_before_the_last_ones() -> None:
    state = {"conv1.weight": torch.zeros(1)}
    content = {"state_dict": state, "state_dict_ema": {"conv1.weight": torch.ones(1)}}
    assert read_weights(saved(content)).tensors["conv1.weight"].item() == 1


def test_the_wrong_architecture_is_refused_with_the_names_that_do_not_fit() -> None:
    state = network("torchvision/resnet18", 4, 3).state_dict()
    with pytest.raises(ModelError, match=r"do not fit torchvision/resnet34: the file lacks .*layer1\.2\.conv1\.weight"):
        open_checkpoint(plain(state), architecture="torchvision/resnet34")


def test_an_unknown_network_is_said_to_be_unknown() -> None:
    with pytest.raises(ModelError, match="No architecture of torchvision or timm has these 4 weights"):
        open_checkpoint(plain(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2)).state_dict()))


def test_another_number_of_names_than_classes_is_refused() -> None:
    with pytest.raises(ModelError, match="tells 4 classes apart; 2 names were given"):
        open_checkpoint(plain(network("torchvision/resnet18", 4, 3).state_dict()), class_names=["a", "b"])


def test_a_card_file_and_an_input_that_the_network_cannot_read(tmp_path: Path) -> None:
    path, config = tmp_path / "vit.safetensors", tmp_path / "vit.yaml"
    path.write_bytes(as_safetensors(network("timm/vit_tiny_patch16_224", 4, 3).state_dict()))
    first = open_checkpoint(path, class_names=["a", "b", "c", "d"])
    try_out(first)
    config.write_text(write_config(first.config))
    again = open_checkpoint(path, config=config)
    assert (again.config.class_names, again.config.input_size) == (("a", "b", "c", "d"), (224, 224))
    config.write_text(write_config(replace(first.config, input_size=(64, 64))))
    with pytest.raises(ModelError, match="cannot run on an input of 64 × 64 pixels"):
        try_out(open_checkpoint(path, config=config))


def test_one_table_a_million_times_inside_itself_is_read_once() -> None:
    inner: dict[str, object] = {"epoch": 1}
    for _ in range(3):
        inner = {f"k{i}": inner for i in range(300)}
    start = time.perf_counter()
    with pytest.raises(ModelError, match="no table of named weights"):
        read_weights(saved(inner))
    assert time.perf_counter() - start < 30  # 300³ visits would take minutes


def test_counters_of_training_steps_neither_matter_nor_harm() -> None:
    original = network("torchvision/resnet18", 4, 3)
    odd = {"bn1.num_batches_tracked": torch.ones(3, 3), "fc.num_batches_tracked": torch.ones(1)}
    model = open_checkpoint(plain(original.state_dict() | odd))
    inputs = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(model.module(inputs), original(inputs))
