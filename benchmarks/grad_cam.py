"""Grad-CAM on ResNet-50: our cost against a plain forward pass and against pytorch-grad-cam making the same maps.

python -m benchmarks.grad_cam          prints CPU times and ratios of one run
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
import torchvision
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from benchmarks.timing import compare
from xai_core.attribution.class_maps import class_maps

STAGES = ("layer1", "layer2", "layer3", "layer4")
CLASSES = (1, 20, 300, 400, 900)


def peer_averaged(network: nn.Module, inputs: Tensor, layers: Sequence[str], classes: Sequence[int]) -> None:
    """All layers in one call: cheaper, but it averages them, so five maps come back and not twenty."""
    with GradCAM(network, [network.get_submodule(name) for name in layers]) as cam:
        for c in classes:
            cam(inputs, targets=[ClassifierOutputTarget(c)])


def peer_single(network: nn.Module, inputs: Tensor, layers: Sequence[str], classes: Sequence[int]) -> None:
    """The same maps the way its documentation shows: one target layer and one class a call."""
    for name in layers:
        with GradCAM(network, [network.get_submodule(name)]) as cam:
            for c in classes:
                cam(inputs, targets=[ClassifierOutputTarget(c)])


def plain(network: nn.Module, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return network(inputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network = torchvision.models.resnet50().eval()
    inputs = torch.randn(1, 3, 224, 224)
    convolutions = [n for n, m in network.named_modules() if isinstance(m, nn.Conv2d)]

    one = compare(
        {
            "plain forward pass": lambda: plain(network, inputs),
            "ours, last stage, 1 class": lambda: class_maps(network, inputs, ["layer4"], [1]),
            "peer, last stage, 1 class": lambda: peer_single(network, inputs, ["layer4"], [1]),
            "ours, 4 stages x 5 classes": lambda: class_maps(network, inputs, STAGES, [CLASSES]),
            "peer, 4 stages x 5 classes": lambda: peer_single(network, inputs, STAGES, CLASSES),
            "peer, 4 stages averaged x 5 classes": lambda: peer_averaged(network, inputs, STAGES, CLASSES),
        },
        options.rounds,
    )
    every = compare(
        {
            f"ours, {len(convolutions)} convolutions x 5 classes": lambda: class_maps(
                network, inputs, convolutions, [CLASSES]
            ),
            f"peer, {len(convolutions)} convolutions x 5 classes": lambda: peer_single(
                network, inputs, convolutions, CLASSES
            ),
        },
        1,
    )
    for name, seconds in (one | every).items():
        print(f"{name:40s} {1000 * seconds:9.1f} ms CPU")
    base, ours, _, grid, peer_grid, _ = one.values()
    all_ours, all_peer = every.values()
    print(f"last stage, one class / plain forward pass: {ours / base:.2f}   (must be <= 1.15)")
    print(f"4 stages x 5 classes, peer / ours: {peer_grid / grid:.1f}   (must be >= 8)")
    print(f"every convolution x 5 classes, peer / ours: {all_peer / all_ours:.1f}   (must be >= 30)")


if __name__ == "__main__":
    main()
