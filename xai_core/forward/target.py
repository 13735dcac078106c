"""Which number an explanation explains: a class's score, its log-probability, or its lead over another class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from xai_core.errors import ClassError
from xai_core.types import Score


@dataclass(frozen=True, eq=False)
class Target:
    """classes: int64 (n, k), for each picture the classes to explain.

    score: "logit" (before softmax) or "log_probability" (after it, so that other classes' scores count too).
    contrast_class: int64 (n, k) or None; with it the lead of each class over this one is explained ("A rather than B").
    """

    classes: Tensor
    score: Score = "logit"
    contrast_class: Tensor | None = None

    def columns(self) -> list[Target]:
        """The same question for one class at a time: k targets with classes (n, 1)."""
        return [self._column(k) for k in range(self.classes.shape[1])]

    def _column(self, k: int) -> Target:
        rival = None if self.contrast_class is None else self.contrast_class[:, k : k + 1]
        return Target(self.classes[:, k : k + 1], self.score, rival)

    def of_image(self, index: int, copies: int = 1) -> Target:
        """One picture's question, asked of so many copies of it: classes (copies, k)."""
        rivals = None if self.contrast_class is None else self.contrast_class[index].expand(copies, -1)
        return Target(self.classes[index].expand(copies, -1), self.score, rivals)


def target_scores(scores: Tensor, target: Target) -> Tensor:
    """The explained numbers (n, k) from scores (n, n_classes), on their graph; ClassError for an unknown class."""
    _check(target.classes, scores.shape[1])
    values = torch.log_softmax(scores, dim=1) if target.score == "log_probability" else scores
    chosen = _pick(values, target.classes)
    if target.contrast_class is None:
        return chosen
    _check(target.contrast_class, scores.shape[1])
    return chosen - _pick(values, target.contrast_class)


def _pick(values: Tensor, classes: Tensor) -> Tensor:
    return values.gather(1, classes.clone())  # classes chosen in inference mode may not stand on a graph themselves


def _check(classes: Tensor, n_classes: int) -> None:
    bad = [c for c in classes.flatten().tolist() if not 0 <= c < n_classes]
    if bad:
        raise ClassError(f"There is no class {bad[0]}; this network's classes are 0 to {n_classes - 1}.")
