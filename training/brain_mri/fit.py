"""Fine-tune the ImageNet network: stem and first stages frozen, the rest trained, the weights averaged; resumable."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.brain_mri.collection import Slices
from training.brain_mri.draws import Drawn, as_inputs, batch, pools
from training.brain_mri.losses import loss_of
from training.brain_mri.network import FROZEN, frozen_part, started
from xai_core.models.sources.brain_mri import INPUT_SIDE

STEPS = 900
RATE, HEAD_RATE, DECAY, MEMORY = 5e-4, 2.5e-3, 0.02, 0.995
_DROPPED = 0.2
_SAVED = 25  # steps between two checkpoints


@dataclass(frozen=True, eq=False)
class _Run:
    """What changes in training. frozen: the modules of the network that do not."""

    network: nn.Module
    frozen: list[nn.Module]
    averaged: AveragedModel
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler


def _said(step: int, loss: float, seconds: float) -> None:
    print(f"step {step}: loss {loss:.3f}, {seconds:.1f} s a step", flush=True)


def fit(
    slices: Slices,
    *,
    seed: int,
    steps: int = STEPS,
    start: Path | None = None,
    checkpoint: Path | None = None,
    on_progress: Callable[[int, float, float], None] = _said,
) -> nn.Module:
    """The averaged network in eval mode, trained on the training part of the slices.

    start: weights to begin with in place of ImageNet's. checkpoint: a file that is written now and then, and read
    where it exists; the result is the same either way.
    on_progress: called with (steps done, mean loss and mean seconds of a step since the last call).
    """
    torch.manual_seed(seed)
    run, given = _begun(started(start), steps), pools(slices)
    done = _resumed(checkpoint, run)
    total, since = 0.0, time.monotonic()
    for step in range(done, steps):
        total += _stepped(run, batch(slices, given, seed, step), seed * 1_000_003 + step)
        if (step + 1) % _SAVED == 0 or step + 1 == steps:
            ran = (step - done) % _SAVED + 1
            _save(checkpoint, run, step + 1)
            on_progress(step + 1, total / ran, (time.monotonic() - since) / ran)
            total, since = 0.0, time.monotonic()
    return run.averaged.module.eval()


def _begun(network: nn.Module, steps: int) -> _Run:
    frozen = frozen_part(network)
    head = list(network.classifier.parameters())
    body = [p for name, p in network.named_parameters() if p.requires_grad and not name.startswith("classifier")]
    optimiser = torch.optim.AdamW([{"params": body}, {"params": head}], weight_decay=DECAY)
    return _Run(
        network,
        frozen,
        AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(MEMORY), use_buffers=True),
        optimiser,
        torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, HEAD_RATE], total_steps=steps, pct_start=0.15),
    )


def _stepped(run: _Run, drawn: Drawn, seed: int) -> float:
    """The loss of a batch, after one step against it. seed: of what is dropped."""
    run.network.train()
    for module in run.frozen:
        module.eval()  # its batch norms keep ImageNet's statistics
    torch.manual_seed(seed)
    cells, head = _cells(run.network, drawn.inputs), run.network.classifier
    loss = loss_of(cells, head.weight, head.bias, F.dropout(cells.mean(dim=(2, 3)), _DROPPED), drawn)
    run.optimiser.zero_grad()
    loss.backward()
    run.optimiser.step()
    run.schedule.step()
    run.averaged.update_parameters(run.network)
    return float(loss.item())


def _resumed(checkpoint: Path | None, run: _Run) -> int:
    """Steps done before, everything set as it was then."""
    if checkpoint is None or not checkpoint.exists():
        return 0
    stored = torch.load(checkpoint, weights_only=True)
    for name, holder in _kept(run).items():
        holder.load_state_dict(stored[name])
    return int(stored["steps"])


def _save(checkpoint: Path | None, run: _Run, steps: int) -> None:
    if checkpoint is not None:
        written = checkpoint.with_suffix(".part")
        torch.save({name: holder.state_dict() for name, holder in _kept(run).items()} | {"steps": steps}, written)
        written.replace(checkpoint)


def _kept(run: _Run) -> dict[str, Any]:
    names = ("network", "averaged", "optimiser", "schedule")
    return {name: getattr(run, name) for name in names}


def _cells(network: nn.Module, inputs: Tensor) -> Tensor:
    """Float32 (n, 1280, 12, 12). What is frozen runs in half precision where the processor can: a third of its time."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        early = network.blocks[:FROZEN](network.bn1(network.conv_stem(inputs)))
    return network.bn2(network.conv_head(network.blocks[FROZEN:](early.float())))


@torch.no_grad()
def cells_of(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """The last layer's activations of standardised pictures uint8 (n, 160, 160): float32 (n, 1280, 12, 12)."""
    grey = torch.from_numpy(np.ascontiguousarray(images)).float()[:, None] / 255
    grey = F.interpolate(grey, size=(INPUT_SIDE, INPUT_SIDE), mode="bilinear", align_corners=False)
    return network.forward_features(as_inputs(grey)).numpy()


def penultimate(network: nn.Module, images: np.ndarray) -> Tensor:
    """Feature vectors (n, 1280) of uint8 standardised pictures, as they are."""
    rows = [cells_of(network, images[i : i + 64]).mean(axis=(2, 3)) for i in range(0, len(images), 64)]
    return torch.from_numpy(np.concatenate(rows))
