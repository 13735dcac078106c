"""Every pixel-level method on ResNet-18 against Captum making the same maps: at par for one class, faster for five.

python -m benchmarks.pixel_methods          prints CPU times and ratios of one run
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import captum.attr
import torch
import torchvision
from torch import Tensor, nn

from benchmarks.timing import compare
from xai_core.attribution.class_maps import class_maps

CLASSES = [1, 20, 300, 400, 900]
LAYER = "layer4"


@dataclass(frozen=True)
class Case:
    """settings: ours. peer: Captum's map of one class, batched as ours where it can be.

    hooked: Captum hooks the ReLUs, which then must not work in place; else both run the very same network.
    """

    method: str
    settings: dict[str, object]
    peer: Callable[[nn.Module, Tensor, int], object]
    hooked: bool = False
    rounds: int = 11


CASES = (
    Case("gradient", {}, lambda m, x, c: captum.attr.Saliency(m).attribute(x, c, abs=False)),
    Case("gradient_x_input", {}, lambda m, x, c: captum.attr.InputXGradient(m).attribute(x, c)),
    Case("guided_backprop", {}, lambda m, x, c: captum.attr.GuidedBackprop(m).attribute(x, c), hooked=True),
    Case("deconvnet", {}, lambda m, x, c: captum.attr.Deconvolution(m).attribute(x, c), hooked=True),
    Case(
        "guided_grad_cam",
        {},
        lambda m, x, c: captum.attr.GuidedGradCam(m, m.get_submodule(LAYER)).attribute(
            x, c, interpolate_mode="bilinear"
        ),
        hooked=True,
    ),
    Case(
        "smooth_grad",
        {"samples": 25},
        lambda m, x, c: captum.attr.NoiseTunnel(captum.attr.Saliency(m)).attribute(
            x, nt_samples=25, nt_samples_batch_size=8, stdevs=0.5, target=c, abs=False
        ),
        rounds=5,
    ),
    Case(
        "integrated_gradients",
        {"steps": 50},
        lambda m, x, c: captum.attr.IntegratedGradients(m).attribute(x, target=c, n_steps=50, internal_batch_size=8),
        rounds=5,
    ),
    Case(
        "occlusion",
        {"window": 100 / 7, "stride": 100 / 14},  # 32 and 16 pixels
        lambda m, x, c: captum.attr.Occlusion(m).attribute(
            x, (3, 32, 32), (3, 16, 16), target=c, perturbations_per_eval=16
        ),
        rounds=3,
    ),
)


def measure(case: Case, network: nn.Module, oracle: nn.Module, inputs: Tensor, classes: list[int]) -> list[float]:
    """[our CPU seconds, Captum's] for maps of these classes; oracle: the network without work in place."""

    def ours() -> None:
        class_maps(network, inputs, [LAYER], [classes], method=case.method, settings=case.settings)

    def peer() -> None:
        for c in classes:
            case.peer(oracle if case.hooked else network, inputs.clone().requires_grad_(), c)

    return list(compare({"ours": ours, "peer": peer}, case.rounds).values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--methods", nargs="*", default=[case.method for case in CASES])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", module="captum")
    network = torchvision.models.resnet18().eval()
    oracle = torchvision.models.resnet18().eval()
    for part in oracle.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False
    inputs = torch.randn(1, 3, 224, 224)
    for case in (case for case in CASES if case.method in options.methods):
        for classes in (CLASSES[:1], CLASSES):
            ours, peer = measure(case, network, oracle, inputs, classes)
            print(
                f"{case.method:22s} {len(classes)} class{'es' if len(classes) > 1 else '  '}"
                f"  ours {1000 * ours:8.1f} ms CPU  Captum {1000 * peer:8.1f} ms CPU"
                f"  Captum / ours {peer / ours:5.2f}   (must be >= 1)",
                flush=True,
            )


if __name__ == "__main__":
    main()
