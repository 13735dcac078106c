import pytest
import timm
import torch
import torchvision
from captum.attr import LayerGradCam

from tests.networks import OneConv, Small, narrow_vgg
from xai_core.attribution.class_maps import class_maps

torch.manual_seed(0)


def test_hand_computed_case_of_captum():
    inputs = torch.arange(16.0).view(1, 1, 4, 4)
    maps = class_maps(OneConv().eval(), inputs, ["conv1"], 0)
    assert maps["conv1"].tolist() == [[[[11.25, 13.5], [20.25, 22.5]]]]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("resnet18", ["layer2.0.bn2", "layer3", "layer4.1.bn2", "layer4"]),
        ("vgg", ["features.13", "features.8"]),
        ("densenet121", ["features.norm5", "features.denseblock3"]),
        ("googlenet", ["inception4a.branch1.conv", "inception5b"]),
        ("mobilenet_v2", ["features.10", "features.18"]),
        ("tf_efficientnet_lite0", ["blocks.3", "conv_head", "bn2"]),
    ],
)
def test_raw_maps_equal_captum(name: str, layers: list[str]):
    torch.manual_seed(1)
    if name == "vgg":
        network = narrow_vgg(1000)
    elif name.startswith("tf_"):
        network = timm.create_model(name)
    else:
        more = {"init_weights": True} if name == "googlenet" else {}
        network = torchvision.models.get_model(name, weights=None, **more)
    network.eval()
    inputs, classes = torch.randn(2, 3, 96, 96), [3, 700]
    ours = class_maps(network, inputs, layers, [classes], relu=False)
    for layer in layers:
        for k, c in enumerate(classes):
            oracle = LayerGradCam(network, _not_in_place(network, layer)).attribute(inputs, c)[:, 0]
            error = (ours[layer][:, k] - oracle).abs().max() / oracle.abs().max()
            assert error <= 1e-5, f"{layer}, class {c}: relative error {error:.1e}"


def _not_in_place(network: torch.nn.Module, layer: str) -> torch.nn.Module:
    """Captum reads activations after in-place operations behind the layer; switch those off for the oracle."""
    for part in network.modules():
        if getattr(part, "inplace", False):
            part.inplace = False
    return network.get_submodule(layer)


def test_one_pass_serves_any_number_of_layers_and_classes():
    network = Small(classes=5).eval()
    passes = 0

    def count(*_: object) -> None:
        nonlocal passes
        passes += 1

    network.stem[0].register_forward_hook(count)
    inputs = torch.randn(4, 3, 16, 16)
    together = class_maps(network, inputs, ["block", "last"], [[0, 1, 4]], relu=False)
    assert passes == 1
    assert together["block"].shape == (4, 3, 8, 8)
    assert together["last"].shape == (4, 3, 4, 4)
    alone = class_maps(network, inputs[2:3], ["last"], [4], relu=False)
    assert torch.allclose(together["last"][2, 2], alone["last"][0, 0], atol=1e-7)


def test_classes_may_be_one_index_none_or_one_row_for_each_picture():
    network, inputs = Small().eval(), torch.randn(2, 3, 16, 16)
    best = network(inputs).argmax(1)
    chosen = class_maps(network, inputs, ["last"], torch.tensor([[0, 2], [1, 1]]), relu=False)["last"]
    assert torch.equal(class_maps(network, inputs, ["last"], 2, relu=False)["last"][0, 0], chosen[0, 1])
    assert torch.equal(chosen[1, 0], chosen[1, 1])
    by_default = class_maps(network, inputs, ["last"], relu=False)["last"]
    assert torch.equal(by_default, class_maps(network, inputs, ["last"], best[:, None], relu=False)["last"])


def test_relu_removes_the_negative_evidence_and_nothing_else():
    network, inputs = Small().eval(), torch.randn(2, 3, 16, 16)
    signed = class_maps(network, inputs, ["last"], [[0, 1, 2]], relu=False)["last"]
    assert (signed < 0).any()
    assert torch.equal(class_maps(network, inputs, ["last"], [[0, 1, 2]])["last"], signed.clamp(min=0))
