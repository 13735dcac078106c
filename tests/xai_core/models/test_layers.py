import pytest
import torch
import torchvision

import xai_core as xai


def listed(name: str) -> tuple[xai.LayerInfo, ...]:
    more = {"init_weights": True} if name == "googlenet" else {}
    network = torchvision.models.get_model(name, weights=None, **more)
    names = [str(i) for i in range(1000)]
    return xai.layers(
        xai.wrap_model(network, input_size=(224, 224), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=names)
    )


@pytest.mark.parametrize(
    ("name", "suggested", "grid", "convolutions"),
    [
        ("resnet18", "layer4", (7, 7), 20),
        ("vgg16", "features.29", (14, 14), 13),
        ("alexnet", "features.11", (13, 13), 5),
        ("densenet121", "features.norm5", (7, 7), 120),
        ("googlenet", "inception5b", (7, 7), 57),
        ("mobilenet_v2", "features.18", (7, 7), 52),
        ("convnext_tiny", "features.7", (7, 7), 22),
        ("squeezenet1_1", "classifier.2", (13, 13), 26),
    ],
)
def test_suggested_layer_is_the_last_with_a_grid(name: str, suggested: str, grid: tuple[int, int], convolutions: int):
    found = listed(name)
    (best,) = [layer for layer in found if layer.suggested]
    assert (best.name, best.grid) == (suggested, grid)
    assert best.main
    assert sum(layer.convolution for layer in found) == convolutions


def test_short_list_of_a_residual_network_is_its_stages_in_forward_order():
    stages = [(layer.name, layer.channels, layer.grid[0]) for layer in listed("resnet18") if layer.main]
    assert stages == [
        ("relu", 64, 112),
        ("layer1", 64, 56),
        ("layer2", 128, 28),
        ("layer3", 256, 14),
        ("layer4", 512, 7),
    ]


def test_of_a_chain_of_convolution_and_activation_the_last_is_listed():
    assert [layer.name for layer in listed("vgg16") if layer.main] == [f"features.{i}" for i in (3, 8, 15, 22, 29)]


def test_one_stage_end_for_each_grid_size():
    ends = [(layer.name, layer.grid[0]) for layer in listed("mobilenet_v2") if layer.stage_end]
    assert [grid for _, grid in ends] == [112, 56, 28, 14, 7]
    assert ends[-1][0] == "features.18"


def test_layers_that_hand_their_input_on_do_not_hide_the_one_that_made_it():
    stages = [layer.name for layer in xai.layers(xai.load_model("imagenet", device="cpu")) if layer.main]
    assert stages == ["bn1", *(f"blocks.{i}" for i in range(7)), "bn2"]


def test_a_network_without_feature_maps_has_no_layers():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 3))
    model = xai.wrap_model(network, input_size=(4, 4), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b", "c"])
    assert xai.layers(model) == ()
    with pytest.raises(xai.LayerError, match="no layer with feature maps"):
        xai.explain(model, xai.load_sample("coffee"))
