"""ONNX files answer as the networks that they were exported from, and give maps: through file, card and map."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

import xai_core as xai
from tests.xai_core.models.sources.onnx.exports import KerasLike, exported, keras_file
from xai_core.attribution.methods.cam import METHOD as CAM
from xai_core.models.sources.config_file import write_config
from xai_core.models.sources.onnx.model import ONNX, SOURCE
from xai_core.models.sources.onnx.opening import read_onnx


@dataclass(frozen=True)
class Export:
    """network: gives scores. data: the file's bytes for it. turned: its pictures are (n, H, W, c)."""

    network: Callable[[], nn.Module]
    data: Callable[[nn.Module], bytes]
    channels: int = 3
    turned: bool = False


def ended(network: nn.Module, ending: nn.Module | None) -> nn.Module:
    return network if ending is None else nn.Sequential(network, ending)


def pytorch(make: Callable[[], nn.Module], opset: int, ending: nn.Module | None = None, **how: object) -> Export:
    channels = int(how.get("channels", 3))  # type: ignore[call-overload]
    return Export(make, lambda network: exported(ended(network, ending).eval(), opset, **how), channels)  # type: ignore[arg-type]


def keras(opset: int, ending: str | None, classes: int = 4, channels: int = 3) -> Export:
    return Export(
        lambda: KerasLike(classes, channels), lambda network: keras_file(network, opset, ending), channels, turned=True
    )  # type: ignore[arg-type]


def zoo(name: str, **options: object) -> Callable[[], nn.Module]:
    return lambda: torchvision.models.get_model(name, weights=None, num_classes=5, **options)


def grey_resnet() -> nn.Module:
    made = torchvision.models.resnet18(weights=None, num_classes=4)
    made.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return made


EXPORTS = {
    "resnet18, opset 13, softmax": pytorch(zoo("resnet18"), 13, nn.Softmax(1)),
    "resnet18 for grey, modern 18": pytorch(grey_resnet, 18, channels=1, modern=True),
    "mobilenet_v3, opset 14": pytorch(zoo("mobilenet_v3_small"), 14),
    "shufflenet, modern 18, softmax": pytorch(zoo("shufflenet_v2_x0_5"), 18, nn.Softmax(1), modern=True),
    "squeezenet, opset 15, sigmoid": pytorch(zoo("squeezenet1_1"), 15, nn.Sigmoid()),
    "efficientnet with padding by size, opset 16": pytorch(
        lambda: timm.create_model("tf_efficientnet_lite0", num_classes=5), 16, nn.LogSoftmax(1)
    ),
    "convnext, opset 17": pytorch(lambda: timm.create_model("convnext_atto", num_classes=5), 17),
    "vit, opset 17, softmax": pytorch(
        lambda: timm.create_model("vit_tiny_patch16_224", num_classes=5, img_size=64, depth=2), 17, nn.Softmax(1)
    ),
    "keras, opset 13, softmax": keras(13, "Softmax"),
    "keras, opset 15, none": keras(15, None),
    "keras, opset 18, several labels": keras(18, "Sigmoid"),
    "keras, opset 17, one output": keras(17, "Sigmoid", classes=1, channels=1),
}


# Seconds each, for the exporter and for the trial: one of each kind of file is left to the ordinary run.
LONG = {
    "resnet18 for grey, modern 18",
    "shufflenet, modern 18, softmax",
    "squeezenet, opset 15, sigmoid",
    "convnext, opset 17",
    "efficientnet with padding by size, opset 16",
    "keras, opset 15, none",
}


def network_of(export: Export) -> nn.Module:
    torch.manual_seed(0)
    return export.network().eval()


def scores_of(network: nn.Module, export: Export, images: Tensor) -> Tensor:
    with torch.no_grad():
        return network(images.permute(0, 2, 3, 1) if export.turned else images)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in EXPORTS]
)
def test_the_file_answers_as_the_network_and_gives_a_map(name: str) -> None:
    export = EXPORTS[name]
    original = network_of(export)
    model = xai.open_onnx(export.data(original))
    images = torch.rand(2, export.channels, *model.config.input_size, generator=torch.Generator().manual_seed(1))
    wanted = scores_of(original, export, images)
    with torch.no_grad():
        found = model.module(images)
    if wanted.shape[1] == 1:  # for "yes", and against it
        assert bool((found[:, 0] == -found[:, 1]).all())
        found = found[:, 1:]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    assert model.config.answer.kind == (
        "yes_no" if wanted.shape[1] == 1 else "several" if "sigmoid" in name or "several" in name else "one"
    )
    result = xai.explain(model, xai.load_sample("cat"), classes=[0, 1])
    (layer,) = result.maps
    assert result.maps[layer].shape[0] == 2
    assert abs(result.maps[layer]).max() > 0
    assert any("taken off" in note for note in model.config.notes) == any(
        w in name for w in ("softmax", "several", "sigm", "16", "one out")
    )


def test_gradients_are_those_of_the_network() -> None:
    export = EXPORTS["resnet18, opset 13, softmax"]
    original = network_of(export)
    model = xai.open_onnx(export.data(original))
    images = torch.rand(1, 3, 64, 64)
    expected = xai.class_maps(original, images, ["layer4"], [2], relu=False)["layer4"]
    found = xai.class_maps(model.module, images, ["0.layer4.1.relu_1"], [2], relu=False)
    torch.testing.assert_close(found["0.layer4.1.relu_1"], expected, rtol=1e-4, atol=1e-6)


def test_layers_keep_their_names_and_cam_finds_the_head() -> None:
    model = xai.open_onnx(keras_file(KerasLike(4, 3).eval(), 13, "Softmax"), class_names=["a", "b", "c", "d"])
    assert [name for name, part in model.module.named_modules() if isinstance(part, nn.Conv2d)] == ["conv.Conv.1"]
    assert isinstance(model.module.get_submodule("dense"), nn.Linear)
    assert CAM.reason_not(model.module, (1, 3, 32, 32)) is None
    assert xai.layers(model)[-1].name == "act"
    assert xai.first_layer_filters(model.module, (3, 32, 32)).shape == (8, 3, 3, 3)


def test_a_network_written_for_one_picture_reads_several_one_after_another() -> None:
    network = timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=64, depth=1).eval()
    found = read_onnx(exported(network, 18, modern=True))
    assert any("one picture at a time" in note for note in found.notes)
    images = torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(found.network(images), network(images), rtol=1e-4, atol=1e-4)


def test_the_card_of_a_file_opens_it_again(tmp_path: Path) -> None:
    path, config = tmp_path / "made.onnx", tmp_path / "made.yaml"
    path.write_bytes(keras_file(KerasLike(4, 3).eval(), 13, "Sigmoid"))
    first = xai.open_onnx(path, class_names=["a", "b", "c", "d"])
    config.write_text(write_config(first.config))
    again = xai.open_onnx(path, config=config)
    assert again.config.answer.kind == "several"
    assert again.config.key == first.config.key
    assert again.digest == first.digest


class TwoHeads(nn.Module):
    """A map at one output, classes at another, probabilities of others at a third."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.kind, self.grade = nn.Conv2d(3, 6, 3, 2), nn.Linear(6, 3), nn.Linear(6, 5)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        maps = self.conv(images).relu()
        means = maps.mean((2, 3))
        return maps, self.kind(means), self.grade(means).softmax(1)


def test_of_several_outputs_the_first_row_is_read_and_any_other_can_be_named(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, file = TwoHeads().eval(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter tells of its own age
        names = ["maps", "kind", "grade"]
        torch.onnx.export(network, (torch.rand(1, 3, 32, 32),), file, dynamo=False, output_names=names)
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        _, kind, grade = network(images)
    assert read_onnx(file.getvalue()).outputs == ("kind", "grade")
    first = xai.open_onnx(file.getvalue())
    other = replace(first.config, answer=xai.Answer("one", output="grade"), class_names=tuple("abcde"))
    second = xai.open_onnx(file.getvalue(), config=other)
    with torch.no_grad():
        torch.testing.assert_close(first.module(images), kind, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(second.module(images).softmax(1), grade, rtol=1e-4, atol=1e-5)
    card = tmp_path / "card.yaml"
    card.write_text(write_config(second.config))
    assert xai.open_onnx(file.getvalue(), config=card).config.answer == other.answer
    with pytest.raises(xai.ModelError, match="no output 'nothing'; it has maps, kind, grade"):
        read_onnx(file.getvalue(), "nothing")


def test_a_file_with_several_outputs_asks_which_one_is_read() -> None:
    torch.manual_seed(0)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = ["maps", "kind", "grade"]
        torch.onnx.export(TwoHeads().eval(), (torch.rand(1, 3, 32, 32),), file, dynamo=False, output_names=names)
    built = SOURCE.opens.read(file.getvalue(), "two").build(ONNX)
    (question,) = built.untold
    assert tuple(question.options) == ("kind", "grade")
    assert "“kind” was taken" in built.model.config.caution
    chosen = built.settled({"output": "grade"})
    assert (chosen.model.config.caution, len(chosen.model.config.class_names)) == ("", 5)
