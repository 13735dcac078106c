"""The checks of the input gate: made on the training slices, limits from validation, rates on the test slices.

Mirroring left to right is no check: a head is nearly symmetric, and the network was trained on mirrored slices too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from torch import from_numpy, nn
from torch.nn.functional import interpolate

from training.brain_mri.collection import Slices
from training.brain_mri.draws import as_inputs
from training.brain_mri.stripping import stripped
from training.checksums import write_sums
from training.digits import share
from xai_core.images import load_image
from xai_core.images.digest import array_digest
from xai_core.images.head_crop import grey_values, head_crop
from xai_core.images.head_rim import rim_profile
from xai_core.models.brain_mri_checks import CHECKS, margin, pooled, stripped_score, turned_scores
from xai_core.models.sources.brain_mri import HEAD_SIDE, INPUT_SIDE
from xai_core.types import SourceImage

ALARMS = {"turned": 0.02, "inverted": 0.005, "strange": 0.005, "stripped": 0.01}  # of validation slices, wrongly
# Brains without their skulls and healthy heads, seen from the side, reach 0.6 and -1; photographs lie beyond 1.8,
# 95 % of slices that are inverted beyond 2.
LEAST = {"strange": 1.2, "inverted": 0.5}
STRENGTH = 1e-3  # the inverse of the linear classifiers' penalty
_STRANGE_TRAIN = 0.6  # of the photographs; the others measure
Weights = dict[str, np.ndarray]
Score = Callable[[np.ndarray], np.ndarray]


def make_checks(
    network: nn.Module, slices: Slices, paths: Sequence[Path], photos: Sequence[Path], seed: int
) -> tuple[bytes, dict]:
    """The weights as safetensors, and their record with limits and rates."""
    rng = np.random.default_rng(seed)
    read = slices.of(np.arange(len(paths)))
    rows = {part: np.flatnonzero(read.part == part) for part in ("train", "validation", "test")}
    weights: Weights = {}
    found = {
        "turned": _turned(weights, network, read, rows, rng),
        "inverted": _inverted(weights, network, read, paths, rows),
        "strange": _strange(weights, network, read, rows, photos, rng),
        "stripped": _stripped(weights, paths, rows, rng, seed),
    }
    record = {
        "limits": {name: limit for name, (limit, _) in found.items()},
        "chosen": "limits from the validation slices: " + ", ".join(f"{k} {v:.1%} alarms" for k, v in ALARMS.items()),
        "test": {name: rates for name, (_, rates) in found.items()},
    }
    return save({name: np.ascontiguousarray(values, np.float16) for name, values in weights.items()}), record


def write_checks(out: Path, made: tuple[bytes, dict]) -> None:
    (out / CHECKS.name).write_bytes(made[0])
    write_sums(out)
    (out / CHECKS.with_suffix(".json").name).write_text(json.dumps(made[1], indent=2) + "\n", encoding="utf-8")


@torch.no_grad()
def _features(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """What the checks read of standardised pictures uint8 (n, 160, 160): float32 (n, 1008)."""
    found = []
    for start in range(0, len(images), 64):
        grey = from_numpy(np.ascontiguousarray(images[start : start + 64])).float()[:, None] / 255
        grey = interpolate(grey, size=(INPUT_SIDE, INPUT_SIDE), mode="bilinear", align_corners=False)
        found.append(pooled(network.blocks[:5](network.bn1(network.conv_stem(as_inputs(grey))))))
    return np.concatenate(found)


def _linear(inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (k, d) and biases (k,) for inputs as they are."""
    scaler = StandardScaler().fit(inputs)
    fitted = LogisticRegression(C=STRENGTH, max_iter=300, class_weight="balanced").fit(scaler.transform(inputs), labels)
    weights = fitted.coef_ / scaler.scale_
    return weights, fitted.intercept_ - weights @ scaler.mean_


def _rates(score: Score, name: str, fine: dict[str, np.ndarray], wrong: dict[str, np.ndarray]) -> tuple[float, dict]:
    """The limit, and how many test slices lie beyond it, as they are and changed."""
    limit = max(float(np.quantile(score(fine["validation"]), 1 - ALARMS[name])), LEAST.get(name, -np.inf))
    rates = {"false alarms": share(from_numpy(score(fine["test"]) > limit))}
    return limit, rates | {kind: share(from_numpy(score(inputs) > limit)) for kind, inputs in wrong.items()}


def _turned(
    weights: Weights, network: nn.Module, slices: Slices, rows: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[float, dict]:
    images = slices.images
    inputs, labels = [], []
    for turns in range(4):
        mirrored = rng.random(len(rows["train"])) < 0.5
        taken = np.where(mirrored[:, None, None], images[rows["train"]][:, :, ::-1], images[rows["train"]])
        inputs.append(_features(network, np.rot90(taken, turns, axes=(1, 2))))
        labels += [turns] * len(taken)
    weights["turned"], weights["turned_bias"] = _linear(np.concatenate(inputs), np.array(labels))
    fine = {part: _features(network, images[rows[part]]) for part in ("validation", "test")}
    test = images[rows["test"]]
    wrong = {
        "a quarter to the left": np.rot90(test, 1, axes=(1, 2)),
        "upside down": np.rot90(test, 2, axes=(1, 2)),
        "a quarter to the right": np.rot90(test, 3, axes=(1, 2)),
        "upside down and mirrored": test[:, ::-1],
        "mirrored left to right (no fault)": test[:, :, ::-1],
    }
    changed = {kind: _features(network, turned) for kind, turned in wrong.items()}
    healthy = slices.labels[rows["test"]] == 2
    changed["upside down, tumours"] = changed["upside down"][~healthy]
    changed["upside down, healthy (axial only)"] = changed["upside down"][healthy]
    kept = _half(weights)
    limit, rates = _rates(lambda x: margin(turned_scores(kept, x)), "turned", fine, changed)
    leaning = {"as they are": fine["test"], **changed}
    likely = {kind: share(from_numpy(margin(turned_scores(kept, x)) > 0)) for kind, x in leaning.items()}
    return limit, rates | {"leaning, said with less certainty": likely}


def _inverted(
    weights: Weights, network: nn.Module, slices: Slices, paths: Sequence[Path], rows: dict[str, np.ndarray]
) -> tuple[float, dict]:
    fine = {part: _features(network, slices.images[of]) for part, of in rows.items()}
    wrong = {part: _features(network, _crops(paths, of, _negative)) for part, of in rows.items()}
    _two(weights, "inverted", fine["train"], wrong["train"])
    return _rates(_score_of(weights, "inverted"), "inverted", fine, {"inverted": wrong["test"]})


def _strange(
    weights: Weights,
    network: nn.Module,
    slices: Slices,
    rows: dict[str, np.ndarray],
    photos: Sequence[Path],
    rng: np.random.Generator,
) -> tuple[float, dict]:
    fine = {part: _features(network, slices.images[of]) for part, of in rows.items()}
    images = np.stack([_standard(grey_values(load_image(path))) for path in photos])
    known = rng.permutation(len(photos)) < _STRANGE_TRAIN * len(photos)
    other = _features(network, images)
    _two(weights, "strange", fine["train"], other[known])
    return _rates(_score_of(weights, "strange"), "strange", fine, {"photographs": other[~known]})


def _stripped(
    weights: Weights, paths: Sequence[Path], rows: dict[str, np.ndarray], rng: np.random.Generator, seed: int
) -> tuple[float, dict]:
    fine: dict[str, np.ndarray] = {}
    wrong: dict[str, np.ndarray] = {}
    for part, of in rows.items():
        values_of = [grey_values(load_image(paths[i])) for i in of]
        made = [stripped(values, rng) for values in values_of]
        fine[part] = np.stack([rim_profile(values) for values in values_of])
        wrong[part] = np.stack([rim_profile(values) for values in made if values is not None])
    inputs = np.concatenate([fine["train"], wrong["train"]])
    labels = np.repeat([0, 1], [len(fine["train"]), len(wrong["train"])])
    scaler = StandardScaler().fit(inputs)
    net = MLPClassifier((32,), alpha=1e-2, max_iter=400, random_state=seed, early_stopping=True, n_iter_no_change=20)
    net.fit(scaler.transform(inputs), labels)
    hidden = net.coefs_[0] / scaler.scale_[:, None]
    weights["rim_hidden"], weights["rim_hidden_bias"] = hidden, net.intercepts_[0] - scaler.mean_ @ hidden
    weights["rim"], weights["rim_bias"] = net.coefs_[1][:, 0], net.intercepts_[1]
    changed = {"skull and scalp removed (simulated)": wrong["test"]}
    return _rates(lambda x: stripped_score(_half(weights), x), "stripped", fine, changed)


def _two(weights: Weights, name: str, fine: np.ndarray, wrong: np.ndarray) -> None:
    labels = np.repeat([0, 1], [len(fine), len(wrong)])
    (weights[name],), weights[f"{name}_bias"] = _linear(np.concatenate([fine, wrong]), labels)


def _score_of(weights: Weights, name: str) -> Score:
    kept = _half(weights)
    return lambda features: features @ kept[name] + kept[f"{name}_bias"][0]


def _half(weights: Weights) -> Weights:
    """As they are shipped: limits and rates are those of the stored values."""
    return {name: values.astype(np.float16).astype(np.float32) for name, values in weights.items()}


def _crops(paths: Sequence[Path], rows: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.stack([_standard(change(grey_values(load_image(paths[i])))) for i in rows])


def _standard(values: np.ndarray) -> np.ndarray:
    image = SourceImage(values, "a slice", "scan", array_digest(values))
    return (head_crop(image, HEAD_SIDE).grey * 255 + 0.5).astype(np.uint8)


def _negative(values: np.ndarray) -> np.ndarray:
    return (values.max() - values).astype(np.float32)
