"""Fine-tune the ImageNet network: stem and first stages frozen, the rest trained, the weights averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.brain_mri.augment import changed, moved, tones
from training.brain_mri.lesion import elsewhere, painted_over
from training.brain_mri.split import CLASSES
from xai_core.models.sources.imagenet import build_imagenet

SIDE = 192
FROZEN = 3  # stages of the ImageNet network that stay as they are, after its stem
EPOCHS, BATCH = 12, 32
RATE, HEAD_RATE, DECAY, SMOOTHING, MEMORY = 6e-4, 3e-3, 0.02, 0.05, 0.99
PAINTED_OVER, PAINTED_ELSEWHERE = 0.12, 0.15  # of the slices drawn


@dataclass(frozen=True, eq=False)
class Slices:
    """Standardised slices: pictures uint8 (n, side, side); labels int64 (n,); boxes float32 (n, 4), NaN: no tumour."""

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray

    def of(self, chosen: np.ndarray) -> Slices:
        return Slices(self.images[chosen], self.labels[chosen], self.boxes[chosen])


def _said(epoch: int, loss: float, _network: nn.Module) -> None:
    print(f"epoch {epoch}: loss {loss:.3f}", flush=True)


def fit(
    slices: Slices, *, seed: int, epochs: int = EPOCHS, on_epoch: Callable[[int, float, nn.Module], None] = _said
) -> nn.Module:
    """The network in eval mode, trained on slices of which each class counts alike.

    on_epoch: called with (epochs done, mean loss, averaged network).
    """
    torch.manual_seed(seed)
    network = new_network(len(CLASSES))
    frozen = frozen_part(network)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(MEMORY), use_buffers=True)
    steps = len(slices.labels) // BATCH
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in network.blocks.parameters() if p.requires_grad] + _top(network)},
            {"params": list(network.classifier.parameters())},
        ],
        weight_decay=DECAY,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [RATE, HEAD_RATE], total_steps=epochs * steps, pct_start=0.2
    )
    for epoch in range(epochs):
        total = 0.0
        network.train()
        for module in frozen:
            module.eval()  # its batch norms keep ImageNet's statistics
        for inputs, wanted in batches(slices, steps, seed * 1000 + epoch):
            loss = F.cross_entropy(_scores(network, inputs), wanted, label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            averaged.update_parameters(network)
            total += loss.item()
        on_epoch(epoch + 1, total / steps, averaged.module)
    return averaged.module.eval()


def new_network(classes: int) -> nn.Module:
    """ImageNet's weights under a new linear layer."""
    network = build_imagenet()
    network.classifier = nn.Linear(network.classifier.in_features, classes)
    network.drop_rate = 0.3
    return network.to(memory_format=torch.channels_last)  # three times as fast on a processor


def frozen_part(network: nn.Module) -> list[nn.Module]:
    """The stem and first stages, their parameters frozen."""
    frozen = [network.conv_stem, network.bn1, *network.blocks[:FROZEN]]
    for module in frozen:
        module.requires_grad_(False)
    return frozen


def _top(network: nn.Module) -> list[nn.Parameter]:
    return [*network.conv_head.parameters(), *network.bn2.parameters()]


def _scores(network: nn.Module, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        early = network.blocks[:FROZEN](network.bn1(network.conv_stem(inputs)))
    return network.forward_head(network.bn2(network.conv_head(network.blocks[FROZEN:](early))))


def batches(slices: Slices, steps: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Random inputs (32, 3, 192, 192) and labels (32,), each class as often as the others."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    levels = tones(slices.images)
    chance = 1 / np.bincount(slices.labels)[slices.labels]
    for batch in rng.choice(len(chance), size=(steps, BATCH), p=chance / chance.sum()):
        drawn = [_drawn(slices, i, levels, rng) for i in batch]
        grey = moved(torch.from_numpy(np.stack([image for image, _ in drawn]))[:, None], SIDE, generator)
        yield as_inputs(grey), torch.tensor([label for _, label in drawn])


def _drawn(slices: Slices, i: int, levels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Slice i, changed at random, and its label, which painting over the tumour makes "no tumour"."""
    image, box, label = slices.images[i], slices.boxes[i], int(slices.labels[i])
    chance = rng.random()
    if chance < PAINTED_ELSEWHERE:
        like = slices.boxes[rng.choice(np.flatnonzero(~np.isnan(slices.boxes[:, 0])))]
        place = elsewhere(image, box, like, rng)
        image = image if place is None else painted_over(image, place, rng)
    elif chance > 1 - PAINTED_OVER and not np.isnan(box).any():
        image, label = painted_over(image, box, rng), CLASSES.index("no_tumor")
    return changed(image, levels[i], levels[rng.integers(len(levels))], rng), label


def as_inputs(grey: Tensor) -> Tensor:
    """Grey (n, 1, h, w) in [0, 1] as the network reads it."""
    return ((grey - 0.5) / 0.5).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def penultimate(network: nn.Module, images: np.ndarray) -> Tensor:
    """Feature vectors (n, 1280) of uint8 standardised pictures, as they are."""
    rows = []
    for start in range(0, len(images), 64):
        grey = torch.from_numpy(images[start : start + 64]).float()[:, None] / 255
        grey = F.interpolate(grey, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        rows.append(network.forward_features(as_inputs(grey)).mean(dim=(2, 3)))
    return torch.cat(rows)
