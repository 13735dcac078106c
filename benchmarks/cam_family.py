"""The CAM family: each method against pytorch-grad-cam's own, all gradient methods together, and CAM of 1000 classes.

python -m benchmarks.cam_family                                    CPU times and ratios of one run, ResNet-18 and -50
python -m benchmarks.cam_family --passes resnet18 resnet50         with Score-CAM and Ablation-CAM, which take minutes
python -m benchmarks.cam_family --networks --passes resnet18 --rounds 3 --size 64     these two alone, small pictures
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import time
from collections.abc import Callable
from functools import cache, partial

import pytorch_grad_cam as peers
import torch
import torchvision
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from benchmarks.timing import compare
from xai_core.attribution.catalog import find_method
from xai_core.attribution.class_maps import answer, class_maps, make_target
from xai_core.attribution.method import AttributionRequest
from xai_core.forward.forward_pass import run_forward

LAYER, CLASS = "layer4", 20
QUICK = {
    "grad_cam": peers.GradCAM,
    "grad_cam_pp": peers.GradCAMPlusPlus,
    "hires_cam": peers.HiResCAM,
    "layer_cam": peers.LayerCAM,
    "xgrad_cam": peers.XGradCAM,
    "eigen_cam": peers.EigenCAM,
}
BY_PASSES = {"score_cam": peers.ScoreCAM, "ablation_cam": peers.AblationCAM}
TOGETHER = ("cam", "grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam")


def peer(kind: type, network: nn.Module, inputs: Tensor) -> object:
    with kind(network, [network.get_submodule(LAYER)]) as cam:
        return cam(inputs, targets=[ClassifierOutputTarget(CLASS)])


def peer_silently(kind: type, network: nn.Module, inputs: Tensor) -> object:
    """Its progress bar goes nowhere."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        return peer(kind, network, inputs)


def together(network: nn.Module, inputs: Tensor) -> None:
    """One class by six methods from one forward pass."""
    forward = cache(partial(run_forward, network, inputs, [LAYER]))
    request = AttributionRequest(network, inputs, (LAYER,), make_target(forward, inputs, CLASS), forward)
    for key in TOGETHER:
        answer(find_method(key), request, None, None)


def plain(network: nn.Module, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return network(inputs)


def quick(network: nn.Module, inputs: Tensor, rounds: int) -> None:
    """Print times of everything that takes about one pass."""
    work: dict[str, Callable[[], object]] = {
        "plain forward pass": partial(plain, network, inputs),
        "CAM of 1000 classes": partial(class_maps, network, inputs, [LAYER], [list(range(1000))], "cam"),
        "six methods, one pass": partial(together, network, inputs),
    }
    for key, kind in QUICK.items():
        work[f"{key}, ours"] = partial(class_maps, network, inputs, [LAYER], CLASS, key)
        work[f"{key}, peer"] = partial(peer, kind, network, inputs)
    spent = compare(work, rounds)
    report(spent)
    both = [spent[f"{key}, peer"] for key in QUICK if key != "eigen_cam"]
    every, once = spent["CAM of 1000 classes"], spent["plain forward pass"]
    print(f"CAM of 1000 classes / plain forward pass: {every / once:.2f}   (must be <= 1.3)")
    print(f"two of the peer's / our six: {2 * min(both) / spent['six methods, one pass']:.2f}   (must be > 1)")
    ratios(spent, list(QUICK))


def by_passes(network: nn.Module, inputs: Tensor, rounds: int) -> None:
    """Print times of the methods that take a pass for each channel; minutes long, so one round may be enough."""
    work: dict[str, Callable[[], object]] = {}
    for key, kind in BY_PASSES.items():
        work[f"{key}, ours"] = partial(class_maps, network, inputs, [LAYER], CLASS, key)
        work[f"{key}, peer"] = partial(peer_silently, kind, network, inputs)
    plain(network, inputs)  # what is set up only once
    every = [{name: seconds(call) for name, call in work.items()} for _ in range(rounds)]
    spent = {name: statistics.median(once[name] for once in every) for name in work}
    report(spent)
    ratios(spent, list(BY_PASSES))


def seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def report(spent: dict[str, float]) -> None:
    for name, value in spent.items():
        print(f"{name:28s} {1000 * value:10.1f} ms CPU")


def ratios(spent: dict[str, float], keys: list[str]) -> None:
    for key in keys:
        print(f"{key}, peer / ours: {spent[f'{key}, peer'] / spent[f'{key}, ours']:.2f}   (must be >= 1)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="*", default=["resnet18", "resnet50"])
    parser.add_argument("--passes", nargs="*", default=[], help="networks for Score-CAM and Ablation-CAM")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, help="7; for Score-CAM and Ablation-CAM 1")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    inputs = torch.randn(1, 3, options.size, options.size)
    for name in options.networks:
        print(f"\n{name}, last stage, one class, {options.size} x {options.size}")
        quick(torchvision.models.get_model(name, weights=None).eval(), inputs, options.rounds or 7)
    for name in options.passes:
        print(f"\n{name}, last stage, one class, {options.size} x {options.size}, a pass for each channel")
        by_passes(torchvision.models.get_model(name, weights=None).eval(), inputs, options.rounds or 1)


if __name__ == "__main__":
    main()
