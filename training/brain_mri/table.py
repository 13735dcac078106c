"""How good the answers are for each source, plane and class, and whether the maps point at the tumours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import zoom
from scipy.special import softmax
from sklearn.metrics import roc_auc_score
from torch import nn

from training.brain_mri.collection import OUTLINED, Slices
from training.brain_mri.fit import cells_of
from training.brain_mri.losses import TUMOURS
from training.brain_mri.measure import tumour_error
from training.brain_mri.sources import NO_TUMOUR, SOURCES
from training.brain_mri.split import CLASSES
from training.digits import share
from xai_core.evaluation.brain_mri_answer import Bounds, graded
from xai_core.evaluation.localisation import Found, edges_of, found
from xai_core.models.sources.brain_mri import HEAD_SIDE
from xai_core.types import Prediction

_FINE = 96  # pixels a side at which maps and outlines are compared
_TOGETHER = 32


@dataclass(frozen=True, eq=False)
class Answers:
    """scores: float32 (n, 4). maps: float32 (n, 4, 12, 12), the class activation maps, whose means and the biases are
    the scores."""

    scores: np.ndarray
    maps: np.ndarray

    def of(self, chosen: np.ndarray) -> Answers:
        return Answers(self.scores[chosen], self.maps[chosen])

    @property
    def tumour(self) -> np.ndarray:
        """The probability of any tumour, (n,)."""
        return softmax(self.scores.astype(float), axis=1)[:, TUMOURS].sum(axis=1)


@torch.no_grad()
def answers(network: nn.Module, images: np.ndarray) -> Answers:
    """The answers to standardised pictures uint8 (n, 160, 160)."""
    weights, bias = network.classifier.weight.numpy(), network.classifier.bias.numpy()
    scores, maps = [], []
    for start in range(0, len(images), _TOGETHER):
        cells = cells_of(network, images[start : start + _TOGETHER])
        maps.append(np.einsum("nchw,kc->nkhw", cells, weights, optimize=True))
        scores.append(maps[-1].mean(axis=(2, 3)) + bias)
    return Answers(np.concatenate(scores), np.concatenate(maps))


def by_source(slices: Slices, given: Answers, limits: Bounds) -> dict[str, dict[str, object]]:
    """Of each source, and of each of its planes: how it is answered, the headlines as the page words them."""
    grades = [
        graded(Prediction(scores, softmax(scores), CLASSES), peaks, plane, limits)
        for scores, peaks, plane in zip(given.scores, given.maps.max(axis=(2, 3)), slices.planes, strict=True)
    ]
    said = np.array([grade.grade == "said" for grade in grades], bool)
    table: dict[str, dict[str, object]] = {}
    for number, source in enumerate(SOURCES):
        of_source = slices.sources == number
        for plane in ("", *np.unique(slices.planes[of_source & (slices.planes != "")])):
            rows = np.flatnonzero(of_source & (slices.planes == plane) if plane else of_source)
            if rows.size and (plane == "" or len(rows) < of_source.sum()):
                table[f"{source} {plane}".strip()] = row_of(slices.labels[rows], given.of(rows), said[rows])
    return table


def row_of(labels: np.ndarray, given: Answers, full: np.ndarray) -> dict[str, object]:
    """Of some slices: found tumours, healthy ones called healthy, types, AUC, calibration, headlines. full: bool (n,),
    whether the answer stands in large letters."""
    tumour, ill = given.tumour, labels != NO_TUMOUR
    said = tumour > 0.5
    row: dict[str, object] = {"slices": len(labels)}
    for name, chosen, right in (("found", ill, said), ("called healthy", ~ill, ~said)):
        if chosen.any():
            row[name] = _share(right[chosen])
    for c in TUMOURS:
        if (labels == c).any():
            row[f"{CLASSES[c]}: rightly named"] = _share(given.scores[labels == c].argmax(axis=1) == c)
            row[f"{CLASSES[c]}: found"] = _share(said[labels == c])
    if ill.any() and not ill.all():
        row["auc"] = round(float(roc_auc_score(ill, tumour)), 4)
    row["calibration error, tumour or none"] = round(tumour_error(tumour, ill), 4)
    return row | _headlines(labels, given, full)


def _share(right: np.ndarray) -> dict[str, object]:
    return share(torch.from_numpy(right))


def _headlines(labels: np.ndarray, given: Answers, full: np.ndarray) -> dict[str, object]:
    """Answers in large letters: how many, how many are right, and on how many tumours stands "no tumour"."""
    said, ill = given.tumour > 0.5, labels != NO_TUMOUR
    row: dict[str, object] = {"headlines": _share(full)}
    if full.any():
        row["headlines right"] = _share((said == ill)[full])
    if ill.any():
        row["tumours with the headline no tumour"] = _share((full & ~said)[ill])
    if not ill.all():
        row["healthy with the headline tumour"] = _share((full & said)[~ill])
    return row


def localisation(slices: Slices, given: Answers) -> dict[str, object]:
    """The class activation map of the right class against outlines, on slices named rightly, beside trivial maps."""
    requested = np.flatnonzero((slices.known == OUTLINED) & (given.scores.argmax(axis=1) == slices.labels))
    outlines = {i: zoom(slices.places[i].astype(np.float32), _FINE / HEAD_SIDE, order=1) > 0.5 for i in requested}
    own = {i: found(given.maps[i, slices.labels[i]], outlines[i]) for i in requested}
    table = {"class activation map": _means(list(own.values()))} if own else {}
    for c in TUMOURS:
        of_class = [result for i, result in own.items() if slices.labels[i] == c]
        if of_class:
            table[f"class activation map, {CLASSES[c]}"] = _means(of_class)
    for name, trivial in _trivial().items():
        if own:
            table[name] = _means([found(trivial(slices.images[i]), outlines[i]) for i in requested])
    return table


def _means(results: Sequence[Found]) -> dict[str, float]:
    means = {name: float(np.mean([getattr(r, name) for r in results])) for name in ("pointing", "energy", "overlap")}
    return {name: round(value, 3) for name, value in means.items()} | {"of": len(results)}


def _trivial() -> Mapping[str, Callable[[np.ndarray], np.ndarray]]:
    """Maps (h, w) that know nothing of tumours."""
    y, x = np.mgrid[-1 : 1 : _FINE * 1j, -1 : 1 : _FINE * 1j]
    return {
        "centre": lambda _image: 2 - np.hypot(y, x),
        "intensity": lambda image: image.astype(np.float32),
        "edges": lambda image: edges_of(np.repeat(image[:, :, None], 3, axis=2)),
    }
