"""The trust card's checks against the peers on the same work, and the card's cost in passes of the bundled network.

python -m benchmarks.trust          prints figures that must agree, CPU times and ratios of one run

torchcam and pytorch-grad-cam come with requirements-dev.txt. Quantus is compared where it can be imported: it asks for
opencv-python, which stands in the way of the opencv-python-headless that others need, so it is not in that list.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer, ROADCombined
from torch import Tensor, nn
from torchcam.metrics import DeletionInsertionMetric

import xai_core as xai
from benchmarks.timing import compare
from xai_core.attribution.explain import ImageForwardPass, explain_forward_pass
from xai_core.attribution.method import INPUT
from xai_core.evaluation.checks import CHECKS
from xai_core.evaluation.checks.faithfulness import curves
from xai_core.evaluation.checks.road import road
from xai_core.evaluation.imputation import impute
from xai_core.evaluation.localisation import found
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.evaluation.rival_maps import centre, misplaced, ranks
from xai_core.render.place import resample
from xai_core.types import no_progress

STEPS, SHARES = 10, (0.2, 0.5, 0.8)
CARD_METHODS = ("grad_cam", "layer_cam", "gradient", "guided_backprop", "guided_grad_cam")


class GivenMap:
    """What torchcam asks of a CAM extractor, with a map that is there already."""

    def __init__(self, model: nn.Module, values: np.ndarray) -> None:
        self.model, self.values = model, values

    def __call__(self, *_: object, **__: object) -> list[Tensor]:
        return [torch.from_numpy(self.values)[None]]

    def fuse_cams(self, cams: list[Tensor]) -> Tensor:
        return cams[0]

    def _hooks_off(self) -> AbstractContextManager[None]:
        return nullcontext()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    model = xai.load_model("imagenet")
    layer = xai.suggested_layer(model)
    image_pass = xai.forward_image(model, xai.load_sample("coffee"), [layer])
    result = explain_forward_pass(image_pass, "grad_cam", [layer])
    values, label = result.maps[layer][0], result.classes[0]
    fine = resample(values, model.config.input_size)
    deletion_and_insertion(image_pass, fine, label, options.rounds)
    imputation_and_road(image_pass, fine, label, options.rounds)
    with_quantus(image_pass, fine, label, options.rounds)
    for method in CARD_METHODS:
        whole_config(image_pass, method, layer, label)


def deletion_and_insertion(image_pass: ImageForwardPass, fine: np.ndarray, label: int, rounds: int) -> None:
    model, given = image_pass.model, image_pass.given
    metric = DeletionInsertionMetric(GivenMap(model.module, fine), partial(torch.softmax, dim=-1), steps=STEPS)

    def theirs() -> dict[str, float]:
        metric.reset()
        metric.update(given.tensor, label)
        return metric.summary()

    def ours() -> dict[str, float]:
        return {
            f"{kind}_auc": curves(model, given, [fine], label, kind=kind, fill="grey", steps=STEPS)[0].auc
            for kind in ("deletion", "insertion")  # type: ignore[attr-defined]
        }

    told("deletion and insertion, torchcam", {"ours": ours, "peer": theirs}, rounds, (ours(), theirs()))


def imputation_and_road(image_pass: ImageForwardPass, fine: np.ndarray, label: int, rounds: int) -> None:
    model, given = image_pass.model, image_pass.given
    order = ranks(fine, fine.shape)
    masks = torch.stack([torch.from_numpy(order < share * order.size) for share in (0.2, 0.4, 0.6, 0.8)])
    peer = NoisyLinearImputer(noise=0)
    images = given.tensor.expand(len(masks), -1, -1, -1)

    def ours() -> Tensor:
        return impute(images, masks, noise=0)

    def theirs() -> Tensor:
        return torch.stack([peer(given.tensor[0], (~mask).float()) for mask in masks])

    gap = float((ours() - theirs()).abs().max())
    told("noisy linear imputation of 4 masks", {"ours": ours, "peer": theirs}, rounds, f"largest difference {gap:.1e}")
    softmax: list[Callable[[Tensor], Tensor]] = [lambda scores: torch.softmax(scores, dim=-1)[label]]
    combined = ROADCombined(percentiles=[100 * share for share in SHARES])
    middle = centre((fine.shape[0], fine.shape[1]))

    def our_road() -> tuple[float, ...]:
        made = road(model, given, fine, label, shares=SHARES, random_maps=0)
        return made.own.gap, *(rival.gap for rival in made.rivals)

    def their_road() -> tuple[float, ...]:
        maps = ((m - m.min()) / np.ptp(m) for m in (fine, middle, misplaced(fine)["mirrored"]))
        return tuple(float(combined(given.tensor, m[None], softmax, model.module)[0]) for m in maps)

    told("ROAD of 3 maps, pytorch-grad-cam", {"ours": our_road, "peer": their_road}, rounds, (our_road(), their_road()))


def with_quantus(image_pass: ImageForwardPass, fine: np.ndarray, label: int, rounds: int) -> None:
    if importlib.util.find_spec("quantus") is None:
        print("Quantus is not here: its figures are left out")
        return
    import quantus

    model, given, positive = image_pass.model, image_pass.given, np.clip(fine, 0, None)
    x, a, y = given.tensor.numpy(), fine[None, None], np.array([label])
    flip = quantus.PixelFlipping(
        features_in_step=fine.size // 16,  # of the values of all channels, each ranked apart: 48 steps
        perturb_baseline=0.0,
        normalise=False,
        disable_warnings=True,
    )

    def theirs() -> list[float]:
        (found,) = flip(model.module, x, y, a, softmax=True, device="cpu")  # without the untouched picture
        return [round(float(p), 4) for p in np.ravel(found)[[11, 23, 35]]]

    def ours() -> list[float]:
        (curve,) = curves(model, given, [fine], label, kind="deletion", fill="grey", steps=48)
        return [round(float(p), 4) for p in curve.probabilities[[12, 24, 36]]]

    told(
        "deletion in 48 steps (a quarter, half, three quarters), Quantus' pixel flipping",
        {"ours": ours, "peer": theirs},
        rounds,
        (ours(), theirs()),
    )
    region = np.zeros(fine.shape, bool)
    region[60:160, 60:160] = True
    rank = quantus.RelevanceRankAccuracy(normalise=False, abs=False, disable_warnings=True)
    mass = quantus.RelevanceMassAccuracy(normalise=False, abs=False, disable_warnings=True)

    def their_place() -> list[float]:
        s = region[None, None]
        return [float(m(model.module, x, y, positive[None, None], s, device="cpu")[0]) for m in (rank, mass)]

    def our_place() -> list[float]:
        made = found(fine, region)
        return [made.rank, made.energy]

    works: dict[str, Callable[[], Any]] = {"ours": our_place, "peer": their_place}
    told("rank and mass accuracy (ours with pointing, overlap)", works, rounds, (our_place(), their_place()))


def told(name: str, work: dict[str, Callable[[], Any]], rounds: int, agreement: object) -> None:
    spent = compare(work, rounds)
    times = ", ".join(f"{who} {1000 * seconds:.0f} ms" for who, seconds in spent.items())
    print(f"{name}: {agreement}\n    {times}; peer / ours {spent['peer'] / spent['ours']:.2f}", flush=True)


def whole_config(image_pass: ImageForwardPass, method: str, layer: str, label: int) -> None:
    """CPU time of all checks, as the card runs them, over that of a plain pass of the network."""
    reads = method not in ("gradient", "guided_backprop")
    result = explain_forward_pass(image_pass, method, [layer] if reads else [], [label])
    tested = MapUnderTest(image_pass, result, INPUT if INPUT in result.maps else layer)
    plain = partial(image_pass.model.module, image_pass.given.tensor)

    def passes(run: Callable[[], object]) -> float:
        """Against plain passes right before and after, for a busy machine changes its pace."""
        before, own, after = _seconds(plain, 10), _seconds(run, 1), _seconds(plain, 10)
        return 2 * own / (before + after)

    spent = {check.key: passes(partial(check.run, tested, no_progress)) for check in CHECKS}
    parts = ", ".join(f"{check} {share:.0f}" for check, share in spent.items())
    print(f"card of {method}: {sum(spent.values()):.0f} passes' CPU time ({parts})", flush=True)


def _seconds(run: Callable[[], object], times: int) -> float:
    with torch.no_grad():
        run()
        start = time.process_time()
        for _ in range(times):
            run()
    return (time.process_time() - start) / times


if __name__ == "__main__":
    main()
