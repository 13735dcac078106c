"""Networks as people make and save them: one row a case, each built of torchvision's and timm's own layers.

What another library names otherwise is named so here; `test_frameworks.py` holds these against the libraries.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import parametrizations

CLASSES = 4
State = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Saved:
    """network: answers (n, 3 or 1, side, side) with scores. state: what is saved of it; by default its state dict."""

    network: nn.Module
    state: State | None = None


@dataclass(frozen=True)
class Case:
    """One row: where it comes from, what head it has, what architecture is found, and what has to be said.

    side, channels: of the input that both are given.
    """

    source: str
    head: str
    architecture: str
    make: Callable[[], Saved]
    said: Mapping[str, str] = field(default_factory=dict)
    side: int = 64
    channels: int = 3
    slow: bool = False


class Chain(nn.Module):
    """Modules by attribute, run one after another, the maps made flat before `flat_at`."""

    def __init__(self, flat_at: str, parts: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.flat_at = flat_at
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, given: Tensor) -> Tensor:
        for name, part in self.named_children():
            given = part(given.flatten(1) if name == self.flat_at else given)
        return given


class ConcatPool(nn.Module):
    """fastai's: the largest values first."""

    def forward(self, given: Tensor) -> Tensor:
        return torch.cat([given.amax((2, 3), keepdim=True), given.mean((2, 3), keepdim=True)], 1)


def resnet(name: str = "resnet18", classes: int = CLASSES) -> nn.Module:
    return torchvision.models.get_model(name, weights=None, num_classes=classes)


def with_fc(head: nn.Module, name: str = "resnet18") -> nn.Module:
    made = resnet(name)
    made.fc = head
    return made


def renamed(network: nn.Module, *rules: tuple[str, str]) -> State:
    """The state dict under other names: the first pattern that fits a whole name."""
    state = {}
    for name, tensor in network.state_dict().items():
        match = next(((m, to) for rule, to in rules if (m := re.fullmatch(rule, name))), None)
        state[match[0].expand(match[1]) if match else name] = tensor
    return state


def prefixed(network: nn.Module, prefix: str, **beside: Tensor) -> State:
    return {f"{prefix}{name}": tensor for name, tensor in network.state_dict().items()} | beside


def fc_stack(act: nn.Module, width: int = 512) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, 32), nn.BatchNorm1d(32), act, nn.Dropout(), nn.Linear(32, 16), nn.BatchNorm1d(16), act,
        nn.Dropout(), nn.Linear(16, CLASSES),
    )  # fmt: skip


def fc_named() -> nn.Module:
    parts = {"fc1": nn.Linear(512, 64), "bn1": nn.BatchNorm1d(64), "act": nn.GELU(), "fc2": nn.Linear(64, CLASSES)}
    return nn.Sequential(OrderedDict(parts))


def top(network: nn.Module, name: str, head: nn.Module) -> nn.Module:
    network.set_submodule(name, head)
    return network


def backbone(head: nn.Module, name: str = "resnet18") -> nn.Module:
    """`self.backbone` without its last layer, and a head of its own."""
    body = with_fc(nn.Identity(), name)
    return Chain("", {"backbone": body, "classifier": head})


def children(head: nn.Module, name: str = "resnet18", cut: int = -1) -> nn.Module:
    body = nn.Sequential(*list(resnet(name).children())[:cut])
    return Chain("classifier", {"features": body, "classifier": head})


def fastai(body: nn.Module, maps: int) -> nn.Module:
    head = nn.Sequential(
        ConcatPool(), nn.Flatten(), nn.BatchNorm1d(2 * maps), nn.Dropout(0.25), nn.Linear(2 * maps, 512, bias=False),
        nn.ReLU(), nn.BatchNorm1d(512), nn.Dropout(0.5), nn.Linear(512, CLASSES, bias=False),
    )  # fmt: skip
    return nn.Sequential(body, head)


def fastai_torchvision(name: str, cut: int, maps: int) -> Saved:
    network = torchvision.models.get_model(name, weights=None)
    return Saved(fastai(nn.Sequential(*list(network.children())[:cut]), maps))


def fastai_timm() -> Saved:
    body = timm.create_model("resnet18", num_classes=0, global_pool="")
    return Saved(fastai(nn.Sequential(OrderedDict(model=body)), 512))


def with_norms(norm: Callable[[nn.Module], nn.Module], stack: bool = True) -> Saved:
    head = nn.Sequential(norm(nn.Linear(512, 16)), nn.ReLU(), norm(nn.Linear(16, CLASSES)))
    return Saved(with_fc(head if stack else norm(nn.Linear(512, CLASSES))))


def normed_convolution() -> Saved:
    network = resnet()
    network.layer1[0].conv1 = nn.utils.spectral_norm(network.layer1[0].conv1)
    return Saved(network)


def cifar(stride: int, pool: bool) -> Saved:
    network = resnet()
    network.conv1 = nn.Conv2d(3, 64, 3, stride, 1, bias=False)
    network.maxpool = network.maxpool if pool else nn.Identity()
    return Saved(network)


def kuangliu() -> Saved:
    network = cifar(1, pool=False).network
    rules = ((r"(.+)\.downsample\.(.+)", r"\1.shortcut.\2"), (r"fc\.(.+)", r"linear.\1"))
    return Saved(network, renamed(network, *rules))


_BLOCK = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
          "conv_pwl": "_project_conv", "bn3": "_bn2"}  # fmt: skip
_FIRST = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
_SQUEEZE = {"se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}
_AROUND = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}


def lukemelas_names(network: nn.Module) -> State:
    """efficientnet_pytorch's: blocks counted through, every layer with an underscore."""
    starts = [sum(len(stage) for stage in network.blocks[:i]) for i in range(len(network.blocks))]
    state = {}
    for name, tensor in network.state_dict().items():
        block = re.fullmatch(r"blocks\.(\d+)\.(\d+)\.(.+)\.(\w+)", name)
        layer, _, part = name.rpartition(".")
        if block:
            table = _SQUEEZE | (
                _BLOCK if f"blocks.{block[1]}.{block[2]}.bn3.weight" in network.state_dict() else _FIRST
            )
            state[f"_blocks.{starts[int(block[1])] + int(block[2])}.{table[block[3]]}.{block[4]}"] = tensor
        else:
            state[f"{_AROUND[layer]}.{part}"] = tensor
    return state


def lukemelas(name: str, channels: int = 3) -> Saved:
    network = timm.create_model(f"tf_{name}", num_classes=CLASSES, in_chans=channels)
    return Saved(network, lukemelas_names(network))


def monai_densenet(channels: int = 1) -> Saved:
    network = torchvision.models.densenet121(weights=None, num_classes=CLASSES)
    network.features.conv0 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    rules = (
        (r"(features\..+denselayer\d+)\.(.+)", r"\1.layers.\2"),
        (r"classifier\.(.+)", r"class_layers.out.\1"),
    )
    return Saved(network, renamed(network, *rules))


def monai_resnet(name: str) -> Saved:
    network = resnet(name)
    network.conv1 = nn.Conv2d(1, 64, 7, 1, 3, bias=False)
    for part in network.modules():
        down = getattr(part, "downsample", None)
        if down is not None:
            old = down[0]
            down[0] = nn.Conv2d(old.in_channels, old.out_channels, 1, old.stride)
    return Saved(network)


def smp(pool: nn.Module) -> Saved:
    encoder = resnet()
    head = nn.Sequential(pool, nn.Flatten(), nn.Dropout(0.2), nn.Linear(512, CLASSES))
    network = nn.Sequential(*list(encoder.children())[:-2], head)
    state = {f"encoder.{n}": t for n, t in encoder.state_dict().items() if not n.startswith("fc.")}
    state |= {
        "decoder.blocks.0.conv1.0.weight": torch.ones(8, 512, 3, 3),
        "segmentation_head.0.weight": torch.ones(1, 8, 3, 3),
    }
    return Saved(network, state | {f"classification_head.{n}": t for n, t in head.state_dict().items()})


def smp_efficientnet() -> Saved:
    encoder = timm.create_model("tf_efficientnet_b0", num_classes=CLASSES)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(320, CLASSES))
    network = nn.Sequential(encoder.conv_stem, encoder.bn1, encoder.blocks, head)
    state = {f"encoder.{n}": t for n, t in lukemelas_names(encoder).items() if not n.startswith("_fc")}
    return Saved(network, state | {f"classification_head.{n}": t for n, t in head.state_dict().items()})


def mmpretrain_resnet() -> Saved:
    network = resnet()
    rules = ((r"fc\.(.+)", r"head.fc.\1"), (r"(.+)", r"backbone.\1"))
    return Saved(network, renamed(network, *rules))


def mmpretrain_vit() -> Saved:
    network = timm.create_model("deit_tiny_patch16_224", num_classes=CLASSES)
    rules = (
        (r"head\.(.+)", r"head.layers.head.\1"),
        (r"patch_embed\.proj\.(.+)", r"backbone.patch_embed.projection.\1"),
        (r"norm\.(.+)", r"backbone.ln1.\1"),
        (r"blocks\.(\d+)\.norm(\d)\.(.+)", r"backbone.layers.\1.ln\2.\3"),
        (r"blocks\.(\d+)\.attn\.(.+)", r"backbone.layers.\1.attn.\2"),
        (r"blocks\.(\d+)\.mlp\.fc1\.(.+)", r"backbone.layers.\1.ffn.layers.0.0.\2"),
        (r"blocks\.(\d+)\.mlp\.fc2\.(.+)", r"backbone.layers.\1.ffn.layers.1.\2"),
        (r"(.+)", r"backbone.\1"),
    )
    return Saved(network, renamed(network, *rules))


def other_auxiliary(name: str) -> Saved:
    """Fine-tuned with the main head alone: the auxiliary ones keep ImageNet's thousand."""
    network = torchvision.models.get_model(name, weights=None, num_classes=1000, init_weights=False)
    network.fc = nn.Linear(network.fc.in_features, CLASSES)
    return Saved(network)


def grid_head() -> Saved:
    """The head reads all places of the last maps."""
    return Saved(children(nn.Linear(512 * 2 * 2, CLASSES), cut=-2))


def plain(network: nn.Module) -> Saved:
    return Saved(network)


def tv(name: str) -> nn.Module:
    return torchvision.models.get_model(name, weights=None, num_classes=CLASSES)


TORCHVISION, RESNET = "torchvision", "torchvision/resnet18"
ReLU, TANH = {"head_activation": "relu"}, {"head_activation": "tanh"}
FASTAI = {"pooling": "max_avg", "head_activation": "relu", "head_activation_place": "first"}
CASES = (
    Case(TORCHVISION, "Linear-BN-ReLU-Dropout twice", RESNET, lambda: plain(with_fc(fc_stack(nn.ReLU()))), ReLU),
    Case(TORCHVISION, "Linear-BN-Tanh twice", RESNET, lambda: plain(with_fc(fc_stack(nn.Tanh()))),
         TANH, slow=True),
    Case(TORCHVISION, "named fc1, bn1, fc2 with GELU", RESNET, lambda: plain(with_fc(fc_named())),
         {"head_activation": "gelu", "head_activation_place": "last"}),
    Case(TORCHVISION, "LayerNorm, Linear", RESNET,
         lambda: plain(with_fc(nn.Sequential(nn.LayerNorm(512), nn.Linear(512, CLASSES))))),
    Case(TORCHVISION, "BatchNorm, Dropout, Linear", RESNET,
         lambda: plain(with_fc(nn.Sequential(nn.BatchNorm1d(512), nn.Dropout(), nn.Linear(512, CLASSES)))), slow=True),
    Case(TORCHVISION, "Linear-PReLU-Linear", RESNET,
         lambda: plain(with_fc(nn.Sequential(nn.Linear(512, 8), nn.PReLU(), nn.Linear(8, CLASSES)))), slow=True),
    Case(TORCHVISION, "a whole new classifier, one layer", "torchvision/mobilenet_v3_small",
         lambda: plain(top(tv("mobilenet_v3_small"), "classifier", nn.Linear(576, CLASSES)))),
    Case(TORCHVISION, "a whole new classifier, two layers", "torchvision/efficientnet_b0",
         lambda: plain(top(tv("efficientnet_b0"), "classifier", nn.Sequential(
             nn.Dropout(), nn.Linear(1280, 16), nn.SiLU(), nn.Linear(16, CLASSES)))), {"head_activation": "silu"}),
    Case(TORCHVISION, "a whole new classifier of another depth", "torchvision/vgg11",
         lambda: plain(top(tv("vgg11"), "classifier", nn.Sequential(
             nn.Linear(25088, 16), nn.ReLU(), nn.Linear(16, CLASSES)))), ReLU, slow=True),
    Case(TORCHVISION, "a sequence as DenseNet's classifier", "torchvision/densenet121",
         lambda: plain(top(tv("densenet121"), "classifier", nn.Sequential(
             nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, CLASSES)))), ReLU, slow=True),
    Case(TORCHVISION, "new heads of a ViT, one layer", "torchvision/vit_b_32",
         lambda: plain(top(tv("vit_b_32"), "heads", nn.Linear(768, CLASSES))), side=224, slow=True),
    Case(TORCHVISION, "new heads of a ViT, two layers", "torchvision/vit_b_32",
         lambda: plain(top(tv("vit_b_32"), "heads", nn.Sequential(
             nn.Linear(768, 16), nn.Tanh(), nn.Linear(16, CLASSES)))), TANH, side=224, slow=True),
    Case(TORCHVISION, "backbone and head", RESNET, lambda: plain(backbone(nn.Linear(512, CLASSES)))),
    Case(TORCHVISION, "backbone and head of two layers", RESNET,
         lambda: plain(backbone(nn.Sequential(nn.Linear(512, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, CLASSES)))),
         ReLU, slow=True),
    Case(TORCHVISION, "backbone, fc1 and fc2 beside it", RESNET, lambda: plain(Chain("", {
        "backbone": with_fc(nn.Identity()), "fc1": nn.Linear(512, 16), "act": nn.ReLU(), "fc2": nn.Linear(16, CLASSES),
    })), ReLU),
    Case(TORCHVISION, "children by number, a linear layer", RESNET,
         lambda: plain(children(nn.Linear(512, CLASSES))), {"pooling": "avg"}),
    Case(TORCHVISION, "children by number, the largest values", RESNET,
         lambda: plain(Chain("classifier", {"features": nn.Sequential(*list(resnet().children())[:-2]),
                                            "pool": nn.AdaptiveMaxPool2d(1), "classifier": nn.Linear(512, CLASSES)})),
         {"pooling": "max"}, slow=True),
    Case(TORCHVISION, "children by number, the whole grid", RESNET, grid_head),
    Case(TORCHVISION, "children by number, MobileNet", "torchvision/mobilenet_v2",
         lambda: plain(Chain("classifier", {"features": nn.Sequential(*list(tv("mobilenet_v2").children())[:-1]),
                                            "pool": nn.AdaptiveAvgPool2d(1), "classifier": nn.Linear(1280, CLASSES)})),
         {"pooling": "avg"}, slow=True),
    Case(TORCHVISION, "unused auxiliary heads of other sizes", "torchvision/googlenet",
         lambda: other_auxiliary("googlenet"), {"input_scaling": "none"}),
    Case(TORCHVISION, "unused auxiliary heads of other sizes", "torchvision/inception_v3",
         lambda: other_auxiliary("inception_v3"), {"input_scaling": "none"}, side=96, slow=True),
    Case(TORCHVISION, "old weight norm", RESNET, lambda: with_norms(nn.utils.weight_norm), ReLU),
    Case(TORCHVISION, "weight norm", RESNET, lambda: with_norms(parametrizations.weight_norm, stack=False), slow=True),
    Case(TORCHVISION, "old spectral norm", RESNET, lambda: with_norms(nn.utils.spectral_norm), ReLU, slow=True),
    Case(TORCHVISION, "spectral norm", RESNET, lambda: with_norms(parametrizations.spectral_norm, stack=False)),
    Case(TORCHVISION, "spectral norm of a convolution", RESNET, normed_convolution, slow=True),
    Case("CIFAR stem", "fc", RESNET, lambda: cifar(1, pool=False), {"stem": "stride_1"}, side=32),
    Case("CIFAR stem", "fc", RESNET, lambda: cifar(2, pool=True), {"stem": "stride_2_pool"}, side=32, slow=True),
    Case("pytorch-cifar", "linear", RESNET, kuangliu, {"stem": "stride_1"}, side=32),
    Case("Lightning", "model. and a stack", RESNET, lambda: Saved(
        network := with_fc(fc_stack(nn.ReLU())), prefixed(network, "model.", **{"criterion.weight": torch.ones(4)})),
         ReLU),
    Case("Lightning", "net._orig_mod.module.", RESNET, lambda: Saved(
        network := resnet(), prefixed(network, "net._orig_mod.module.")), slow=True),
    Case("Lightning", "model.backbone. and model.head.", RESNET, lambda: Saved(
        network := backbone(nn.Linear(512, CLASSES)), prefixed(network, "model."))),
    Case("fastai", "concat pool", RESNET, lambda: fastai_torchvision("resnet18", -2, 512), FASTAI),
    Case("fastai", "concat pool", "torchvision/densenet121", lambda: fastai_torchvision("densenet121", -1, 1024),
         FASTAI | {"body_end": "none"}, slow=True),
    Case("fastai", "concat pool", "timm/resnet18", fastai_timm, FASTAI),
    Case("timm", "at another img_size", "timm/vit_tiny_patch16_224",
         lambda: plain(timm.create_model("vit_tiny_patch16_224", num_classes=CLASSES, img_size=96)), side=96),
    Case("timm", "at another img_size, a stack", "timm/vit_tiny_patch16_224",
         lambda: plain(top(timm.create_model("vit_tiny_patch16_224", num_classes=CLASSES, img_size=64), "head",
                           nn.Sequential(nn.Linear(192, 16), nn.GELU(), nn.Linear(16, CLASSES)))),
         {"head_activation": "gelu"}, slow=True),
    Case("timm", "backbone with num_classes=0, and head", "timm/convnext_atto",
         lambda: plain(Chain("", {"backbone": timm.create_model("convnext_atto", num_classes=0),
                                  "head": nn.Linear(320, CLASSES)}))),
    Case("timm", "backbone with num_classes=0, and head", "timm/efficientnet_b0",
         lambda: plain(Chain("", {"net": timm.create_model("efficientnet_b0", num_classes=0),
                                  "fc": nn.Linear(1280, CLASSES)})), slow=True),
    Case("efficientnet_pytorch", "_fc", "timm/tf_efficientnet_b0", lambda: lukemelas("efficientnet_b0")),
    *(Case("efficientnet_pytorch", "_fc", f"timm/tf_efficientnet_b{n}", lambda n=n: lukemelas(f"efficientnet_b{n}"),  # type: ignore[misc]
           slow=True) for n in range(1, 8)),
    Case("MONAI", "class_layers", "torchvision/densenet121", monai_densenet, channels=1, slow=True),
    Case("MONAI", "fc", RESNET, lambda: monai_resnet("resnet18"), {"stem": "stride_1_pool"}, channels=1),
    Case("MONAI", "fc", "torchvision/resnet50", lambda: monai_resnet("resnet50"), {"stem": "stride_1_pool"},
         channels=1, slow=True),
    Case("segmentation_models_pytorch", "mean", RESNET, lambda: smp(nn.AdaptiveAvgPool2d(1)), {"pooling": "avg"}),
    Case("segmentation_models_pytorch", "largest", RESNET, lambda: smp(nn.AdaptiveMaxPool2d(1)), {"pooling": "max"},
         slow=True),
    Case("segmentation_models_pytorch", "mean", "timm/tf_efficientnet_b0", smp_efficientnet, {"pooling": "avg"},
         slow=True),
    Case("mmpretrain", "head.fc", RESNET, mmpretrain_resnet),
    Case("mmpretrain", "head.layers.head", "timm/deit_tiny_patch16_224", mmpretrain_vit, side=224),
)  # fmt: skip
