"""The files that are shipped: weights, training vectors, and a record of their making and how good they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save
from scipy.special import softmax
from torch import Tensor, nn

from training.brain_mri.changes import outlines_swapped, outside_the_head, scores_of, tumour_painted_over
from training.brain_mri.collection import Collection
from training.brain_mri.fit import penultimate
from training.brain_mri.measure import calibration_error, judged, patients, temperature
from training.brain_mri.probes import probes
from training.brain_mri.split import BLOCKS, CLASSES, MARGIN, TWINS
from training.digits import in_half
from xai_core.evaluation.familiarity import NEIGHBOURS, distances
from xai_core.models.sources.brain_mri import SOURCES, brain_mri_network

DATA = (
    "tumours: Cheng, J., 'brain tumor dataset', figshare, doi 10.6084/m9.figshare.1512427.v5, CC BY 4.0, T1-weighted "
    "with contrast, 512 x 512; healthy: Br35H, collected from many places, of mixed sequences"
)
LIMITS = (
    "Research use only: not for diagnosis. Healthy slices come from another collection, of other sequences and planes, "
    "than the tumours: 'no tumour' and the source cannot be told apart on these data. One slice at a time, no volume. "
    "Other diseases, sequences, ages, scanners: unknown."
)


def weights_of(network: nn.Module, divisor: float) -> bytes:
    """The network as safetensors in half precision, the temperature divided out, so that softmax is calibrated."""
    states = dict(network.state_dict())
    states.update({name: values / divisor for name, values in states.items() if name.startswith("classifier.")})
    return save({name: in_half(values.contiguous()) for name, values in states.items()})


def from_weights(weights: bytes) -> nn.Module:
    """The network as it is shipped, in eval mode."""
    network = brain_mri_network()
    network.load_state_dict(load(weights))
    return network.eval().to(memory_format=torch.channels_last)


def vectors_of(network: nn.Module, collection: Collection) -> dict[str, Tensor]:
    """The training slices as vectors (n, 1280) in half precision, with labels, sources, file numbers; no pictures."""
    known = np.flatnonzero(collection.part == "train")
    labels = collection.slices.labels[known]
    return {
        "vectors": penultimate(network, collection.slices.images[known]).half(),
        "labels": torch.from_numpy(labels.astype(np.uint8)),
        "sources": torch.from_numpy((labels == CLASSES.index("no_tumor")).astype(np.uint8)),
        "numbers": torch.tensor([int(collection.paths[i].stem) for i in known], dtype=torch.int32),
    }


def fitted_temperature(network: nn.Module, collection: Collection) -> float:
    """From the validation slices, which trained nothing."""
    requested = np.flatnonzero(collection.part == "validation")
    return temperature(scores_of(network, collection.slices.images[requested]), collection.slices.labels[requested])


def facts(
    weights: bytes, vectors: Mapping[str, Tensor], collection: Collection, divisor: float, command: str, seed: int
) -> dict[str, object]:
    """Everything measured on the shipped file's own values, on slices that trained nothing."""
    network, labels = from_weights(weights), collection.slices.labels
    test = np.flatnonzero(collection.part == "test")
    scores = scores_of(network, collection.slices.images[test])
    return {
        "model": "brain-mri",
        "data": DATA,
        "sources": list(SOURCES),
        "split": {
            "rule": f"each class in the order of its file numbers in {len(BLOCKS)} blocks: {', '.join(BLOCKS)}; "
            f"{MARGIN} slices left out at each border, on the side held out less; training slices that nearly equal a "
            f"held-out one (correlation > {TWINS}) left out",
            "slices": {
                name: {part: int(((labels == c) & (collection.part == part)).sum()) for part in sorted(set(BLOCKS))}
                for c, name in enumerate(CLASSES)
            },
        },
        "training": command,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "temperature": {
            "value": round(divisor, 4),
            "fitted_on": "validation; the classifier is divided by it, so the shipped scores need no further step",
            "calibration_error_without_it": round(
                calibration_error(softmax(scores * divisor, axis=1), labels[test]), 4
            ),
        },
        "test": judged(scores, labels[test], patients(labels, test)),
        "familiarity": _familiarity(network, vectors, collection, test),
        "source_probes": probes(collection, seed),
        "changes": {
            "changed outside the head": outside_the_head(network, collection, test, seed),
            "outlines": outlines_swapped(network, collection, test, seed),
            "tumour": tumour_painted_over(network, collection, test, seed),
        },
        "limits": LIMITS,
    }


def _familiarity(
    network: nn.Module, vectors: Mapping[str, Tensor], collection: Collection, test: np.ndarray
) -> dict[str, object]:
    """How far held-out slices lie from the training slices: the scale on which an input is unfamiliar."""
    known = vectors["vectors"].float().numpy()
    requested = penultimate(network, collection.slices.images[test]).numpy()
    far = distances(known, requested)[0]
    turned = penultimate(network, np.rot90(collection.slices.images[test], 2, axes=(1, 2)).copy()).numpy()
    inverted = np.where(collection.heads[test], 255 - collection.slices.images[test], 0).astype(np.uint8)
    limit = float(np.percentile(far, 95))
    return {
        "distance": f"mean cosine distance to the {NEIGHBOURS} nearest training vectors",
        "percentiles_of_test": {str(q): round(float(np.percentile(far, q)), 5) for q in (50, 90, 95, 99)},
        "beyond_the_95th": {
            "test slices upside down": round(float((distances(known, turned)[0] > limit).mean()), 3),
            "test slices inverted": round(
                float((distances(known, penultimate(network, inverted).numpy())[0] > limit).mean()), 3
            ),
        },
    }


def write(out: Path, weights: bytes, vectors: Mapping[str, Tensor]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "brain-mri.safetensors").write_bytes(weights)
    (out / "brain-mri-vectors.safetensors").write_bytes(save(dict(vectors)))
