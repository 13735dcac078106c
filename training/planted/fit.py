"""Training of one small network on scenes of its world."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from xai_core.evaluation.planted.network import CLASSES, World, inputs_of, planted_network, scenes

SCENES, EPOCHS, BATCH, PEAK_RATE, DECAY = 6000, 16, 64, 8e-3, 0.02
EPOCHS_OF: dict[World, int] = {"shapes": EPOCHS, "lesions": EPOCHS, "marked": 8}  # a shortcut is learned sooner


def fit(world: World, seed: int, count: int = SCENES) -> nn.Sequential:
    """A trained network in eval mode: AdamW, one cycle of the rate, pictures mirrored at random."""
    torch.manual_seed(seed)
    made = scenes(world, "train", count, seed=1_000_000 * (seed + 1))
    inputs, labels = inputs_of(world, [s.pixels for s in made]), torch.tensor([s.label for s in made])
    network = planted_network(len(CLASSES[world])).train()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=DECAY)
    epochs, steps = EPOCHS_OF[world], count // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=epochs * steps)
    for _ in range(epochs):
        for chosen in torch.randperm(count)[: steps * BATCH].split(BATCH):
            loss = functional.cross_entropy(network(_mirrored(inputs[chosen])), labels[chosen], label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def _mirrored(inputs: Tensor) -> Tensor:
    turned = torch.rand(len(inputs)) < 0.5
    return torch.where(turned[:, None, None, None], inputs.flip(3), inputs)
