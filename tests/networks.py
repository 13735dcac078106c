"""Small networks whose maps can be computed by hand, and helpers that see whether a network was left alone."""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models import SwinTransformer, VisionTransformer


class OneConv(nn.Module):
    """Captum's published `BasicModel_ConvNet_One_Conv`: its Grad-CAM on arange(16) is known by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3, 1)
        self.relu1 = nn.ReLU(inplace=True)
        self.fc1 = nn.Linear(8, 4)
        self.conv1.weight = nn.Parameter(torch.ones(2, 1, 3, 3))
        self.conv1.bias = nn.Parameter(torch.tensor([-50.0, -75.0]))
        self.fc1.weight = nn.Parameter(torch.cat([torch.ones(4, 5), -torch.ones(4, 3)], dim=1))
        self.fc1.bias = nn.Parameter(torch.zeros(4))
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu2(self.fc1(self.relu1(self.conv1(x)).view(-1, 8)))


class Small(nn.Module):
    """Two stages, an in-place ReLU, a residual `+=` and a head of global average pooling and a linear layer."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.block = nn.Conv2d(8, 8, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.last = nn.Conv2d(8, 6, 3, stride=2, padding=1)
        self.head = nn.Linear(6, classes)
        self.fail = False

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        out = self.block(x)
        out += x
        out = self.act(out)
        if self.fail:
            raise RuntimeError("the forward pass failed on purpose")
        return self.head(self.last(out).mean(dim=(2, 3)))


def narrow_vgg(classes: int = 10) -> nn.Module:
    """VGG's modules in VGG's order, without skip connections; a VGG's own head has 120 million weights."""
    torch.manual_seed(0)
    features: list[nn.Module] = []
    for before, after in ((3, 8), (8, 16), (16, 24)):
        features += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
        features += [nn.Conv2d(after, after, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2)]
    head = [nn.Linear(24 * 7 * 7, 32), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(32, classes)]
    parts = {"features": nn.Sequential(*features), "avgpool": nn.AdaptiveAvgPool2d(7), "flatten": nn.Flatten()}
    return nn.Sequential(OrderedDict({**parts, "classifier": nn.Sequential(*head)})).eval()


def tiny_swin() -> nn.Module:
    """Keeps its maps as (n, h, w, c): 8 x 8 places of 12 channels at `features.1`, for inputs of 32 x 32."""
    torch.manual_seed(0)
    return SwinTransformer([4, 4], 12, [1, 1], [2, 2], [4, 4], num_classes=3).eval()


def tiny_vit() -> nn.Module:
    """Keeps its maps as tokens behind a class token: 4 x 4 places of 16 channels, for inputs of 32 x 32."""
    torch.manual_seed(0)
    return VisionTransformer(32, 8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=3).eval()


def fingerprint(module: nn.Module) -> str:
    """Everything of a network that an examination could leave changed, as one digest."""
    facts: list[object] = []
    for name, part in module.named_modules():
        hooks = [len(v) for k, v in vars(part).items() if k.endswith("hooks") and hasattr(v, "__len__")]
        facts.append((name, id(part), part.training, hooks, sorted(vars(part))))
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        values = hashlib.sha256(tensor.detach().cpu().numpy().tobytes()).hexdigest()
        facts.append((name, id(tensor), tensor.requires_grad, tensor.grad is None, tensor._version, values))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def not_in_place(module: nn.Module) -> nn.Module:
    """A copy whose ReLUs work out of place, as Captum and zennit need them; the scores stay the same."""
    oracle = copy.deepcopy(module)
    for part in oracle.modules():
        if getattr(part, "inplace", False):
            part.inplace = False
    return oracle


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Largest deviation as a share of the expected map's own largest value."""
    return float((found - expected).abs().max() / expected.abs().max())
