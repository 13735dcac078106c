"""The files that are shipped: weights, training vectors, and a record of their making and how good they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from training.brain_mri.augment import stripped
from training.brain_mri.changes import outlines_swapped, outside_the_head, scores_of, tumour_painted_over
from training.brain_mri.collection import Slices
from training.brain_mri.fit import penultimate
from training.brain_mri.measure import judged, patients, temperature
from training.brain_mri.probes import probes
from training.brain_mri.shown import bounds, crosswise, softening, stricter
from training.brain_mri.sources import HEADS, NO_TUMOUR, TUMOUR
from training.brain_mri.split import BLOCKS, CLASSES, MARGIN, TWINS
from training.brain_mri.table import answers, by_source, localisation
from training.checksums import write_sums
from training.digits import in_half
from xai_core.evaluation.brain_mri_answer import Bounds, bounds_of
from xai_core.evaluation.familiarity import NEIGHBOURS, distances
from xai_core.models.sources.brain_mri import CLASS_NAMES, SOURCES, brain_mri_network

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


@dataclass(frozen=True)
class Calibration:
    """temperature: the divisor of the scores, fitted on validation. divisor, shift: of the softening after it, which
    sources that were left out ask for; shift: added to the score of "no tumour"."""

    temperature: float
    divisor: float = 1.0
    shift: float = 0.0


def calibrated(made: nn.Module, slices: Slices, left_out: Sequence[str]) -> Calibration:
    """From the validation slices, which trained nothing, and from all slices of the sources that were left out."""
    requested = np.flatnonzero(slices.part == "validation")
    scores, labels = scores_of(made, slices.images[requested]), slices.labels[requested]
    divisor = temperature(scores, labels)
    if not left_out:
        return Calibration(divisor)
    rows = np.concatenate([requested, slices.rows("test", *left_out)])
    scores = np.concatenate([scores, scores_of(made, slices.images[rows[len(requested) :]])]) / divisor
    return Calibration(divisor, *softening(scores, slices.labels[rows], slices.sources[rows]))


def weights_of(trained: nn.Module, calibration: Calibration) -> bytes:
    """The network as safetensors in half precision, the calibration in its classifier: softmax is what is shown."""
    states, divisor = dict(trained.state_dict()), calibration.temperature * calibration.divisor
    states["classifier.weight"] = states["classifier.weight"] / divisor
    bias = states["classifier.bias"] / divisor
    bias[NO_TUMOUR] += calibration.shift / calibration.divisor
    states["classifier.bias"] = bias
    return save({name: in_half(values.contiguous()) for name, values in states.items()})


def from_weights(weights: bytes) -> nn.Module:
    """The network as it is shipped, in eval mode."""
    made = brain_mri_network()
    made.load_state_dict(load(weights))
    return made.eval().to(memory_format=torch.channels_last)


def vectors_of(made: nn.Module, slices: Slices) -> dict[str, Tensor]:
    """The training slices whose class is known as vectors (n, 1280) in half precision, with labels, sources, file
    numbers; no pictures. Of a head's many slices one in four."""
    some = (slices.sources < _COLLECTIONS) | (slices.numbers % 4 == 0)
    known = np.flatnonzero((slices.part == "train") & (slices.labels != TUMOUR) & some)
    return {
        "vectors": penultimate(made, slices.images[known]).half(),
        "labels": torch.from_numpy(slices.labels[known].astype(np.uint8)),
        "sources": torch.from_numpy(slices.sources[known].astype(np.uint8)),
        "numbers": torch.from_numpy(slices.numbers[known].astype(np.int32)),
    }


def held_out(slices: Slices) -> dict[str, object]:
    """The numbers of Cheng's test slices by diagnosis: a copy of the collection opens on these."""
    test = (slices.part == "test") & (slices.sources == SOURCES.index("Cheng"))
    numbers = {
        CLASS_NAMES[c]: sorted(int(number) for number in slices.numbers[test & (slices.labels == c)])
        for c in range(len(CLASSES))
        if c != NO_TUMOUR
    }
    return {"rule": _rule(slices), "numbers": numbers}


def facts(
    weights: bytes,
    vectors: Mapping[str, Tensor],
    slices: Slices,
    paths: Sequence[Path],
    calibration: Calibration,
    command: str,
    seed: int,
    left_out: Mapping[str, Any],
) -> dict[str, object]:
    """Everything measured on the shipped file's own values, on slices that trained nothing.

    paths: the files of the first slices, Cheng's and the healthy ones of Br35H. left_out: what `left_out_figures` found
    in this run or in others.
    """
    made = from_weights(weights)
    test = np.flatnonzero(slices.part == "test")
    first, held = test[test < len(paths)], slices.of(test)
    given = answers(made, held.images)
    given_first = given.of(np.arange(len(first)))
    labels = slices.labels[first]
    validation = slices.of(slices.rows("validation"))
    trained = bounds(answers(made, validation.images), validation.labels, validation.planes)
    left_out = {**left_out, "bounds": stricter(left_out["bounds"], trained)}
    return {
        "model": "brain-mri",
        "data": DATA,
        "sources": list(SOURCES),
        "split": {"rule": _rule(slices), "slices": _counts(slices)},
        "training": command,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "calibration": asdict(calibration),
        "test": judged(given_first.scores, labels, patients(slices.labels, first, slices.patients)),
        "by_source": by_source(held, given, bounds_of(left_out)),
        "localisation": localisation(held, given),
        "familiarity": _familiarity(made, vectors, held),
        "source_probes": probes(slices.of(np.arange(len(paths))), seed),
        "changes": {
            "changed outside the head": outside_the_head(made, slices, paths, first, seed),
            "outlines": outlines_swapped(made, slices, first, seed),
            "tumour": tumour_painted_over(made, held, seed),
        },
        "left_out": left_out,
        "limits": LIMITS,
    }


def left_out_figures(
    weights: bytes, slices: Slices, names: Sequence[str], calibration: Calibration, command: str
) -> dict[str, object]:
    """How the sources that were left out are answered, and what may be shown after that."""
    made, held = from_weights(weights), slices.of(slices.rows("test", *names))
    given = answers(made, held.images)
    validation = slices.of(slices.rows("validation"))
    limits = bounds(given, held.labels, held.planes)
    scores = np.concatenate([scores_of(made, validation.images), given.scores]) * calibration.divisor
    scores[:, NO_TUMOUR] -= calibration.shift
    labels = np.concatenate([validation.labels, held.labels])
    sources = np.concatenate([validation.sources, held.sources])
    return {
        "sources": list(names),
        "training": command,
        "calibration": asdict(calibration),
        "calibration_error_softened_without_it": crosswise(scores, labels, sources, [SOURCES.index(n) for n in names]),
        "bounds": limits,
        "by_source": by_source(held, given, Bounds(**limits, sources=tuple(names))),
    }


_RULE = (
    f"each class of each collection in the order of its file numbers in {len(BLOCKS)} blocks: {', '.join(BLOCKS)}; up "
    f"to {MARGIN} slices left out at each border, on the side held out less; training slices that nearly equal a "
    f"held-out one (correlation > {TWINS}) left out; of a head other slices train than measure"
)
_BY_PATIENT = "; Cheng's slices by patient instead, whole patients in the order of their first slice, without gaps"


def _rule(slices: Slices) -> str:
    return _RULE + (_BY_PATIENT if (slices.patients != "").any() else "")


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
    """How far held-out slices lie from the training slices, as they are and without the skull, for so were some of
    those: the scale on which an input is unfamiliar."""
    known = vectors["vectors"].float().numpy()

    def far(images: np.ndarray) -> np.ndarray:
        return distances(known, penultimate(made, images).numpy())[0]

    cases = zip(test.images, test.places, test.brains, strict=True)
    bare = [stripped(image, place, brain)[0] for image, place, brain in cases if brain.any()]
    here = far(np.concatenate([test.images, np.stack(bare)]) if bare else test.images)
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
    write_sums(out)
