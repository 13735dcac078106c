"""Two models on the same pictures: where their answers differ, and which of them is right more often."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from xai_core.models.class_names import plain, short_name


@dataclass(frozen=True, eq=False)
class Answers:
    """One model's most probable class of each picture.

    predictions: int (n,), into class_names. probabilities: float (n,), in [0, 1].
    """

    class_names: Sequence[str]
    predictions: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Lists:
    """How two models' class lists relate, in classes. same: one list in one order, so that indices are compared."""

    same: bool
    shared: int
    only_a: int
    only_b: int


@dataclass(frozen=True, eq=False)
class Versus:
    """agree: bool (n,). right_a, right_b: int8 (n,), 1 right, 0 wrong, -1 where the model has no class of the label's
    name or there is no label. order: int64 (n,), rows with different answers first, those where both models are surest
    on top; then equal answers, the least sure on top."""

    lists: Lists
    agree: np.ndarray
    right_a: np.ndarray
    right_b: np.ndarray
    order: np.ndarray
    kappa: float

    @property
    def judged(self) -> np.ndarray:
        """bool (n,): the pictures whose class both models have."""
        return (self.right_a >= 0) & (self.right_b >= 0)


@dataclass(frozen=True)
class Tally:
    """The judged pictures: how many both models name rightly, only one of them, neither.

    p: of McNemar's exact test (two-sided; McNemar 1947, Psychometrika 12): how often a lead as large as this one
    would come about if both models were right equally often. 1 where they are never right apart.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    p: float

    @property
    def of(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither


def versus(a: Answers, b: Answers, labels: np.ndarray, label_names: Sequence[str]) -> Versus:
    """Compare two models' answers to the same n pictures. labels: int (n,), into label_names, -1 without one.

    Classes are the same where their names are: up to the first comma, and without regard to case and hyphens. Where
    both models have one list in one order, their indices are compared.
    """
    (codes_a, codes_b, codes_told), lists = _codes(a.class_names, b.class_names, label_names)
    found_a, found_b = codes_a[a.predictions], codes_b[b.predictions]
    agree = a.predictions == b.predictions if lists.same else found_a == found_b
    told = np.append(codes_told, -1)[labels]
    sure = np.minimum(a.probabilities, b.probabilities)
    return Versus(
        lists,
        agree,
        _right(found_a, told, codes_a),
        _right(found_b, told, codes_b),
        np.lexsort((np.where(agree, sure, -sure), agree)),
        cohen_kappa(*((a.predictions, b.predictions) if lists.same else (found_a, found_b))),
    )


def unmatched(a: Sequence[str], b: Sequence[str], label_names: Sequence[str]) -> tuple[int, ...]:
    """The labels, by index, for which not both models have a class of that name."""
    (codes_a, codes_b, told), _ = _codes(a, b, label_names)
    return tuple(np.flatnonzero(~np.isin(told, np.intersect1d(codes_a, codes_b))).tolist())


def tally(found: Versus) -> Tally | None:
    """Who is right on the pictures whose class both models have; None where there are none."""
    judged = found.judged
    if not judged.any():
        return None
    a, b = found.right_a[judged] == 1, found.right_b[judged] == 1
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    apart = only_a + only_b
    p = float(stats.binomtest(only_a, apart).pvalue) if apart else 1.0
    return Tally(int((a & b).sum()), only_a, only_b, int((~a & ~b).sum()), p)


def cohen_kappa(a: np.ndarray, b: np.ndarray) -> float:
    """Agreement of two int (n,) beyond what their frequencies give by chance (Cohen 1960): 1 full, 0 as by chance.

    NaN where both give one and the same answer throughout, or there are none.
    """
    values, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    if len(values) < 2:
        return math.nan
    shares = [np.bincount(part, minlength=len(values)) / len(a) for part in np.split(codes.ravel(), 2)]
    chance = float(shares[0] @ shares[1])
    return float(((a == b).mean() - chance) / (1 - chance))


def _codes(a: Sequence[str], b: Sequence[str], labels: Sequence[str]) -> tuple[tuple[np.ndarray, ...], Lists]:
    """Every name of both models and of the labels as a number, the same for the same class."""
    keys_a, keys_b = _keys(a), _keys(b)
    first, second = set(keys_a), set(keys_b)
    known = first | second
    told = [plain(name) if plain(name) in known else plain(short_name(name)) for name in labels]
    number = {key: i for i, key in enumerate(dict.fromkeys([*keys_a, *keys_b, *told]))}
    related = Lists(keys_a == keys_b, len(first & second), len(first - second), len(second - first))
    return tuple(np.array([number[key] for key in part], np.int64) for part in (keys_a, keys_b, told)), related


def _keys(names: Sequence[str]) -> list[str]:
    """What a class is known by: the first of its synonyms, unless two classes of the list share it."""
    short = [plain(short_name(name)) for name in names]
    often = Counter(short)
    return [key if often[key] == 1 else plain(name) for name, key in zip(names, short, strict=True)]


def _right(found: np.ndarray, told: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(np.isin(told, known), found == told, -1).astype(np.int8)
