"""Checkpoints that the frameworks themselves make: opened, and with the frameworks' own scores.

None of them is among the requirements; this runs by `pytest -m every_checkpoint` in an environment that has them:
fastai, lightning, monai, segmentation-models-pytorch, skorch, efficientnet_pytorch, mmpretrain (with mmcv-lite). Where
a row of `saved_networks.CASES` stands for a framework, its names and shapes are held against the framework's here.
"""

from __future__ import annotations

import importlib
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from tests.xai_core.models.sources.checkpoint.saved_networks import CASES, CLASSES, FASTAI, State, fc_stack
from tests.xai_core.models.sources.checkpoint.test_saved_networks import lively
from xai_core.models.sources.checkpoint.reading import read_weights
from xai_core.models.sources.checkpoint.recognise import network_of, recognise
from xai_core.models.sources.checkpoint.untold import settle

pytestmark = [pytest.mark.every_checkpoint, pytest.mark.filterwarnings("ignore")]


@dataclass(frozen=True, eq=False)
class Made:
    """network: the framework's, which answers with scores (`scores` of its answer). data: the file it saved."""

    network: nn.Module
    data: bytes = b""
    scores: Callable[[Any], Tensor] = lambda answer: answer


@dataclass(frozen=True)
class Real:
    framework: str
    architecture: str
    make: Callable[[], Made]
    said: dict[str, str] = field(default_factory=dict)
    side: int = 64
    channels: int = 3
    same_as: int | None = None  # the source's place among the cases of that source


def needed(name: str) -> Any:
    return importlib.import_module(name)


def fastai_resnet(name: str = "resnet18") -> Made:
    vision = needed("fastai.vision.all")
    network = vision.create_vision_model(getattr(torchvision.models, name), CLASSES, pretrained=False)
    with tempfile.TemporaryDirectory() as folder:
        lively(network)
        vision.save_model(Path(folder) / "m.pth", network, torch.optim.Adam(network.parameters()), with_opt=True)
        return Made(network, (Path(folder) / "m.pth").read_bytes())


def fastai_timm(name: str) -> Made:
    network, _ = needed("fastai.vision.all").create_timm_model(name, CLASSES, pretrained=False)
    return Made(network)


def lightning() -> Made:
    lightning = needed("lightning")

    class Brain(lightning.LightningModule):
        def __init__(self, lr: float, names: tuple[str, ...]) -> None:  # noqa: ARG002  # kept by Lightning
            super().__init__()
            self.save_hyperparameters()
            self.net = torchvision.models.resnet18(weights=None)
            self.net.fc = fc_stack(nn.ReLU())
            self.criterion = nn.CrossEntropyLoss(weight=torch.ones(CLASSES))

        def forward(self, given: Tensor) -> Tensor:
            return self.net(given)

        def training_step(self, batch: Any, _index: int) -> Tensor:
            loss = self.criterion(self(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])

    data = torch.utils.data.TensorDataset(torch.rand(4, 3, 32, 32), torch.randint(0, CLASSES, (4,)))
    brain = Brain(1e-3, ("a", "b", "c", "d"))
    with tempfile.TemporaryDirectory() as folder:
        keep = lightning.pytorch.callbacks.ModelCheckpoint(folder, monitor="train_loss")
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, callbacks=[keep], enable_progress_bar=False,
            default_root_dir=folder,
        )  # fmt: skip
        trainer.fit(brain, torch.utils.data.DataLoader(data, 4))
        return Made(brain, Path(keep.best_model_path).read_bytes())


def skorch() -> Made:
    skorch = needed("skorch")

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = torchvision.models.resnet18(weights=None)
            self.backbone.fc = nn.Identity()
            self.head = nn.Linear(512, CLASSES)

        def forward(self, given: Tensor) -> Tensor:
            return self.head(self.backbone(given))

    net = skorch.NeuralNetClassifier(Net, criterion=nn.CrossEntropyLoss, train_split=None).initialize()
    file = io.BytesIO()
    lively(net.module_)
    net.save_params(f_params=file)
    return Made(net.module_, file.getvalue())


def monai(name: str, **options: Any) -> Made:
    return Made(getattr(needed("monai.networks.nets"), name)(spatial_dims=2, **options))


def smp(encoder: str, pooling: str) -> Made:
    unet = needed("segmentation_models_pytorch").Unet
    aux = {"classes": CLASSES, "pooling": pooling}
    return Made(unet(encoder, encoder_weights=None, classes=1, aux_params=aux), scores=lambda answer: answer[1])


def lukemelas(name: str) -> Made:
    return Made(needed("efficientnet_pytorch").EfficientNet.from_name(name, num_classes=CLASSES))


def mmpretrain(backbone: dict[str, Any], head: dict[str, Any], neck: dict[str, Any] | None) -> Made:
    needed("mmpretrain.models")
    plan = {"type": "ImageClassifier", "backbone": backbone, "head": head | {"num_classes": CLASSES}}
    return Made(needed("mmpretrain.registry").MODELS.build(plan | ({"neck": neck} if neck else {})))


GAP = {"type": "GlobalAveragePooling"}
RESNET = "torchvision/resnet18"
MEAN, LARGEST = {"pooling": "avg"}, {"pooling": "max"}
MONAI_STEM = {"stem": "stride_1_pool"}
REAL = (
    Real("fastai", RESNET, fastai_resnet, FASTAI, same_as=0),
    Real("fastai", "torchvision/resnet50", lambda: fastai_resnet("resnet50"), FASTAI),
    Real("fastai", "torchvision/densenet121", lambda: fastai_resnet("densenet121"), FASTAI | {"body_end": "none"},
         same_as=1),
    Real("fastai", "torchvision/efficientnet_b0", lambda: fastai_resnet("efficientnet_b0"), FASTAI),
    Real("fastai", "torchvision/vgg11_bn", lambda: fastai_resnet("vgg11_bn"), FASTAI),
    Real("fastai", "torchvision/squeezenet1_1", lambda: fastai_resnet("squeezenet1_1"), FASTAI),
    Real("fastai", "timm/resnet18", lambda: fastai_timm("resnet18"), FASTAI, same_as=2),
    Real("fastai", "timm/efficientnet_b0", lambda: fastai_timm("efficientnet_b0"), FASTAI),
    Real("fastai", "timm/convnext_atto", lambda: fastai_timm("convnext_atto"), FASTAI),
    Real("lightning", RESNET, lightning, {"head_activation": "relu"}),
    Real("skorch", RESNET, skorch),
    Real("monai", "torchvision/densenet121", lambda: monai("DenseNet121", in_channels=1, out_channels=CLASSES),
         channels=1, same_as=0),
    Real("monai", "torchvision/densenet169", lambda: monai("DenseNet169", in_channels=3, out_channels=CLASSES)),
    Real("monai", RESNET, lambda: monai("resnet18", n_input_channels=1, num_classes=CLASSES), MONAI_STEM, channels=1,
         same_as=1),
    Real("monai", "torchvision/resnet50", lambda: monai("resnet50", n_input_channels=1, num_classes=CLASSES),
         MONAI_STEM, channels=1, same_as=2),
    Real("monai", "torchvision/resnet34",
         lambda: monai("resnet34", n_input_channels=3, num_classes=CLASSES, conv1_t_stride=2),
         {"stem": "stride_2_pool"}),
    Real("segmentation_models_pytorch", RESNET, lambda: smp("resnet18", "avg"), MEAN, same_as=0),
    Real("segmentation_models_pytorch", RESNET, lambda: smp("resnet18", "max"), LARGEST, same_as=1),
    Real("segmentation_models_pytorch", "torchvision/resnet50", lambda: smp("resnet50", "avg"), MEAN),
    Real("segmentation_models_pytorch", "torchvision/densenet121", lambda: smp("densenet121", "avg"),
         MEAN | {"body_end": "none"}),
    Real("segmentation_models_pytorch", "timm/tf_efficientnet_b0", lambda: smp("efficientnet-b0", "avg"), MEAN,
         same_as=2),
    *(Real("efficientnet_pytorch", f"timm/tf_efficientnet_b{n}", lambda n=n: lukemelas(f"efficientnet-b{n}"),  # type: ignore[misc]
           side=side, same_as=n) for n, side in enumerate((224, 240, 260, 300, 380, 456, 528, 600))),
    Real("mmpretrain", RESNET, lambda: mmpretrain(
        {"type": "ResNet", "depth": 18}, {"type": "LinearClsHead", "in_channels": 512}, GAP), same_as=0),
    Real("mmpretrain", "timm/deit_tiny_patch16_224", lambda: mmpretrain(
        {"type": "VisionTransformer", "arch": "deit-t", "img_size": 224},
        {"type": "VisionTransformerClsHead", "in_channels": 192}, None), side=224, same_as=1),
)  # fmt: skip


def saved(state: State) -> bytes:
    file = io.BytesIO()
    torch.save({"state_dict": state, "epoch": 3}, file)
    return file.getvalue()


def ids(real: Real) -> str:
    return f"{real.framework}-{real.architecture}-{real.said.get('pooling', '')}"


@pytest.mark.parametrize("real", REAL, ids=ids)
def test_the_frameworks_own_scores(real: Real) -> None:
    pytest.importorskip(real.framework)
    torch.manual_seed(0)
    made = real.make()
    network = made.network.eval() if made.data else lively(made.network)
    data = made.data or saved(network.state_dict())
    found = {one.architecture.key: one for one in recognise(read_weights(data).tensors)}
    proposal = found[real.architecture]
    opened = settle(network_of(proposal), proposal, real.said)
    given = torch.rand(2, real.channels, real.side, real.side, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        scores = made.scores(network(given))
        torch.testing.assert_close(opened(given), scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("real", [real for real in REAL if real.same_as is not None], ids=ids)
def test_the_names_that_stand_for_a_framework_are_its_own(real: Real) -> None:
    pytest.importorskip(real.framework)
    rows = [case for case in CASES if case.source.casefold() == real.framework.casefold()]
    assert real.same_as is not None
    stand_in = rows[real.same_as].make()
    state = stand_in.network.state_dict() if stand_in.state is None else stand_in.state
    shapes, own = ({n: tuple(t.shape) for n, t in s.items()} for s in (state, real.make().network.state_dict()))
    elsewhere = ("decoder.", "segmentation_head.")  # of networks that outline as well: left out in any case
    assert {n: s for n, s in shapes.items() if not n.startswith(elsewhere)} == {
        n: s for n, s in own.items() if not n.startswith(elsewhere)
    }
