"""What is asked of the network: the answer, and that the map behind it lies in the tumour.

The score of a class is the mean of its class activation map, so a map that lies in the tumour is no decoration: it is
what the answer is made of.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.brain_mri.collection import NOWHERE, OUTLINED
from training.brain_mri.draws import PLACES, Drawn
from training.brain_mri.sources import NO_TUMOUR, TUMOUR

TUMOURS = [0, 1, 3]  # of the classes
_SMOOTHING = 0.05
_ENERGY, _POINTING, _SHAPE, _EMPTY = 0.6, 0.3, 1.2, 0.3  # beside the answer


def loss_of(cells: Tensor, weights: Tensor, bias: Tensor, pooled: Tensor, drawn: Drawn) -> Tensor:
    """Mean loss of a batch. cells: (n, c, h, w) of the last layer; pooled: (n, c), their means, with dropout; weights
    (k, c) and bias (k,) of the linear layer."""
    logs = F.log_softmax(pooled @ weights.T + bias, dim=1)
    total = _answers(logs, drawn.labels).mean()
    healthy = torch.nonzero(drawn.labels == NO_TUMOUR)[:, 0]
    if healthy.numel():
        total = total + _EMPTY * _evidence(cells[healthy], weights[TUMOURS]).sum() / len(logs)
    placed = torch.nonzero(drawn.known != NOWHERE)[:, 0]
    if placed.numel():
        named = _tumour_classes(logs[placed].detach(), drawn.labels[placed])
        maps = torch.einsum("nchw,nc->nhw", cells[placed], weights[named])
        total = total + _places(maps, drawn.places[placed], drawn.known[placed]).sum() / len(logs)
    return total


def _answers(logs: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy with smoothed labels; of a tumour of unknown type, of the sum of the three."""
    any_tumour = torch.logsumexp(logs[:, TUMOURS], dim=1)
    exact = logs.gather(1, labels.clamp(max=logs.shape[1] - 1)[:, None])[:, 0]
    right = torch.where(labels == TUMOUR, any_tumour, exact)
    other = torch.where(labels == TUMOUR, logs[:, NO_TUMOUR], logs.mean(dim=1))
    return -(1 - _SMOOTHING) * right - _SMOOTHING * other


def _tumour_classes(logs: Tensor, labels: Tensor) -> Tensor:
    """The class whose map is meant: its own, or of an unknown type the most probable tumour."""
    likely = torch.tensor(TUMOURS)[logs[:, TUMOURS].argmax(dim=1)]
    return torch.where(labels == TUMOUR, likely, labels)


def _evidence(cells: Tensor, weights: Tensor) -> Tensor:
    """(n,): the mean positive part of the three tumours' maps, where nothing should speak for one."""
    return torch.einsum("nchw,kc->nkhw", cells, weights).clamp(min=0).mean(dim=(1, 2, 3))


def _places(maps: Tensor, places: Tensor, known: Tensor) -> Tensor:
    """(n,): minus log of the share of the positive evidence inside, the same of its softmax over cells, and against
    outlines that of the overlap with the shape of the map."""
    fine = F.interpolate(maps[:, None], size=(PLACES, PLACES), mode="bilinear", align_corners=False)[:, 0]
    positive = fine.clamp(min=0)
    inside = (positive * places).sum(dim=(1, 2)) / positive.sum(dim=(1, 2)).clamp(min=1e-3)
    energy = -torch.log(inside + 0.01)
    coarse = F.adaptive_avg_pool2d(places[:, None], maps.shape[1:])[:, 0].flatten(1)
    reached = (coarse / coarse.amax(dim=1, keepdim=True).clamp(min=1e-3)).clamp(min=1e-4)
    spread = F.log_softmax(maps.flatten(1) / maps.detach().flatten(1).std(dim=1, keepdim=True).clamp(min=0.5), dim=1)
    pointing = -torch.logsumexp(spread + reached.log(), dim=1)
    shape = positive / positive.amax(dim=(1, 2), keepdim=True).clamp(min=1e-3)
    overlap = 2 * (shape * places).sum(dim=(1, 2)) / ((shape**2).sum(dim=(1, 2)) + places.sum(dim=(1, 2))).clamp(min=1)
    return _ENERGY * energy + _POINTING * pointing + _SHAPE * torch.where(known == OUTLINED, 1 - overlap, 0.0)
