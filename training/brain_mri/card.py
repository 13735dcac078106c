"""The files that are shipped: weights, training vectors, and a record of their making and how good they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save
from scipy.special import softmax
from torch import Tensor, nn

from training.brain_mri.changes import outlines_swapped, outside_the_head, scores_of, tumour_painted_over
from training.brain_mri.collection import Slices
from training.brain_mri.fit import penultimate
from training.brain_mri.measure import calibration_error, judged, patients, temperature
from training.brain_mri.network import network
from training.brain_mri.probes import probes
from training.brain_mri.sources import HEADS, SOURCES, TUMOUR
from training.brain_mri.split import BLOCKS, CLASSES, MARGIN, TWINS
from training.brain_mri.table import answers, by_source, localisation
from training.digits import in_half
from xai_core.evaluation.familiarity import NEIGHBOURS, distances

DATA = (
    "Cheng, J., 'brain tumor dataset', figshare, doi 10.6084/m9.figshare.1512427.v5, CC BY 4.0, T1-weighted with "
    "contrast, with outlines; Br35H, axial, mixed sequences, healthy and with tumours of unknown type, with boxes; "
    "Sartaj, four classes; healthy slices cut from Colin27 (with skull) and ICBM 152 (without); tumours painted over "
    "and put in"
)
_COLLECTIONS = len(SOURCES) - len(HEADS)  # heads stand last
LIMITS = (
    "Research use only: not for diagnosis. One slice at a time, no volume. Other diseases, sequences, ages, scanners: "
    "unknown. Only the figures of sources that were left out of training say what to expect of another source."
)


def weights_of(trained: nn.Module, divisor: float) -> bytes:
    """The network as safetensors in half precision, the temperature divided out, so that softmax is calibrated."""
    states = dict(trained.state_dict())
    states.update({name: values / divisor for name, values in states.items() if name.startswith("classifier.")})
    return save({name: in_half(values.contiguous()) for name, values in states.items()})


def from_weights(weights: bytes) -> nn.Module:
    """The network as it is shipped, in eval mode."""
    made = network()
    made.load_state_dict(load(weights))
    return made.eval().to(memory_format=torch.channels_last)


def vectors_of(made: nn.Module, slices: Slices) -> dict[str, Tensor]:
    """The training slices whose class is known as vectors (n, 1280) in half precision, with labels, sources, file
    numbers; no pictures. Slices of heads are many of one man, and are none of them."""
    known = np.flatnonzero((slices.part == "train") & (slices.labels != TUMOUR) & (slices.sources < _COLLECTIONS))
    return {
        "vectors": penultimate(made, slices.images[known]).half(),
        "labels": torch.from_numpy(slices.labels[known].astype(np.uint8)),
        "sources": torch.from_numpy(slices.sources[known].astype(np.uint8)),
        "numbers": torch.from_numpy(slices.numbers[known].astype(np.int32)),
    }


def fitted_temperature(made: nn.Module, slices: Slices) -> float:
    """From the validation slices, which trained nothing."""
    requested = np.flatnonzero(slices.part == "validation")
    return temperature(scores_of(made, slices.images[requested]), slices.labels[requested])


def facts(
    weights: bytes,
    vectors: Mapping[str, Tensor],
    slices: Slices,
    paths: Sequence[Path],
    divisor: float,
    command: str,
    seed: int,
) -> dict[str, object]:
    """Everything measured on the shipped file's own values, on slices that trained nothing.

    paths: the files of the first slices, Cheng's and the healthy ones of Br35H.
    """
    made = from_weights(weights)
    test = np.flatnonzero(slices.part == "test")
    first, held = test[test < len(paths)], slices.of(test)
    given = answers(made, held.images)
    given_first = given.of(np.arange(len(first)))
    labels = slices.labels[first]
    return {
        "model": "brain-mri",
        "data": DATA,
        "sources": list(SOURCES),
        "split": {"rule": _RULE, "slices": _counts(slices)},
        "training": command,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "temperature": {
            "value": round(divisor, 4),
            "fitted_on": "validation; the classifier is divided by it, so the shipped scores need no further step",
            "calibration_error_without_it": round(
                calibration_error(softmax(given_first.scores * divisor, axis=1), labels), 4
            ),
        },
        "test": judged(given_first.scores, labels, patients(slices.labels, first)),
        "by_source": by_source(held, given),
        "localisation": localisation(held, given),
        "familiarity": _familiarity(made, vectors, slices.of(first)),
        "source_probes": probes(slices.of(np.arange(len(paths))), seed),
        "changes": {
            "changed outside the head": outside_the_head(made, slices, paths, first, seed),
            "outlines": outlines_swapped(made, slices, first, seed),
            "tumour": tumour_painted_over(made, held, seed),
        },
        "limits": LIMITS,
    }


_RULE = (
    f"each class of each collection in the order of its file numbers in {len(BLOCKS)} blocks: {', '.join(BLOCKS)}; up "
    f"to {MARGIN} slices left out at each border, on the side held out less; training slices that nearly equal a "
    f"held-out one (correlation > {TWINS}) left out; of a head other slices train than measure"
)


def _counts(slices: Slices) -> dict[str, dict[str, dict[str, int]]]:
    names = (*CLASSES, "tumour of unknown type")
    return {
        source: {
            name: {part: int(((slices.part == part) & rows).sum()) for part in sorted(set(BLOCKS))}
            for c, name in enumerate(names)
            if (rows := (slices.sources == s) & (slices.labels == c)).any()
        }
        for s, source in enumerate(SOURCES)
    }


def _familiarity(made: nn.Module, vectors: Mapping[str, Tensor], test: Slices) -> dict[str, object]:
    """How far held-out slices lie from the training slices: the scale on which an input is unfamiliar."""
    known = vectors["vectors"].float().numpy()

    def far(images: np.ndarray) -> np.ndarray:
        return distances(known, penultimate(made, images).numpy())[0]

    here = far(test.images)
    limit = float(np.percentile(here, 95))
    changed = {
        "test slices upside down": np.rot90(test.images, 2, axes=(1, 2)),
        "test slices inverted": np.where(test.heads, 255 - test.images, 0).astype(np.uint8),
    }
    return {
        "distance": f"mean cosine distance to the {NEIGHBOURS} nearest training vectors",
        "percentiles_of_test": {str(q): round(float(np.percentile(here, q)), 5) for q in (50, 90, 95, 99)},
        "beyond_the_95th": {name: round(float((far(p) > limit).mean()), 3) for name, p in changed.items()},
    }


def write(out: Path, weights: bytes, vectors: Mapping[str, Tensor]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "brain-mri.safetensors").write_bytes(weights)
    (out / "brain-mri-vectors.safetensors").write_bytes(save(dict(vectors)))
